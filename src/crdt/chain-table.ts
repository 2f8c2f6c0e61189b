/**
 * Registers whose records prove their own history. Per slot and root owner the longest sound chain of transfers counts; two
 * chains of which neither continues the other are the proof that an owner gave the same thing twice.
 */
import type { PeerKey } from '../lib/keys.ts'
import { type Chain, isPrefix } from './blocks.ts'
import { compareRecords, type LeafRecord, type LiveSet } from './live-set.ts'
import { dotText } from './vector.ts'

export interface ChainRules<L> {
  /** Names the thing and the chain's root owner. */
  slot(leaf: L, root: PeerKey): string
  isSound(leaf: L, writer: PeerKey): boolean
}

export class ChainTable<L extends Chain> {
  readonly #live: LiveSet
  readonly #rules: ChainRules<L>
  readonly #chains = new Map<string, LeafRecord<L>[]>()
  readonly #forked = new Set<string>()

  constructor(live: LiveSet, rules: ChainRules<L>) {
    this.#live = live
    this.#rules = rules
  }

  /** Says whether the record changed what the slot holds. */
  put(record: LeafRecord<L>): boolean {
    const { leaf, dot } = record
    const root = leaf.transfers[0]?.from
    if (root === undefined || !this.#rules.isSound(leaf, dot.writer)) {
      this.#live.add(`unsound:${dotText(dot)}`, record)
      return false
    }
    const slot = this.#rules.slot(leaf, root)
    const held = this.#chains.get(slot) ?? []
    // of two records with the same chain (they have one writer) the first counts, in whatever order they arrive
    const first = (other: LeafRecord<L>) =>
      other.leaf.transfers.length > leaf.transfers.length || compareRecords(other, record) <= 0
    if (held.some(other => isPrefix(leaf, other.leaf) && first(other))) return false
    for (const other of held) if (isPrefix(other.leaf, leaf)) this.#live.drop(`${slot}:${dotText(other.dot)}`, other)
    const kept = [...held.filter(other => !isPrefix(other.leaf, leaf)), record]
    // in an order that does not depend on that of arrival
    this.#chains.set(slot, kept.sort(compareRecords))
    if (kept.length > 1) this.#forked.add(slot)
    else this.#forked.delete(slot)
    this.#live.add(`${slot}:${dotText(dot)}`, record)
    return true
  }

  /** None, one, or, after a fork, several. */
  chains(slot: string): readonly LeafRecord<L>[] {
    return this.#chains.get(slot) ?? []
  }

  /** What was given twice: the records that show it, by slot, in no order of slots. */
  forks(): (readonly LeafRecord<L>[])[] {
    return [...this.#forked].map(slot => this.chains(slot))
  }
}
