/**
 * Pure: what a tenant's policies are in the kernel of one host, apart from who is in which group (placements.ts). Loaded are
 * the groups of the networks that have a bridge on the host, with all their members: receiver and sender judge alike.
 */
import { sha256Hex } from '../lib/bytes.ts'
import type { GroupId } from '../model/group.ts'
import type { NetworkId } from '../model/network.ts'
import type { Direction, PolicyBook } from './book.ts'
import type { BookRule } from './book-rule.ts'
import { byGroup, ends, formsFor } from './forms.ts'
import { type Marks, marksOf } from './marks.ts'
import { type Chain, chainsOf, type PeerWords, type Target } from './rule-chains.ts'

/** Networks whose containers may reach each other, on one host: they share a zone of connection tracking, no others do (I4). */
export interface Domain {
  /** 1 to 65535, of this host and tenant. */
  readonly zone: number
  readonly networks: readonly NetworkId[]
  /** What their frames come in by: bridges, and whatever else leads to them. */
  readonly devices: readonly string[]
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
  /** Further maps from addresses to chains, and of which end the addresses are. */
  readonly maps: ReadonlyMap<string, PeerWords>
  /** By the mark that says which rule decided: the name of its counter. */
  readonly counters: ReadonlyMap<number, string>
  readonly placements: ReadonlyMap<GroupId, Placement>
  readonly marks: Marks
}

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
  const lists = new Map<readonly BookRule[], List>()
  const placements = new Map<GroupId, { receivers?: string; senders?: string; named?: Named[] }>()
  for (const { id, network, policies } of book.groups) {
    if (!zones.has(network)) continue
    const [receivers, senders] = (['in', 'out'] as const).map(direction => {
      const rules = book.rulesFor(id, direction)
      if (rules.length === 0) return undefined
      // a name that follows from the policies alone: it stays while their rules change
      const list = lists.get(rules) ?? { name: listName(direction, policies), direction, rules }
      lists.set(rules, list)
      return list.name
    })
    placements.set(id, { ...(receivers && { receivers }), ...(senders && { senders }) })
  }
  const marks = marksOf([...lists.keys()].flat(), before)
  const maps = new Map<string, PeerWords>()
  const chains = [...lists.values()].flatMap(({ name, direction, rules }) => {
    const peer = ends[direction]
    const forms = rules.flatMap(rule => {
      const mark = marks.get(rule) ?? 0
      return formsFor(book, zones, rule).map(({ group, conditions, selector, key }) => {
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
    maps.set(`${name}_groups`, peer)
    const [own, ...parts] = chainsOf(name, main, lowering).reverse()
    const lines = [...(own?.lines ?? []), `ct zone . ${peer} vmap @${name}_groups`]
    return [...named, ...parts.reverse(), { name, lines }]
  })
  const jumped = [...marks.values()].map(mark => ({ name: markChain(mark), lines: [lowering.statement(mark)] }))
  const counters = new Map([...marks].map(([rule, mark]) => [mark, counterOf(rule)]))
  return { domains, chains: [...jumped, ...chains], maps, counters, placements, marks }
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

function listName(direction: Direction, policies: readonly string[]): string {
  return `${direction}_${sha256Hex(policies.join(' ')).slice(0, 16)}`
}

function markChain(mark: number): string {
  return `m_${mark}`
}

function zonesOf(domains: readonly Domain[]): Map<NetworkId, number> {
  return new Map(domains.flatMap(({ zone, networks }) => networks.map(network => [network, zone] as const)))
}
