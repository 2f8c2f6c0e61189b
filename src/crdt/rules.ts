/**
 * What became of each rule that was written. A value lives until a removal names it. An *allow* also dies of a removal of
 * its id that its writer did not know, and so did not overrule: of two people, one who opens and one who closes, at the same
 * time, the one who closes is obeyed.
 */

import { compareRuleIds } from '../model/rule.ts'
import { covers } from './covers.ts'
import { ruleHashOf } from './identity.ts'
import type { LeafRecord } from './live-set.ts'
import type { PolicyLeaf, RuleLeaf, RuleRmLeaf } from './object-leaves.ts'
import type { Rule } from './objects-view.ts'
import { compareRecords, dotsOf, earliest } from './order.ts'
import { dotText } from './vector.ts'

/** All records of one rule id. */
export interface RuleRecords {
  readonly writes: readonly LeafRecord<RuleLeaf>[]
  readonly removals: readonly LeafRecord<RuleRmLeaf>[]
}

export type Fate =
  | { readonly state: 'live' }
  | { readonly state: 'removed' | 'lost'; readonly by: LeafRecord<RuleRmLeaf> }
  /** The policy was created anew without it. */
  | { readonly state: 'dropped'; readonly by: LeafRecord<PolicyLeaf> }

export interface Judged {
  readonly record: LeafRecord<RuleLeaf>
  readonly hash: string
  readonly fate: Fate
}

/** In order. `creations`: the writes of the policy. */
export function judge({ writes, removals }: RuleRecords, creations: readonly LeafRecord<PolicyLeaf>[]): Judged[] {
  const ordered = [...removals].sort(compareRecords)
  const naming = new Map<string, LeafRecord<RuleRmLeaf>>()
  for (const removal of [...ordered].reverse()) for (const dot of removal.leaf.seen) naming.set(dotText(dot), removal)
  return [...writes].sort(compareRecords).map(record => {
    const hash = ruleHashOf(record.leaf.value)
    return { record, hash, fate: fateOf(record, hash, naming.get(dotText(record.dot)), ordered, creations) }
  })
}

function fateOf(
  record: LeafRecord<RuleLeaf>,
  hash: string,
  named: LeafRecord<RuleRmLeaf> | undefined,
  removals: readonly LeafRecord<RuleRmLeaf>[],
  creations: readonly LeafRecord<PolicyLeaf>[],
): Fate {
  if (named) return { state: 'removed', by: named }
  const dropping = earliest(creations.filter(creation => covers(creation.leaf.dropped, creation, record)))
  if (dropping) return { state: 'dropped', by: dropping }
  if (record.leaf.value.action === 'deny') return { state: 'live' }
  const unknown = removals.find(removal => {
    const { value } = removal.leaf
    return (value === '' || value === hash) && !covers(record.leaf.removals, record, removal)
  })
  return unknown ? { state: 'lost', by: unknown } : { state: 'live' }
}

/** The values of one id that live, the first by HLC under the id itself, the others as `5~1a2b`. */
export function liveRules(judged: readonly Judged[]): Rule[] {
  const values = new Map<string, Judged[]>()
  for (const item of judged) {
    if (item.fate.state === 'live') values.set(item.hash, [...(values.get(item.hash) ?? []), item])
  }
  return [...values].flatMap(([hash, items], at) => {
    const [first] = items
    if (!first) return []
    const { id, value } = first.record.leaf
    const shown = at === 0 ? id : `${id}~${hash.slice(0, shortHash([...values.keys()]))}`
    return [{ id, hash, shown, value, created: first.record.hlc, acts: dotsOf(items.map(({ record }) => record)) }]
  })
}

/** What lost to a removal that its writer did not know, and nobody removed knowingly since; not what lives as well. */
export function lostRules(judged: readonly Judged[]): Judged[] {
  const living = new Set(judged.flatMap(({ hash, fate }) => (fate.state === 'live' ? hash : [])))
  return judged.filter(({ hash, fate }) => fate.state === 'lost' && !living.has(hash))
}

/** So many digits tell the values apart: four, but for one pair in 65,536. */
export function shortHash(hashes: readonly string[]): number {
  let length = 4
  while (length < 64 && new Set(hashes.map(hash => hash.slice(0, length))).size < hashes.length) length++
  return length
}

/** Priority, then id, then as they are shown. */
export function compareRules(a: Rule, b: Rule): number {
  const byShown = a.shown < b.shown ? -1 : Number(a.shown > b.shown)
  return a.value.priority - b.value.priority || compareRuleIds(a.id, b.id) || byShown
}
