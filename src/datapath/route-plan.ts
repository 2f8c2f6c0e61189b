/**
 * Pure: a container's routes to the other networks of its tenants, by the gateways of those that it is on. All else goes the
 * way that Docker made, by docker_gwbridge.
 */
import type { Network } from '../crdt/registry-view.ts'
import { gateway6Of, gatewayOf } from '../model/gateway.ts'
import { formatIp, parseIp } from '../model/ip.ts'
import { parseIp6 } from '../model/ip6.ts'
import { subnet6Of } from '../model/ipv6.ts'
import type { NetworkSpec } from '../model/network.ts'
import { prefixText } from '../model/subnet.ts'

/** A route of the main table, as the container has it. */
export interface PresentRoute {
  /** `10.1.3.0/24`, `10.1.3.7`, `fd00:7::/64`, `default`. */
  readonly destination: string
  /** An address; '' for none. */
  readonly nextHop: string
  readonly isOurs: boolean
}

export type RoutedOf = (tenant: string) => readonly Network[]

/** Tells our routes from others': one of the protocol numbers that are anybody's (rtnetlink), and the place behind all others'. */
export const routeProtocol = 137
const marks = `proto ${routeProtocol} metric 7374`

/** By destination: the next hop. `own`: networks that the container is on; of two ways the first that it was put on. */
export function wantedRoutes(own: readonly Network[], routedOf: RoutedOf): Map<string, string> {
  const connected = own.flatMap(({ spec }) => prefixesOf(spec))
  const wanted = new Map<string, string>()
  const want = (destination: string, nextHop: string) => {
    if (wanted.has(destination) || connected.some(prefix => overlap(prefix, destination))) return
    wanted.set(destination, nextHop)
  }
  for (const { network, nextHop, nextHop6 } of ways(own, routedOf)) {
    for (const { spec } of routedOf(network.tenant)) {
      want(prefixText(spec.subnet), nextHop)
      const prefix6 = gateway6Of(spec) && subnet6Of(spec)
      if (prefix6 && nextHop6 !== undefined) want(prefix6.text, nextHop6)
    }
  }
  return wanted
}

/** Both prefixes of a network. */
function prefixesOf(spec: NetworkSpec): string[] {
  const prefix6 = subnet6Of(spec)
  return [prefixText(spec.subnet), ...(prefix6 ? [prefix6.text] : [])]
}

/** Those of them that can be in the way of no interface that is still to come. `bridged`: prefixes of this host's bridges, Docker's among them. */
export function earlyLines(wanted: ReadonlyMap<string, string>, bridged: readonly string[]): string[] {
  return [...wanted]
    .filter(([to]) => !bridged.some(prefix => overlap(prefix, to)))
    .map(([to, hop]) => addition(to, hop))
}

/**
 * What brings the routes that there are to those that are wanted. None may overlap what the container has of others: Docker
 * refuses to connect it to a network that some route leads to already.
 */
export function routeLines(wanted: ReadonlyMap<string, string>, present: readonly PresentRoute[], isSure: boolean) {
  const others = present.filter(({ isOurs, destination }) => !isOurs && destination !== 'default')
  const isFree = (destination: string) => !others.some(other => overlap(other.destination, destination))
  const ours = new Map(present.flatMap(route => (route.isOurs ? [[route.destination, route.nextHop]] : [])))
  const gone = [...ours.keys()].filter(each => !isFree(each) || (isSure && !wanted.has(each)))
  const added = [...wanted].filter(([destination, nextHop]) => {
    return isFree(destination) && ours.get(destination) !== nextHop
  })
  return [...gone.map(deletion), ...added.map(([to, nextHop]) => addition(to, nextHop))]
}

/** True while it has the interface of a network that it is not on any more: Docker takes that out last, and no route leads there before. */
export function isLeaving(wanted: ReadonlyMap<string, string>, present: readonly PresentRoute[]): boolean {
  return present.some(({ isOurs, nextHop, destination }) => !isOurs && nextHop === '' && wanted.has(destination))
}

/** Those of our routes that stand in the way of a network that the container is about to be on. */
export function linesToClear(network: Network, present: readonly PresentRoute[]): string[] {
  const prefixes = prefixesOf(network.spec)
  return present
    .filter(({ isOurs, destination }) => isOurs && prefixes.some(prefix => overlap(destination, prefix)))
    .map(({ destination }) => deletion(destination))
}

/** True if the container is on a network that others are reached from. */
export function isRouted(own: readonly Network[], routedOf: RoutedOf): boolean {
  return ways(own, routedOf).length > 0
}

function addition(destination: string, nextHop: string): string {
  return `route replace ${destination} via ${nextHop} ${marks}`
}

function deletion(destination: string): string {
  return `route del ${destination} ${marks}`
}

/** The gateways that it can take. */
function ways(own: readonly Network[], routedOf: RoutedOf) {
  return own.flatMap(network => {
    const ip = gatewayOf(network.spec)
    const isHere = routedOf(network.tenant).some(({ id }) => id === network.id)
    if (ip === undefined || !isHere) return []
    return [{ network, nextHop: formatIp(ip), nextHop6: gateway6Of(network.spec) }]
  })
}

function overlap(a: string, b: string): boolean {
  const [first, second] = [rangeOf(a), rangeOf(b)]
  if (first === undefined || second === undefined || first.bits !== second.bits) return false
  return first.base <= second.last && second.base <= first.last
}

/** `bits`: of an address of its family. */
function rangeOf(prefix: string): { bits: number; base: bigint; last: bigint } | undefined {
  const [address = '', length] = prefix.split('/')
  const ip = parseIp(address)
  const bits = ip === undefined ? 128 : 32
  const base = ip === undefined ? parseIp6(address) : BigInt(ip)
  return base === undefined
    ? undefined
    : { bits, base, last: base + (1n << BigInt(bits - Number(length ?? bits))) - 1n }
}
