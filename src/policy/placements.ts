/** Pure: who is in which group, as elements of the sets and maps in the kernel. A new member costs its own elements, and no more. */
import type { Endpoint, RegistryView } from '../crdt/registry-view.ts'
import { rightfulFirst } from '../crdt/rightful.ts'
import type { PeerKey } from '../lib/keys.ts'
import { SharedMap } from '../lib/shared-map.ts'
import type { GroupId } from '../model/group.ts'
import { formatIp } from '../model/ip.ts'
import { address6 } from '../model/ipv6.ts'
import type { NetworkId, NetworkSpec } from '../model/network.ts'
import type { Placement } from './leads.ts'
import type { Ruleset } from './ruleset.ts'

/** Name of a set or map -> element -> what a map has for it, '' in a set. */
export type Elements = ReadonlyMap<string, ReadonlyMap<string, string>>

/** Members of one network's groups by address, kept up to date at the price of what changed. */
export interface Members {
  /** True if some address is now in another group, or in none. */
  follow(view: RegistryView): boolean
  groups(): ReadonlyMap<number, GroupId>
}

export function createMembers(network: NetworkId, self: PeerKey): Members {
  let groups = new Map<number, GroupId>()
  /** Addresses that several hosts hold. */
  const contested = new Set<number>()
  let version: number | undefined
  let custody: number | undefined
  const put = (ip: number, group: GroupId | undefined): boolean => {
    if (groups.get(ip) === group) return false
    if (group === undefined) groups.delete(ip)
    else groups.set(ip, group)
    return true
  }
  /** Two hosts may have given out one address: this host's container counts here, then its owner's, then the first in order. */
  const groupAt = (view: RegistryView, ip: number, endpoints: readonly Endpoint[]): GroupId | undefined => {
    if (endpoints.length > 1) contested.add(ip)
    else contested.delete(ip)
    const own = endpoints.find(({ owner }) => owner === self)
    return (own ?? rightfulFirst(view, network, endpoints)[0])?.group
  }
  return {
    groups: () => groups,
    follow(view) {
      const now = view.endpointsVersion(network)
      const custodyNow = view.custodyVersion(network)
      if (now === version && custodyNow === custody) return false
      const reowned = custodyNow === custody ? [] : contested
      const changed = version === undefined ? undefined : view.changedAddresses(network, version)
      version = now
      custody = custodyNow
      if (changed) {
        const ips = new Set([...changed, ...reowned])
        return [...ips].map(ip => put(ip, groupAt(view, ip, view.endpointsAt(network, ip)))).some(isOther => isOther)
      }
      const before = groups
      groups = new Map()
      contested.clear()
      if (view.everGrouped(network))
        for (const here of byAddress(view.eachEndpoint(network))) put(here[0].ip, groupAt(view, here[0].ip, here))
      return before.size !== groups.size || [...groups].some(([ip, group]) => before.get(ip) !== group)
    },
  }
}

/** Those that have one address, for each. @param endpoints sorted by address */
function* byAddress(endpoints: Iterable<Endpoint>): Iterable<[Endpoint, ...Endpoint[]]> {
  let here: [Endpoint, ...Endpoint[]] | undefined
  for (const endpoint of endpoints) {
    if (here?.[0].ip === endpoint.ip) {
      here.push(endpoint)
      continue
    }
    if (here) yield here
    here = [endpoint]
  }
  if (here) yield here
}

/** All elements that a ruleset and the members of its networks make. */
export function elementsOf(
  ruleset: Ruleset,
  membersOf: (network: NetworkId) => ReadonlyMap<number, GroupId>,
): Elements {
  return withMembers(ruleset, memberElements(ruleset, membersOf))
}

/** @param members as `memberElements` has them for this ruleset, or for another one to which the same leads */
export function withMembers({ table }: Ruleset, members: Elements): Elements {
  return SharedMap.of(table.elements).with(members)
}

/** Those that follow from the devices and from who is in which group. */
export function memberElements(
  { scope: { domains, dual }, leads: { maps, placements, placements6 } }: Ruleset,
  membersOf: (network: NetworkId) => ReadonlyMap<number, GroupId>,
): Elements {
  const elements = new Map<string, Map<string, string>>(
    ['zones', 'receivers', 'senders', ...maps.keys()].map(name => [name, new Map()]),
  )
  const put = (set: string, key: string, value: string) => elements.get(set)?.set(key, value)
  const place = (key: string, { receivers, senders, named = [] }: Placement, family: '' | '6') => {
    if (receivers) put(`receivers${family}`, key, `jump ${receivers}`)
    if (senders) put(`senders${family}`, key, `jump ${senders}`)
    for (const { map, chain } of named) put(map, key, `jump ${chain}`)
  }
  for (const { zone, networks, devices, devices6 = [] } of domains) {
    for (const device of devices) put('zones', `"${device}"`, String(zone))
    for (const device of devices6) put('carrying6', `"${device}"`, 'goto judge6')
    for (const network of networks) {
      const spec = dual.get(network)
      for (const [ip, group] of membersOf(network)) {
        place(`${zone} . ${formatIp(ip)}`, placements.get(group) ?? {}, '')
        const placement6 = spec && placements6.get(group)
        const own6 = placement6 ? text6(spec, ip) : ''
        if (placement6 && own6 !== '') place(`${zone} . ${own6}`, placement6, '6')
      }
    }
  }
  return elements
}

/** Kept: they are asked for with each change of a member, and are ten times as dear as IPv4's. */
const texts6 = new WeakMap<NetworkSpec, Map<number, string>>()

/** '' for an address that a record says and the network has not. */
function text6(spec: NetworkSpec, ip: number): string {
  const texts = texts6.get(spec) ?? new Map<number, string>()
  texts6.set(spec, texts)
  const text = texts.get(ip) ?? address6(spec, ip) ?? ''
  texts.set(ip, text)
  return text
}
