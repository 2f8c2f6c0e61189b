/**
 * Pure: lists of rules for containers where they meet the outside, as chains in which the first that matches decides. A list
 * belongs to policies, and keeps its name while their rules come and go. Rules of one rank are one lookup where they can be.
 *
 * Most rules ask for the other end alone. What asks for the container's own address has it in the key, as it is on
 * docker_gwbridge: so all containers with the same policies share a list.
 */
import { sha256Hex } from '../lib/bytes.ts'
import { type Address, type Family, formatAddress, isWithin } from '../model/address-match.ts'
import type { Direction } from './book.ts'
import type { BookRule } from './book-rule.ts'
import { type OutsideRule, outsideRule } from './outside-rules.ts'
import { type Chain, type ChainRule, ends, type Lookup, linesOf } from './rule-chains.ts'

/** Rules of one tenant that judge what comes to some of its containers, or what they begin. */
export interface OutsideList {
  readonly name: string
  readonly tenant: string
  readonly direction: Direction
  readonly family: Family
  /** In the order in which they win. */
  readonly rules: readonly BookRule[]
  /** Rules that name addresses of their own end -> containers that have one, by their address on docker_gwbridge. */
  readonly own: Map<OutsideRule, Set<string>>
}

/**
 * @param policies those of all groups that the container is in
 * @param series lists of another one have other names
 */
export function outsideListName(
  { tenant, direction, family }: Pick<OutsideList, 'tenant' | 'direction' | 'family'>,
  policies: Iterable<string>,
  series: string,
): string {
  const content = [tenant, [...new Set(policies)].sort().join(' '), series].join('\n')
  return `${direction}${family === 6 ? '6' : ''}_${sha256Hex(content).slice(0, 16)}`
}

/**
 * Notes which rules fit the container's own address.
 * @param rules those of one of its groups
 * @returns whether any of them can be about a flow of the container
 */
export function joinList(list: OutsideList, rules: readonly BookRule[], address: Address, ip: Address): boolean {
  const { hasPlain, own } = partedFor(list, rules)
  const fitting = own.filter(rule => isWithin(rule.own, ip))
  for (const rule of fitting) list.own.set(rule, (list.own.get(rule) ?? new Set()).add(formatAddress(address)))
  return hasPlain || fitting.length > 0
}

interface Parted {
  /** Whether some ask for the other end alone. */
  readonly hasPlain: boolean
  readonly own: readonly OutsideRule[]
}

const parted = { 4: new WeakMap<readonly BookRule[], Parted>(), 6: new WeakMap<readonly BookRule[], Parted>() }

/** For as long as the rules are these: many containers may have them. */
function partedFor({ tenant, family }: OutsideList, rules: readonly BookRule[]): Parted {
  const known = parted[family].get(rules)
  if (known) return known
  const meant = rules.map(rule => outsideRule(tenant, rule)).filter(({ forms }) => forms[family])
  const own = meant.filter(rule => rule.own)
  const found = { hasPlain: own.length < meant.length, own }
  parted[family].set(rules, found)
  return found
}

export interface LoweredList {
  /** Rules that are in it. */
  readonly rules: readonly OutsideRule[]
  readonly chains: readonly Chain[]
  readonly lookups: readonly Lookup[]
}

/**
 * A rule of a rank that was not there before is a line between the others: a chain has so many ranks at most, so that no more is
 * written anew. Each goes to the next; the kernel follows 16 chains one after the other, and these are 10.
 */
const ranksPerChain = 20

export function lowerList(list: OutsideList): LoweredList {
  const { name } = list
  const { rules, ranks } = rankedRules(list)
  const lookups: Lookup[] = []
  const parts = new Map<string, string[]>([[name, []]])
  for (const [rank, { any, own }] of ranks) {
    const part = Math.floor(rank / ranksPerChain)
    const chain = part === 0 ? name : `${name}_part${part}`
    const lines = parts.get(chain) ?? []
    parts.set(chain, lines)
    // of one rank any may decide: they have one verdict
    for (const [text, forms] of [
      [`${name}_${rank}`, any],
      [`${name}_${rank}_own`, own],
    ] as const) {
      const made = linesOf(text, forms)
      lines.push(...made.lines)
      lookups.push(...made.lookups)
    }
  }
  const names = [...parts.keys()]
  const chains = [...parts].map(([chain, lines], at) => {
    const next = names[at + 1]
    return { name: chain, lines: next === undefined ? lines : [...lines, `goto ${next}`] }
  })
  return { rules, chains, lookups }
}

function rankedRules({ tenant, direction, family, rules, own }: OutsideList) {
  const found: OutsideRule[] = []
  const ranks = new Map<number, Record<'any' | 'own', ChainRule[]>>()
  for (const each of rules) {
    const rule = outsideRule(tenant, each)
    const form = rule.forms[family]
    const addresses = rule.own && [...(own.get(rule) ?? [])]
    if (!form || addresses?.length === 0) continue
    found.push(rule)
    const its = ranks.get(each.rank) ?? { any: [], own: [] }
    ranks.set(each.rank, its)
    if (!addresses) its.any.push(form)
    else for (const address of addresses) its.own.push(ownForm(form, address, direction, family))
  }
  return { rules: found, ranks }
}

/** The same for one container alone. */
function ownForm(form: ChainRule, address: string, direction: Direction, family: Family): ChainRule {
  const selector = ends[family][direction === 'in' ? 'out' : 'in']
  const joined = (first: string, more: string) => (more === '' ? first : `${first} . ${more}`)
  return { ...form, selector: joined(selector, form.selector), key: joined(address, form.key) }
}
