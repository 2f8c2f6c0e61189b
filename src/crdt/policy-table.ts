/**
 * Policies and their rules. A deletion hides a policy with its rules and erases nothing: a write that it had not seen, or
 * a group that was given the policy meanwhile, brings back the whole, not a policy without its denials. Who creates the
 * policy anew after a deletion names the rules of its earlier life that it leaves behind.
 */
import type { PeerKey } from '../lib/keys.ts'
import { amended } from '../lib/order.ts'
import { coverOf, covers, within } from './covers.ts'
import type { Drops } from './droppable.ts'
import type { Gone } from './gone.ts'
import type { Hlc } from './hlc.ts'
import { type LeafRecord, type LiveSet, recordName } from './live-set.ts'
import type { PolicyLeaf, PolicyRmLeaf, RuleLeaf, RuleRmLeaf } from './object-leaves.ts'
import type { Policy, Rule } from './objects-view.ts'
import { dotsOf, earliest, keep, latest } from './order.ts'
import {
  firstTold,
  type HistoryKept,
  isRipe,
  mayGo,
  oldestKept,
  type PolicyRecord,
  type PolicyRecords,
  type Ripeness,
  ripenessOf,
} from './policy-collection.ts'
import { compareRules, type Judged, judge, liveRules, lostRules } from './rules.ts'
import { type Dot, dotText } from './vector.ts'

const noRules: readonly Rule[] = []

type Records<L> = Map<string, LeafRecord<L>>

interface Held {
  readonly tenant: string
  readonly name: string
  readonly writes: Records<PolicyLeaf>
  readonly removals: Records<PolicyRmLeaf>
  readonly rules: Map<string, { writes: Records<RuleLeaf>; removals: Records<RuleRmLeaf> }>
  /** By rule id, until a record changes it. */
  readonly judged: Map<string, { readonly all: Judged[]; readonly live: readonly Rule[] }>
  /** All that live, in order, as they were last; undefined if any of them may be others by now. */
  rulesInOrder: readonly Rule[] | undefined
  /** Ids of which a record came since -> what `rulesInOrder` has of them. */
  readonly since: Map<string, readonly Rule[]>
}

export class PolicyTable {
  readonly #held = new Map<string, Held>()
  readonly #live: LiveSet

  readonly #kept: HistoryKept
  /** By what is asked with the same `drops`, and by policy. */
  readonly #ripe = new WeakMap<Drops, Map<string, { readonly records: PolicyRecords; readonly ripe: Ripeness }>>()
  readonly #deletion = new WeakMap<Drops, { readonly oldest: PolicyRecord | undefined }>()

  constructor(live: LiveSet, kept: HistoryKept) {
    this.#live = live
    this.#kept = kept
  }

  put(record: LeafRecord<PolicyLeaf>): void {
    const held = this.#of(record.leaf.tenant, record.leaf.name)
    this.#keep(held.writes, record)
    judgeAnew(held)
  }

  remove(record: LeafRecord<PolicyRmLeaf>): void {
    this.#keep(this.#of(record.leaf.tenant, record.leaf.name).removals, record)
  }

  putRule(record: LeafRecord<RuleLeaf>): void {
    this.#keep(this.#ruleOf(record.leaf).writes, record)
  }

  removeRule(record: LeafRecord<RuleRmLeaf>): void {
    this.#keep(this.#ruleOf(record.leaf).removals, record)
  }

