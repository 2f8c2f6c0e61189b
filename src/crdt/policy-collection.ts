/**
 * Which records of a policy may be let go of, and how much of its history is told. What is dead goes once the history that
 * is told begins behind its death; of a policy that is deleted all goes once so many others were deleted after it. What the
 * history tells is a function of the records, and never what some of went.
 */
import { covers } from './covers.ts'
import type { Drops } from './droppable.ts'
import { areGone, type Gone, isCoverGone } from './gone.ts'
import { ruleHashOf } from './identity.ts'
import type { LeafRecord } from './live-set.ts'
import type { PolicyLeaf, PolicyRmLeaf, RuleLeaf, RuleRmLeaf } from './object-leaves.ts'
import { compareRecords } from './order.ts'
import { type Dot, dotText } from './vector.ts'

/** How much of what happened to policies is told. */
export interface HistoryKept {
  /** Of each policy the last so many changes of it and its rules. */
  readonly changes: number
  /** Of deleted policies those that the last so many deletions of the whole mesh deleted. */
  readonly deletions: number
}

export const usualHistory: HistoryKept = { changes: 256, deletions: 64 }

/** The records of one policy. */
export interface PolicyRecords {
  readonly writes: readonly LeafRecord<PolicyLeaf>[]
  readonly removals: readonly LeafRecord<PolicyRmLeaf>[]
  readonly rules: readonly LeafRecord<RuleLeaf>[]
  readonly ruleRemovals: readonly LeafRecord<RuleRmLeaf>[]
}

export type PolicyRecord = LeafRecord<PolicyLeaf | PolicyRmLeaf | RuleLeaf | RuleRmLeaf>

/** The earliest deletion that is among the last so many; undefined if there are fewer. Earlier ones end what is told. */
export function oldestKept(deletions: readonly PolicyRecord[], count: number): PolicyRecord | undefined {
  return deletions.length > count ? [...deletions].sort(compareRecords).at(-count) : undefined
}

/** What is told of a policy begins at this record; undefined if nothing is told. */
export function firstTold(
  { writes, removals, rules, ruleRemovals }: PolicyRecords,
  deletion: PolicyRecord | undefined,
  count: number,
): PolicyRecord | undefined {
  const isOver = (record: PolicyRecord) => deletion !== undefined && compareRecords(record, deletion) < 0
  const end = removals.filter(isOver).sort(compareRecords).at(-1)
  const all: PolicyRecord[] = [...writes, ...removals, ...rules, ...ruleRemovals]
  const told = all.filter(record => !end || compareRecords(record, end) > 0).sort(compareRecords)
  return told.at(-count) ?? told[0]
}

/** What is to be known of a policy to tell what of it may go; made once for all that is asked with the same `drops`. */
export interface Ripeness {
  readonly first: PolicyRecord | undefined
  readonly deletion: PolicyRecord | undefined
  /** It is deleted, nothing keeps it or can bring it back, and nothing of it is told. */
  readonly isForgotten: boolean
  readonly deaths: Deaths
}

/** By dot the first record that ended a write: of the policy, and of its rules. */
interface Deaths {
  readonly writes: ReadonlyMap<string, PolicyRecord>
  readonly rules: ReadonlyMap<string, PolicyRecord>
}

/** @param isUsed a group may have the policy, on some peer */
export function ripenessOf(
  records: PolicyRecords,
  deletion: PolicyRecord | undefined,
  { drops, count, isUsed }: { drops: Drops; count: number; isUsed: () => boolean },
): Ripeness {
  const sure = <L>(list: readonly LeafRecord<L>[]) => list.filter(({ dot }) => drops.stable(dot))
  const stable: PolicyRecords = {
    writes: sure(records.writes),
    removals: sure(records.removals),
    rules: sure(records.rules),
    ruleRemovals: sure(records.ruleRemovals),
  }
  const deaths = deathsOf(records, stable)
  const isEnded = records.writes.every(({ dot }) => deaths.writes.has(dotText(dot)))
  const last = [...records.removals].sort(compareRecords).at(-1)
  const isOver = last !== undefined && deletion !== undefined && compareRecords(last, deletion) < 0
  const isKept = (rule: LeafRecord<RuleLeaf>) =>
    !deaths.rules.has(dotText(rule.dot)) && !isCovered(rule, stable.removals) && !isLost(rule, stable.ruleRemovals)
  const isForgotten = isOver && isEnded && !records.rules.some(isKept) && !isUsed()
  return { first: firstTold(stable, deletion, count), deletion, isForgotten, deaths }
}

