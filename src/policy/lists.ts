/**
 * Pure: the rules of a host's groups as chains. A chain belongs to a *list*, the policies that a group has and a direction: a thousand
 * groups with one policy have one.
 */
import { sha256Hex } from '../lib/bytes.ts'
import type { Family } from '../model/address-match.ts'
import type { GroupId } from '../model/group.ts'
import type { NetworkId } from '../model/network.ts'
import type { Direction, PolicyBook } from './book.ts'
import type { BookRule } from './book-rule.ts'
import { formsFor } from './forms.ts'
import type { Lowering } from './lowering.ts'
import { type Chain, type ChainRule, chainsOf, ends, type Lookup, type PeerWords } from './rule-chains.ts'

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

/** Rules of one direction, of all groups that have the same policies. */
interface List {
  readonly name: string
  readonly direction: Direction
  readonly rules: readonly BookRule[]
}

/** The lists of all groups, for flows of one family, and what leads to them. */
export interface Lists {
  readonly family: Family
  readonly lists: ReadonlyMap<readonly BookRule[], List>
  readonly placements: Map<GroupId, { receivers?: string; senders?: string; named?: Named[] }>
}

/** @param here networks with addresses of the family that have a bridge on the host */
export function listsOf(book: PolicyBook, family: Family, here: ReadonlyMap<NetworkId, unknown>): Lists {
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
export function chainsOfLists(
  book: PolicyBook,
  zones: ReadonlyMap<NetworkId, number>,
  lowerings: ReadonlyMap<BookRule, Lowering>,
  { family, lists, placements }: Lists,
): { chains: Chain[]; lookups: Lookup[]; maps: [name: string, peer: PeerWords][] } {
  const maps: [string, PeerWords][] = []
  const chains: Chain[] = []
  const lookups: Lookup[] = []
  const formsOf = formsFor(book, zones, family)
  const add = (name: string, rules: readonly ChainRule[]) => {
    const made = chainsOf(name, rules)
    for (const chain of made.chains) chains.push(chain)
    for (const lookup of made.lookups) lookups.push(lookup)
  }
  for (const { name, direction, rules } of lists.values()) {
    const byGroup = new Map<GroupId | '', ChainRule[]>([['', []]])
    for (const rule of rules) {
      const target = lowerings.get(rule)?.target
      if (!target) continue
      for (const { group, conditions, selector, key } of formsOf(rule)) {
        if (group !== '' && !placements.has(group)) continue // none of its networks is here: nothing comes from there
        const form = { conditions, selector, key, target }
        const its = byGroup.get(group)
        if (its) its.push(form)
        else byGroup.set(group, [form])
      }
    }
    const map = `${name}_groups`
    const peer = ends[family][direction]
    // one lookup leads to the rules that name the sender's group, or the receiver's, however many groups they name
    for (const [group, its] of byGroup) {
      const placement = placements.get(group)
      if (!placement) continue
      const chain = `${name}_g${group.slice(0, 16)}`
      placement.named = [...(placement.named ?? []), { map, chain }]
      add(chain, its)
    }
    add(name, byGroup.get('') ?? [])
    if (byGroup.size === 1) continue
    maps.push([map, peer])
    const own = chains.pop()
    chains.push({ name, lines: [...(own?.lines ?? []), `ct zone . ${peer} vmap @${map}`] })
  }
  return { chains, lookups, maps }
}

function listName(direction: Direction, family: Family, policies: readonly string[]): string {
  return `${direction}${family === 6 ? '6' : ''}_${sha256Hex(policies.join(' ')).slice(0, 16)}`
}
