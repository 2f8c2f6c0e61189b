/**
 * Pure: a container's way out by the router of its VLAN. Docker's own, by docker_gwbridge, is the main table's default and stays:
 * answers to calls of published ports go there, since they have the address that the container has there, and so do
 * questions for names. All else that the main table knows no nearer way for goes to the router, with the address of the VLAN.
 */
import type { Network } from '../crdt/registry-view.ts'
import type { Router } from '../model/gateway.ts'
import { prefixText } from '../model/subnet.ts'
import { routeProtocol } from './route-plan.ts'

export interface WayOut {
  readonly tag: number
  /** By family; no IPv6 without an address of the router. */
  readonly hops: Readonly<Partial<Record<Family, Hop>>>
}

interface Hop {
  /** Of the network, `10.1.3.0/24`. */
  readonly prefix: string
  /** The router's address. */
  readonly router: string
}

export type Family = 'ipv4' | 'ipv6'

/** A table for each VLAN: the tag is its end, so that it can be read. Nobody else's are as high. */
const tables = 7_374_000
/** Places of our rules; the main table's is 32766. */
const at = { nearer: 7374, own: 7375, names: 7376, bound: 7377, open: 7378 }

/** `own`: networks that the container is on. `routerOf`: undefined for none, or none that is reached. */
export function waysOut(
  own: readonly Network[],
  routerOf: (network: Network) => Router | undefined,
): readonly WayOut[] {
  return own.flatMap(network => {
    const router = routerOf(network)
    if (!router) return []
    const { subnet, subnet6, pktTag: tag } = network.spec
    const ipv4 = { prefix: prefixText(subnet), router: router.address }
    const ipv6 = { prefix: subnet6, router: router.address6 }
    return [{ tag, hops: router.address6 === '' ? { ipv4 } : { ipv4, ipv6 } }]
  })
}

/**
 * What `ip` shows of them. What has an address of a VLAN (it answers a call) goes to the router there; what has none yet (it
 * begins here) to that of the first; what has another, by the main table. For IPv4 "none" is an address, 0.0.0.0; an IPv6 rule
 * that names addresses fits nothing that has none, so that those of all others are named.
 */
export function wayOutLines(ways: readonly WayOut[], family: Family): string[] {
  const hops = ways.flatMap(({ tag, hops: { [family]: hop } }) => (hop ? [{ ...hop, table: tables + tag }] : []))
  const [first] = hops
  if (first === undefined) return []
  const [none, bound] = family === 'ipv4' ? ['0.0.0.0', []] : ['all', ['::/1', '8000::/1']]
  return [
    ...hops.map(({ router, table }) => `route default via ${router} table ${table}`),
    `rule pref ${at.nearer} from all lookup main suppress_prefixlength 0`,
    ...hops.map(({ prefix, table }) => `rule pref ${at.own} from ${prefix} lookup ${table}`),
    `rule pref ${at.names} from ${none} dport 53 lookup main`,
    ...bound.map(others => `rule pref ${at.bound} from ${others} lookup main`),
    `rule pref ${at.open} from ${none} lookup ${first.table}`,
  ]
}

/** A rule as `ip -j rule show` tells it. */
export interface RawRule {
  readonly priority: number
  readonly src: string
  readonly srclen?: number
  readonly dport?: number
  readonly table: string
  readonly suppress_prefixlen?: number
  readonly protocol?: string
}

/** A route as `ip -j route show table all` tells it. */
export interface RawTableRoute {
  readonly dst: string
  readonly gateway?: string
  readonly table?: string
}

/** Lines like those above of what there is of ours. `routes`: of our protocol. */
export function presentLines(rules: readonly RawRule[], routes: readonly RawTableRoute[]): string[] {
  return [
    ...routes.flatMap(({ dst, gateway, table }) => (table ? [`route ${dst} via ${gateway} table ${table}`] : [])),
    ...rules.filter(({ protocol }) => protocol === String(routeProtocol)).map(ruleText),
  ]
}

function ruleText({ priority, src, srclen, dport, table, suppress_prefixlen: suppress }: RawRule): string {
  const from = srclen === undefined ? src : `${src}/${srclen}`
  const port = dport === undefined ? '' : ` dport ${dport}`
  const nearer = suppress === undefined ? '' : ` suppress_prefixlength ${suppress}`
  return `rule pref ${priority} from ${from}${port} lookup ${table}${nearer}`
}

/** What brings the lines that there are to those that are wanted. `isSure`: what is not wanted can go (I5). */
export function wayOutChanges(wanted: readonly string[], present: readonly string[], isSure: boolean): string[] {
  const gone = isSure ? present.filter(line => !wanted.includes(line)) : []
  const added = wanted.filter(line => !present.includes(line))
  return [
    ...gone.map(line => command(line, 'del')),
    ...added.map(line => command(line, line.startsWith('route') ? 'replace' : 'add')),
  ]
}

function command(line: string, verb: string): string {
  const [noun, ...rest] = line.split(' ')
  return `${noun} ${verb} ${rest.join(' ')} protocol ${routeProtocol}`
}
