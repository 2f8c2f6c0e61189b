/**
 * Pure: lists of rules for containers where they meet the outside, as chains in which the first that matches decides. A list
 * belongs to policies, and keeps its name while their rules come and go. Rules of one rank are one lookup where they can be.
 *
 * Most rules ask for the other end alone. What asks for the container's own address has it in the key, as it is on
 * docker_gwbridge: so all containers with the same policies share a list.
 *
 * A list is a value: the next one is made of the last one and of the rules that came and went.
 */
import { SharedMap } from '../lib/shared-map.ts'
import { isWithin } from '../model/address-match.ts'
import type { BookRule } from './book-rule.ts'
import { outsideRule } from './outside-rules.ts'
import type { OutsideListScope } from './outside-scope.ts'
import { type Chain, type Lookup, linesOf } from './rule-chains.ts'
import { amendIndex, type Form, type IndexedRule, type ListChange, noRules, type RuleIndex } from './rule-index.ts'
import type { TableDraft } from './table-draft.ts'
import { ends, type Terms } from './terms.ts'

export interface OutsideList {
  /** In the order in which they win. */
  readonly rules: readonly BookRule[]
  /** In parts by rank, those that name addresses of their own end apart from the others. */
  readonly index: RuleIndex
  /** How many forms are about a container, by its address on docker_gwbridge; under '' about all. */
  readonly counts: SharedMap<number>
  /** What each part is. */
  readonly lines: SharedMap<{ readonly lines: readonly string[]; readonly lookups: readonly Lookup[] }>
  readonly chains: readonly Chain[]
}

export const emptyOutsideList: OutsideList = {
  ...{ rules: [], index: noRules, counts: SharedMap.of(), lines: SharedMap.of(), chains: [] },
}

/** Whether any of its rules can be about a flow of the container. */
export function isAbout({ counts }: OutsideList, address: string): boolean {
  return counts.has('') || counts.has(address)
}

/** A rule with its forms in the list. */
export function inList({ tenant, family, containers, direction }: OutsideListScope, rule: BookRule): IndexedRule {
  const { forms, own, target } = outsideRule(tenant, rule)
  const terms = forms[family]
  if (!terms) return { rule, target, forms: [] }
  if (!own) return { rule, target, forms: [{ part: String(rule.rank), ...terms }] }
  const selector = ends[family][direction === 'in' ? 'out' : 'in']
  const meant = containers.filter(({ places }) =>
    places.some(({ policies, ip }) => policies.includes(rule.policy) && isWithin(own, ip)),
  )
  return {
    rule,
    target,
    forms: meant.map(({ address }) => ({ part: `${rule.rank}${ownPart}`, ...ownTerms(terms, selector, address) })),
  }
}

const ownPart = '_own'

/** The same for one container alone. */
function ownTerms({ conditions, selector, key }: Terms, own: string, address: string): Terms {
  const joined = (first: string, more: string) => (more === '' ? first : `${first} . ${more}`)
  return { conditions, selector: joined(own, selector), key: joined(address, key) }
}

/** Also says what becomes different in the table. */
export function amendOutsideList(
  name: string,
  before: OutsideList,
  { rules, gone, added }: ListChange,
  draft: TableDraft,
): OutsideList {
  const { index, parts } = amendIndex(before.index, { gone, added })
  const made = parts.map(part => {
    const slots = index.get(part)
    return [part, slots && linesOf(`${name}_${part}`, slots)] as const
  })
  const lines = before.lines.with(made)
  const chains = parts.length > 0 ? chainsOf(name, lines) : before.chains
  draft.takeOut({ chains: before.chains, lookups: parts.flatMap(part => before.lines.get(part)?.lookups ?? []) })
  draft.putIn({ chains, lookups: made.flatMap(([, its]) => its?.lookups ?? []) })
  return { rules, index, counts: counted(before.counts, gone, added), lines, chains }
}

/**
 * A rule of a rank that was not there before is a line between the others: a chain has so many ranks at most, so that no more is
 * written anew. Each goes to the next; the kernel follows 16 chains one after the other, and these are 10.
 */
const ranksPerChain = 20

/** [] for no rules. Of one rank any may decide: they have one verdict. */
function chainsOf(name: string, parts: OutsideList['lines']): Chain[] {
  if (parts.size === 0) return []
  const chains = new Map<string, string[]>([[name, []]])
  const ordered = [...parts].map(([part, { lines }]) => ({ rank: Number.parseInt(part, 10), part, lines }))
  ordered.sort((a, b) => a.rank - b.rank || a.part.length - b.part.length)
  for (const { rank, lines } of ordered) {
    const at = Math.floor(rank / ranksPerChain)
    const chain = at === 0 ? name : `${name}_part${at}`
    const its = chains.get(chain) ?? []
    chains.set(chain, its)
    its.push(...lines)
  }
  const names = [...chains.keys()]
  return [...chains].map(([chain, lines], at) => {
    const next = names[at + 1]
    return { name: chain, lines: next === undefined ? lines : [...lines, `goto ${next}`] }
  })
}

function counted(
  counts: SharedMap<number>,
  gone: readonly IndexedRule[],
  added: readonly IndexedRule[],
): SharedMap<number> {
  const changes = new Map<string, number>()
  const count = (rules: readonly IndexedRule[], by: number) => {
    for (const form of rules.flatMap(({ forms }) => forms)) {
      const whom = whomOf(form)
      changes.set(whom, (changes.get(whom) ?? counts.get(whom) ?? 0) + by)
    }
  }
  count(added, 1)
  count(gone, -1)
  return counts.with([...changes].map(([whom, n]) => [whom, n === 0 ? undefined : n]))
}

/** The address of the container that a form is about; '' for all. */
function whomOf({ part, key }: Form): string {
  return part.endsWith(ownPart) ? (key.split(' . ')[0] ?? '') : ''
}
