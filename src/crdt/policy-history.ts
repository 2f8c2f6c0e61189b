/** What happened to a policy: who wrote what and when, what of it is in effect, and what it lost to. */
import type { RuleValue } from '../model/rule.ts'
import type { AttachRecord } from './attachments.ts'
import type { Hlc } from './hlc.ts'
import type { LeafRecord } from './live-set.ts'
import type { GroupLeaf } from './object-leaves.ts'
import type { Rule } from './objects-view.ts'
import { compareRecords } from './order.ts'
import type { PolicyRecords } from './policy-collection.ts'
import { compareRules, type Fate, judge, liveRules } from './rules.ts'
import { type Dot, dotText } from './vector.ts'

/** `dot` names the event, and its writer who did it. */
export type PolicyEvent = { readonly dot: Dot; readonly hlc: Hlc } & (
  | { readonly what: 'created' | 'deleted' }
  | {
      readonly what: 'rule-added'
      readonly id: string
      readonly hash: string
      readonly value: RuleValue
      /** What became of it since, and by whose record. */
      readonly state: Fate['state']
      readonly by?: Dot
    }
  /** `hash` is '' for all that is under the id. */
  | { readonly what: 'rule-removed'; readonly id: string; readonly hash: string }
  | { readonly what: 'attached' | 'detached'; readonly group: string }
)

/** @param first what it begins with; none without that */
export function historyOf(
  records: PolicyRecords,
  attached: readonly { group: GroupLeaf; record: AttachRecord }[],
  first: LeafRecord | undefined,
): PolicyEvent[] {
  const at = ({ dot, hlc }: LeafRecord<unknown>) => ({ dot, hlc })
  const events: PolicyEvent[] = [
    ...records.writes.map(record => ({ ...at(record), what: 'created' as const })),
    ...records.removals.map(record => ({ ...at(record), what: 'deleted' as const })),
    ...byId(records).flatMap(([, rules]) =>
      judge(rules, records.writes).map(({ record, hash, fate }) => ({
        ...at(record),
        ...{ what: 'rule-added' as const, id: record.leaf.id, hash, value: record.leaf.value, state: fate.state },
        ...(fate.state === 'live' ? {} : { by: fate.by.dot }),
      })),
    ),
    ...records.ruleRemovals.map(record => {
      return { ...at(record), what: 'rule-removed' as const, id: record.leaf.id, hash: record.leaf.value }
    }),
    ...attached.map(({ group, record }) => {
      const what = record.leaf.kind === 'group-policy' ? ('attached' as const) : ('detached' as const)
      return { ...at(record), what, group: group.name }
    }),
  ]
  const told = events.filter(event => first && compareRecords(event, { dot: first.dot, hlc: first.hlc }) >= 0)
  // a forked writer may have two events at one dot
  return told.sort((a, b) => compareRecords(a, b) || (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

/** The rules as they were after an event: what the records up to it, in the order that all peers share, make. */
export function rulesAfter(records: PolicyRecords, event: { dot: Dot; hlc: Hlc }): Rule[] {
  const upTo = <L>(list: readonly LeafRecord<L>[]) =>
    list.filter(({ dot, hlc }) => compareRecords({ dot, hlc }, event) <= 0)
  const held: PolicyRecords = {
    writes: upTo(records.writes),
    removals: upTo(records.removals),
    rules: upTo(records.rules),
    ruleRemovals: upTo(records.ruleRemovals),
  }
  const deleted = new Set(held.removals.flatMap(({ leaf }) => leaf.seen.map(dotText)))
  // a deletion hides the rules and does not remove them
  if (held.writes.every(({ dot }) => deleted.has(dotText(dot)))) return []
  return byId(held)
    .flatMap(([, rules]) => liveRules(judge(rules, held.writes)))
    .sort(compareRules)
}

/** Finds an event by its dot. */
export function eventOf(events: readonly PolicyEvent[], dot: Dot): PolicyEvent | undefined {
  return events.find(event => dotText(event.dot) === dotText(dot))
}

function byId({ rules, ruleRemovals }: PolicyRecords) {
  const ids = new Set([...rules, ...ruleRemovals].map(({ leaf }) => leaf.id))
  return [...ids].map(id => {
    const of = <L extends { id: string }>(list: readonly LeafRecord<L>[]) => list.filter(({ leaf }) => leaf.id === id)
    return [id, { writes: of(rules), removals: of(ruleRemovals) }] as const
  })
}
