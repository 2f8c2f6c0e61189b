/**
 * Registers whose records prove their own history. Per slot the longest sound chains of transfers count: of two, one a
 * beginning of the other, the longer. What of them has effect is computed in custody.ts. The beginnings are kept until their
 * writers let go of them: when the longer goes first, they count, as for a newcomer who never saw the longer.
 */
import { type Chain, isPrefix } from './blocks.ts'
import type { Drops } from './droppable.ts'
import { compareRecords, type LeafRecord, type LiveSet } from './live-set.ts'
import { keep } from './order.ts'
import { type Dot, dotText } from './vector.ts'

const none: readonly never[] = []

export interface ChainRules<L> {
  /** Names the thing. */
  slot(leaf: L): string
  isSound(leaf: L, dot: Dot): boolean
}

export class ChainTable<L extends Chain> {
  readonly #live: LiveSet
  readonly #rules: ChainRules<L>
  readonly #chains = new Map<string, LeafRecord<L>[]>()
  /** By slot, those that others go on from. */
  readonly #beginnings = new Map<string, readonly LeafRecord<L>[]>()
  readonly #forked = new Set<string>()
  readonly #unsound = new Map<string, LeafRecord<L>>()

  constructor(live: LiveSet, rules: ChainRules<L>) {
    this.#live = live
    this.#rules = rules
  }

  /** Says whether the record changed what the slot holds. */
  put(record: LeafRecord<L>): boolean {
    const { leaf, dot } = record
    if (!this.#rules.isSound(leaf, dot)) {
      this.#live.add(`unsound:${dotText(dot)}`, record)
      keep(this.#unsound, record)
      return false
    }
    const slot = this.#rules.slot(leaf)
    const held = this.#chains.get(slot) ?? []
    // of two records with the same chain (they have one writer) the first counts, in whatever order they arrive
    const first = (other: LeafRecord<L>) =>
      other.leaf.transfers.length > leaf.transfers.length || compareRecords(other, record) <= 0
    if (held.some(other => compareRecords(other, record) === 0)) return false
    if (held.some(other => isPrefix(leaf, other.leaf) && first(other))) {
      this.#begin(slot, [record])
      return false
    }
    const begun = held.filter(other => isPrefix(other.leaf, leaf))
    for (const other of begun) this.#live.drop(`${slot}:${dotText(other.dot)}`, other)
    this.#begin(slot, begun)
    const kept = [...held.filter(other => !isPrefix(other.leaf, leaf)), record]
    // in an order that does not depend on that of arrival
    this.#chains.set(slot, kept.sort(compareRecords))
    if (kept.length > 1) this.#forked.add(slot)
    else this.#forked.delete(slot)
    this.#live.add(`${slot}:${dotText(dot)}`, record)
    return true
  }

  /** Records that prove nothing, in no order. */
  get unsound(): Iterable<LeafRecord<L>> {
    return this.#unsound.values()
  }

  /** Those of all slots, in no order. */
  all(): LeafRecord<L>[] {
    return [...this.#chains.values()].flat()
  }

  /** None, one, or several: after a fork, after a removal, or by somebody who was never an owner. */
  chains(slot: string): readonly LeafRecord<L>[] {
    return this.#chains.get(slot) ?? none
  }

  /** True if another record's chain goes on where this one ends, or is the same. */
  mayDrop(record: LeafRecord<L>, drops: Drops): boolean {
    return this.chains(this.#rules.slot(record.leaf)).some(
      other => !isSame(other, record) && isPrefix(record.leaf, other.leaf) && drops.stable(other.dot),
    )
  }

  drop(record: LeafRecord<L>): void {
    const { leaf, dot } = record
    this.#live.drop(`unsound:${dotText(dot)}`, record)
    const slot = this.#rules.slot(leaf)
    const beginnings = this.#beginnings.get(slot) ?? none
    this.#beginnings.delete(slot)
    this.#begin(
      slot,
      beginnings.filter(other => !isSame(other, record)),
    )
    const held = this.chains(slot)
    const kept = held.filter(other => !isSame(other, record))
    if (kept.length === held.length) return
    this.#live.drop(`${slot}:${dotText(dot)}`, record)
    if (kept.length > 0) this.#chains.set(slot, kept)
    else this.#chains.delete(slot)
    if (kept.length < 2) this.#forked.delete(slot)
    const again = this.#beginnings.get(slot) ?? none
    this.#beginnings.delete(slot)
    for (const other of again) this.put(other)
  }

  #begin(slot: string, records: readonly LeafRecord<L>[]): void {
    const held = this.#beginnings.get(slot) ?? none
    const more = records.filter(record => !held.some(other => compareRecords(other, record) === 0))
    if (more.length > 0) this.#beginnings.set(slot, [...held, ...more])
  }

  /** The records of the slots that have several chains: what was given twice is among them. In no order of slots. */
  forks(): (readonly LeafRecord<L>[])[] {
    return [...this.#forked].map(slot => this.chains(slot))
  }
}

function isSame(a: LeafRecord<unknown>, b: LeafRecord<unknown>): boolean {
  return a.hash === b.hash && dotText(a.dot) === dotText(b.dot)
}
