/**
 * Pure: what a tenant's policies are in the kernel of one host, apart from who is in which group (placements.ts). Loaded are
 * the groups of the networks that have a bridge on the host, with all their members: receiver and sender judge alike.
 */
import type { GroupId } from '../model/group.ts'
import { subnet6Of } from '../model/ipv6.ts'
import type { NetworkId, NetworkSpec } from '../model/network.ts'
import type { PolicyBook } from './book.ts'
import type { BookRule } from './book-rule.ts'
import { chainsOfLists, listsOf, type Placement } from './lists.ts'
import { type Lowering, loweringOf } from './lowering.ts'
import { type Marks, marksOf } from './marks.ts'
import { type Chain, ends, type Lookup, type PeerWords } from './rule-chains.ts'

/** Networks whose containers may reach each other, on one host: they share a zone of connection tracking, no others do (I4). */
export interface Domain {
  /** 1 to 65535, of this host and tenant. */
  readonly zone: number
  readonly networks: readonly NetworkId[]
  /** What their frames come in by: bridges, and whatever else leads to them. */
  readonly devices: readonly string[]
  /** Those of them by which IPv6 may come in. @default none */
  readonly devices6?: readonly string[]
}

export interface Ruleset {
  readonly domains: readonly Domain[]
  readonly chains: readonly Chain[]
  /** Further maps: from addresses to chains, and of which end the addresses are; from devices to `judge6`. */
  readonly maps: ReadonlyMap<string, MapWords>
  /** Maps of rules, by name. */
  readonly lookups: ReadonlyMap<string, Lookup>
  readonly counters: ReadonlySet<string>
  /** Elements that lead from the mark, which says which rule decided, to its counter. */
  readonly counting: ReadonlyMap<string, string>
  readonly placements: ReadonlyMap<GroupId, Placement>
  /** The same for IPv6 addresses, of groups that have them. */
  readonly placements6: ReadonlyMap<GroupId, Placement>
  /** Networks with IPv6. */
  readonly dual: ReadonlyMap<NetworkId, NetworkSpec>
  readonly marks: Marks
}

/** What a map is asked with, beside the zone if it is an address. */
export type MapWords = PeerWords | 'iifname'

/** There as soon as one network has IPv6. */
const maps6: readonly (readonly [string, MapWords])[] = [
  ['carrying6', 'iifname'],
  ['receivers6', ends[6].out],
  ['senders6', ends[6].in],
]

/** @param before marks of the ruleset before, which rules keep */
export function compile(book: PolicyBook, domains: readonly Domain[], before: Marks = new Map()): Ruleset {
  const zones = zonesOf(domains)
  const dual = dualOf(book, zones.keys())
  const [four, six] = [listsOf(book, 4, zones), listsOf(book, 6, dual)]
  const marks = marksOf([...four.lists.keys()].flat(), before) // of networks with IPv6 there is no other list
  const lowerings = new Map<BookRule, Lowering>()
  for (const [rule, mark] of marks) lowerings.set(rule, loweringOf(rule, mark))
  const [chains4, chains6] = [chainsOfLists(book, zones, lowerings, four), chainsOfLists(book, zones, lowerings, six)]
  const jumped = [...lowerings.values()].map(({ chain }) => chain)
  const has6 = dual.size > 0 || domains.some(({ devices6 = [] }) => devices6.length > 0)
  const maps = [...chains4.maps, ...(has6 ? maps6 : []), ...chains6.maps]
  return {
    ...{ domains, dual, marks },
    chains: [...jumped, ...chains4.chains, ...chains6.chains],
    maps: new Map(maps),
    lookups: new Map([...chains4.lookups, ...chains6.lookups].map(lookup => [lookup.name, lookup])),
    counters: new Set([...lowerings.values()].map(({ counter }) => counter)),
    counting: new Map([...lowerings.values()].map(({ counting }) => counting)),
    placements: four.placements,
    placements6: six.placements,
  }
}

function zonesOf(domains: readonly Domain[]): Map<NetworkId, number> {
  return new Map(domains.flatMap(({ zone, networks }) => networks.map(network => [network, zone] as const)))
}

function dualOf({ network }: PolicyBook, ids: Iterable<NetworkId>): Map<NetworkId, NetworkSpec> {
  return new Map(
    [...ids].flatMap(id => {
      const spec = network(id)?.spec
      return spec && subnet6Of(spec) ? [[id, spec] as const] : []
    }),
  )
}
