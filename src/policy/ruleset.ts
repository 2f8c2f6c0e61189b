/**
 * Pure: what a tenant's policies are in the kernel of one host, apart from who is in which group (placements.ts). Loaded are
 * the groups of the networks that have a bridge on the host, with all their members: receiver and sender judge alike.
 */
import { sha256Hex } from '../lib/bytes.ts'
import type { Family } from '../model/address-match.ts'
import type { GroupId } from '../model/group.ts'
import { subnet6Of } from '../model/ipv6.ts'
import type { NetworkId, NetworkSpec } from '../model/network.ts'
import type { Direction, PolicyBook } from './book.ts'
import type { BookRule } from './book-rule.ts'
import { byGroup, formsFor } from './forms.ts'
import { type Marks, marksOf } from './marks.ts'
import { type Chain, chainsOf, ends, type PeerWords, type Target } from './rule-chains.ts'

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

/** Where the addresses of a group's members lead to. */
export interface Placement {
  /** Chain that judges what comes to them. */
  readonly receivers?: string
  /** Chain that judges what they send. */
  readonly senders?: string
  /** Chains with the rules of others that name the group. */
  readonly named?: readonly Named[]
}

export interface Named {
  /** The map of a list of policies, from the addresses of groups that its rules name. */
  readonly map: string
  readonly chain: string
}

export interface Ruleset {
  readonly domains: readonly Domain[]
  readonly chains: readonly Chain[]
  /** Further maps: from addresses to chains, and of which end the addresses are; from devices to `judge6`. */
  readonly maps: ReadonlyMap<string, MapWords>
  /** By the mark that says which rule decided: the name of its counter. */
  readonly counters: ReadonlyMap<number, string>
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

/** Rules of one direction, of all groups that have the same policies. */
interface List {
  readonly name: string
  readonly direction: Direction
  readonly rules: readonly BookRule[]
}

/** Lowers the packet's mark to the rule's. */
const lowering: Target = {
  statement: mark => `meta mark > ${mark} meta mark set ${mark}`,
  verdict: mark => `jump ${markChain(mark)}`,
}

/** @param before marks of the ruleset before, which rules keep */
export function compile(book: PolicyBook, domains: readonly Domain[], before: Marks = new Map()): Ruleset {
  const zones = zonesOf(domains)
  const dual = dualOf(book, zones.keys())
  const [four, six] = [listsOf(book, 4, zones), listsOf(book, 6, dual)]
  const marks = marksOf([...four.lists.keys()].flat(), before) // of networks with IPv6 there is no other list
  const [chains4, chains6] = [chainsOfLists(book, zones, marks, four), chainsOfLists(book, zones, marks, six)]
  const jumped = [...marks.values()].map(mark => ({ name: markChain(mark), lines: [lowering.statement(mark)] }))
  const has6 = dual.size > 0 || domains.some(({ devices6 = [] }) => devices6.length > 0)
  const maps = [...chains4.maps, ...(has6 ? maps6 : []), ...chains6.maps]
  return {
    ...{ domains, dual, marks },
    chains: [...jumped, ...chains4.chains, ...chains6.chains],
    maps: new Map(maps),
    counters: new Map([...marks].map(([rule, mark]) => [mark, counterOf(rule)])),
    placements: four.placements,
    placements6: six.placements,
  }
}

/** The lists of all groups, for flows of one family, and what leads to them. */
interface Lists {
  readonly family: Family
  readonly lists: ReadonlyMap<readonly BookRule[], List>
  readonly placements: Map<GroupId, { receivers?: string; senders?: string; named?: Named[] }>
}

/** @param here networks with addresses of the family that have a bridge on the host */
function listsOf(book: PolicyBook, family: Family, here: ReadonlyMap<NetworkId, unknown>): Lists {
  const lists = new Map<readonly BookRule[], List>()
  const placements: Lists['placements'] = new Map()
  for (const { id, network, policies } of book.groups) {
    if (!here.has(network)) continue
    const [receivers, senders] = (['in', 'out'] as const).map(direction => {
      const rules = book.rulesFor(id, direction)
      if (rules.length === 0) return undefined
      // a name that follows from the policies alone: it stays while their rules change
      const list = lists.get(rules) ?? { name: listName(direction, family, policies), direction, rules }
      lists.set(rules, list)
      return list.name
    })
    placements.set(id, { ...(receivers && { receivers }), ...(senders && { senders }) })
  }
  return { family, lists, placements }
}

/** Also notes in the placements which chains name a group. */
function chainsOfLists(
  book: PolicyBook,
  zones: ReadonlyMap<NetworkId, number>,
  marks: Marks,
  { family, lists, placements }: Lists,
): { chains: Chain[]; maps: [name: string, peer: PeerWords][] } {
  const maps: [string, PeerWords][] = []
  const chains = [...lists.values()].flatMap(({ name, direction, rules }) => {
    const peer = ends[family][direction]
    const forms = rules.flatMap(rule => {
      const mark = marks.get(rule) ?? 0
      return formsFor(book, zones, rule, family).map(({ group, conditions, selector, key }) => {
        return { group, conditions, selector, key, mark }
      })
    })
    const main = forms.filter(form => form.group === '')
    // one lookup leads to the rules that name the sender's group, or the receiver's, however many groups they name
    const named = [...byGroup(forms)].flatMap(([group, its]) => {
      const placement = placements.get(group)
      if (!placement) return [] // none of its networks is here: nothing comes from there
      const chain = `${name}_g${group.slice(0, 16)}`
      placement.named = [...(placement.named ?? []), { map: `${name}_groups`, chain }]
      return chainsOf(chain, its, lowering)
    })
    if (named.length === 0) return chainsOf(name, main, lowering)
    maps.push([`${name}_groups`, peer])
    const [own, ...parts] = chainsOf(name, main, lowering).reverse()
    const lines = [...(own?.lines ?? []), `ct zone . ${peer} vmap @${name}_groups`]
    return [...named, ...parts.reverse(), { name, lines }]
  })
  return { chains, maps }
}

/** The counter of a rule: the same for as long as it is the same rule. */
export function counterName(policy: string, id: string, hash: string): string {
  return `r_${sha256Hex(`${policy} ${id} ${hash}`).slice(0, 24)}`
}

const counterNames = new WeakMap<BookRule, string>()

function counterOf(rule: BookRule): string {
  const known = counterNames.get(rule)
  if (known !== undefined) return known
  const name = counterName(rule.policy, rule.id, rule.hash)
  counterNames.set(rule, name)
  return name
}

function listName(direction: Direction, family: Family, policies: readonly string[]): string {
  return `${direction}${family === 6 ? '6' : ''}_${sha256Hex(policies.join(' ')).slice(0, 16)}`
}

function markChain(mark: number): string {
  return `m_${mark}`
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