function deathsOf(records: PolicyRecords, by: PolicyRecords): Deaths {
  const [writes, rules] = [new Map<string, PolicyRecord>(), new Map<string, PolicyRecord>()]
  const end = (deaths: Map<string, PolicyRecord>, dot: Dot, record: PolicyRecord) => {
    const known = deaths.get(dotText(dot))
    if (!known || compareRecords(record, known) < 0) deaths.set(dotText(dot), record)
  }
  for (const removal of by.removals) for (const dot of removal.leaf.seen) end(writes, dot, removal)
  for (const removal of by.ruleRemovals) for (const dot of removal.leaf.seen) end(rules, dot, removal)
  for (const write of by.writes) {
    if (write.leaf.dropped.length === 0) continue
    for (const rule of records.rules) if (covers(write.leaf.dropped, write, rule)) end(rules, rule.dot, write)
  }
  return { writes, rules }
}

/** True if the deletion of its policy saw the rule. */
export function isCovered(rule: LeafRecord<RuleLeaf>, removals: readonly LeafRecord<PolicyRmLeaf>[]): boolean {
  return removals.some(removal => covers(removal.leaf.rules, removal, rule))
}

/** True if the rule is off because its writer did not know of some removal of its id. */
export function isLost({ leaf, hlc }: LeafRecord<RuleLeaf>, removals: readonly LeafRecord<RuleRmLeaf>[]): boolean {
  return removals.some(removal => isLostTo({ leaf, hlc }, removal))
}

function isLostTo({ leaf, hlc }: Pick<LeafRecord<RuleLeaf>, 'leaf' | 'hlc'>, removal: LeafRecord<RuleRmLeaf>): boolean {
  const { id, value } = removal.leaf
  if (leaf.value.action === 'deny' || leaf.id !== id || (value !== '' && value !== ruleHashOf(leaf.value))) return false
  return !covers(leaf.removals, { hlc }, removal)
}

/** True if the record may go, as its writer judges. */
export function isRipe(record: PolicyRecord, records: PolicyRecords, ripe: Ripeness, drops: Drops, gone: Gone) {
  const { first, isForgotten, deletion } = ripe
  const { leaf, dot } = record
  const isPast = first === undefined || compareRecords(record, first) < 0
  if (leaf.kind === 'rule-rm') {
    const isOver = areGone(leaf.seen, records.rules, drops, gone)
    return isOver && (isForgotten || isPast) && !records.rules.some(rule => isLostTo(rule, { ...record, leaf }))
  }
  if (leaf.kind === 'policy-rm') {
    const isTold = !deletion || compareRecords(record, deletion) >= 0
    const isOver = areGone(leaf.seen, records.writes, drops, gone)
    return !isTold && (isForgotten || isPast) && isOver && isCoverGone(leaf.rules, records.rules, drops, gone)
  }
  const death = (leaf.kind === 'policy' ? ripe.deaths.writes : ripe.deaths.rules).get(dotText(dot))
  const isDead = death !== undefined && (first === undefined || compareRecords(death, first) <= 0)
  if (leaf.kind === 'policy') {
    // while it is kept, deleted or not, some write says that there is such a policy
    const named = new Set(records.removals.flatMap(removal => removal.leaf.seen.map(dotText)))
    const isAlive = records.writes.some(write => !named.has(dotText(write.dot)))
    return (
      death !== undefined &&
      (isForgotten || (isPast && isDead && isAlive)) &&
      isCoverGone(leaf.dropped, records.rules, drops, gone)
    )
  }
  if (!isForgotten) return isPast && isDead
  const sure = records.removals.filter(removal => drops.stable(removal.dot))
  return death !== undefined || isCovered({ ...record, leaf }, sure)
}

/** True if the record may go, as others judge: by what further records cannot change. */
export function mayGo(record: PolicyRecord, records: PolicyRecords, ripe: Ripeness, drops: Drops, gone: Gone): boolean {
  const { leaf, dot } = record
  switch (leaf.kind) {
    case 'rule':
      return ripe.deaths.rules.has(dotText(dot)) || isCovered({ ...record, leaf }, records.removals)
    case 'policy':
      return ripe.deaths.writes.has(dotText(dot)) && isCoverGone(leaf.dropped, records.rules, drops, gone)
    case 'rule-rm':
      return areGone(leaf.seen, records.rules, drops, gone)
    case 'policy-rm':
      return areGone(leaf.seen, records.writes, drops, gone) && isCoverGone(leaf.rules, records.rules, drops, gone)
  }
}