  /** Every policy of which a write is held, dead or alive. */
  names(): Pick<Policy, 'tenant' | 'name'>[] {
    return [...this.#held.values()].filter(held => held.writes.size > 0).map(({ tenant, name }) => ({ tenant, name }))
  }

  /** Undefined if it is dead and nothing keeps it. */
  policy(tenant: string, name: string, isUsed: () => boolean): Policy | undefined {
    const held = this.#held.get(keyOf(tenant, name))
    const first = held && earliest(held.writes.values())
    if (!held || !first) return undefined
    const living = this.#living(held)
    const alive = living.length > 0
    // of an earlier life some hosts may hold nothing any more
    const created = (earliest(living) ?? first).hlc
    return alive || this.#hasUnseenRule(held) || isUsed() ? { tenant, name, alive, created } : undefined
  }

  /** Writes that no deletion names, ascending. */
  acts(tenant: string, name: string): Dot[] {
    const held = this.#held.get(keyOf(tenant, name))
    return held ? dotsOf(this.#living(held)) : []
  }

  #living({ writes, removals }: Held): LeafRecord<PolicyLeaf>[] {
    const seen = new Set([...removals.values()].flatMap(({ leaf }) => leaf.seen.map(dotText)))
    return [...writes.values()].filter(({ dot }) => !seen.has(dotText(dot)))
  }

  deletedSince(tenant: string, name: string): Hlc | undefined {
    return latest(this.#held.get(keyOf(tenant, name))?.removals.values() ?? [])?.hlc
  }

  /**
   * Every rule that was ever written for it, as `covers` reads it: also those that its deletions saw and that are not held
   * here any more, but may be elsewhere.
   * @param held how far each writer has come
   */
  allRules(tenant: string, name: string, held: ReadonlyMap<PeerKey, number>): Dot[] {
    const { rules, removals } = this.records(tenant, name)
    const seen = removals.flatMap(({ leaf }) => leaf.rules)
    return coverOf([...rules.map(({ dot }) => dot), ...within(seen, held)])
  }

  ruleIds(tenant: string, name: string): string[] {
    return [...(this.#held.get(keyOf(tenant, name))?.rules.keys() ?? [])]
  }

  judged(tenant: string, name: string, id: string): readonly Judged[] {
    const held = this.#held.get(keyOf(tenant, name))
    return held ? this.#judge(held, id).all : []
  }

  /** The values of an id that live: the same array while they are so. */
  values(tenant: string, name: string, id: string): readonly Rule[] {
    const held = this.#held.get(keyOf(tenant, name))
    return held ? this.#judge(held, id).live : []
  }

  /** What is off under an id: see `lostRules`. */
  lost(tenant: string, name: string, id: string): Judged[] {
    return lostRules(this.judged(tenant, name, id))
  }

  /** All that live, by priority and id: the same array while they are so. */
  rules(tenant: string, name: string): readonly Rule[] {
    const held = this.#held.get(keyOf(tenant, name))
    if (!held) return noRules
    const { rules, rulesInOrder, since } = held
    const ids = rulesInOrder ? since : rules
    const added = [...ids.keys()].flatMap(id => this.#judge(held, id).live)
    const found = amended(rulesInOrder ?? [], { gone: [...since.values()].flat(), added }, compareRules)
    since.clear()
    held.rulesInOrder = found
    return found
  }

  /** Writes of an id, or of one value under it, that no removal names, ascending. */
  ruleActs(tenant: string, name: string, id: string, value?: string): Dot[] {
    const all = this.judged(tenant, name, id).filter(({ hash }) => value === undefined || hash === value)
    const open = all.filter(({ fate }) => fate.state !== 'removed')
    return dotsOf(open.map(({ record }) => record))
  }

  /**
   * All that is held of the policy, as `covers` reads it: so the removals of each of its rules, also of those that were let
   * go of here and may be held elsewhere, while something later of their writers is held.
   */
  cover(tenant: string, name: string): Dot[] {
    const { writes, removals, rules, ruleRemovals } = this.records(tenant, name)
    return coverOf([...writes, ...removals, ...rules, ...ruleRemovals].map(({ dot }) => dot))
  }

  records(tenant: string, name: string): PolicyRecords {
    const held = this.#held.get(keyOf(tenant, name))
    const rules = [...(held?.rules.values() ?? [])]
    return {
      writes: [...(held?.writes.values() ?? [])],
      removals: [...(held?.removals.values() ?? [])],
      rules: rules.flatMap(({ writes }) => [...writes.values()]),
      ruleRemovals: rules.flatMap(({ removals }) => [...removals.values()]),
    }
  }

  /** What its history begins with; undefined if there is none. */
  firstTold(tenant: string, name: string): PolicyRecord | undefined {
    const deletion = oldestKept(this.#deletions(), this.#kept.deletions)
    return firstTold(this.records(tenant, name), deletion, this.#kept.changes)
  }

  /** @param isUsed a group may have the policy, on some peer */
  mayDrop(record: PolicyRecord, drops: Drops, gone: Gone, isUsed: () => boolean): boolean {
    const { records, ripe } = this.#ripeness(record, drops, isUsed)
    return drops.judges ? mayGo(record, records, ripe, drops, gone) : isRipe(record, records, ripe, drops, gone)
  }

  /** True if nothing of the policy is told any more, or it is not known. */
  isForgotten(tenant: string, name: string, drops: Drops, isUsed: () => boolean): boolean {
    const leaf = { tenant, name }
    return !this.#held.has(keyOf(tenant, name)) || this.#ripeness({ leaf }, drops, isUsed).ripe.isForgotten
  }

  drop(record: PolicyRecord): void {
    const { leaf, dot } = record
    const name = leaf.kind === 'policy' || leaf.kind === 'policy-rm' ? leaf.name : leaf.policy
    const held = this.#held.get(keyOf(leaf.tenant, name))
    this.#live.drop(`${leaf.kind}:${dotText(dot)}`, record)
    if (!held) return
    held.writes.delete(recordName(record))
    held.removals.delete(recordName(record))
    if (leaf.kind === 'rule' || leaf.kind === 'rule-rm') {
      const rules = held.rules.get(leaf.id)
      rules?.writes.delete(recordName(record))
      rules?.removals.delete(recordName(record))
      if (rules?.writes.size === 0 && rules.removals.size === 0) held.rules.delete(leaf.id)
    }
    judgeAnew(held)
    if (held.writes.size + held.removals.size + held.rules.size === 0) this.#held.delete(keyOf(leaf.tenant, name))
  }

  #deletions(): LeafRecord<PolicyRmLeaf>[] {
    return [...this.#held.values()].flatMap(({ removals }) => [...removals.values()])
  }

  #ripeness(
    { leaf }: { leaf: { tenant: string } & ({ name: string } | { policy: string }) },
    drops: Drops,
    isUsed: () => boolean,
  ) {
    const name = 'name' in leaf ? leaf.name : leaf.policy
    let deletion = this.#deletion.get(drops)
    if (!deletion) {
      const sure = this.#deletions().filter(({ dot }) => drops.stable(dot))
      deletion = { oldest: oldestKept(sure, this.#kept.deletions) }
      this.#deletion.set(drops, deletion)
    }
    const known = this.#ripe.get(drops) ?? new Map<string, { records: PolicyRecords; ripe: Ripeness }>()
    this.#ripe.set(drops, known)
    let found = known.get(keyOf(leaf.tenant, name))
    if (!found) {
      const records = this.records(leaf.tenant, name)
      found = { records, ripe: ripenessOf(records, deletion.oldest, { drops, count: this.#kept.changes, isUsed }) }
      known.set(keyOf(leaf.tenant, name), found)
    }
    return found
  }

  #keep<L extends PolicyLeaf | PolicyRmLeaf | RuleLeaf | RuleRmLeaf>(set: Records<L>, record: LeafRecord<L>): void {
    this.#live.add(`${record.leaf.kind}:${dotText(record.dot)}`, record)
    keep(set, record)
  }

  #of(tenant: string, name: string): Held {
    const key = keyOf(tenant, name)
    let held = this.#held.get(key)
    if (!held) {
      held = {
        ...{ tenant, name, writes: new Map(), removals: new Map(), rules: new Map() },
        ...{ judged: new Map(), rulesInOrder: undefined, since: new Map() },
      }
      this.#held.set(key, held)
    }
    return held
  }

  #ruleOf({ tenant, policy, id }: RuleLeaf | RuleRmLeaf) {
    const held = this.#of(tenant, policy)
    const { rules, judged, rulesInOrder, since } = held
    if (rulesInOrder && !since.has(id)) since.set(id, judged.get(id)?.live ?? [])
    judged.delete(id)
    let found = rules.get(id)
    if (!found) {
      found = { writes: new Map(), removals: new Map() }
      rules.set(id, found)
    }
    return found
  }

  #judge(held: Held, id: string) {
    let found = held.judged.get(id)
    if (!found) {
      const rules = held.rules.get(id)
      const [writes, removals] = [[...(rules?.writes.values() ?? [])], [...(rules?.removals.values() ?? [])]]
      const all = judge({ writes, removals }, [...held.writes.values()])
      found = { all, live: liveRules(all) }
      held.judged.set(id, found)
    }
    return found
  }

  #hasUnseenRule(held: Held): boolean {
    const removals = [...held.removals.values()]
    const isUnseen = ({ record, fate }: Judged) =>
      fate.state === 'live' && !removals.some(removal => covers(removal.leaf.rules, removal, record))
    return [...held.rules.keys()].some(id => this.#judge(held, id).all.some(isUnseen))
  }
}

function judgeAnew(held: Held): void {
  held.judged.clear()
  held.since.clear()
  held.rulesInOrder = undefined
}

/** Names have no slash. */
function keyOf(tenant: string, name: string): string {
  return `${tenant}/${name}`
}
