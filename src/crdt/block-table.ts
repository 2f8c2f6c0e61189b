/**
 * Block registers. Per block and root owner the longest sound chain of transfers counts; two chains of which neither
 * continues the other are the proof that an owner gave a block twice: quarantined.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import type { Verify } from './batch.ts'
import { isPrefix, soundChain } from './blocks.ts'
import type { BlockLeaf } from './leaves.ts'
import type { LeafRecord, LiveSet } from './live-set.ts'
import { compareDots, dotText } from './vector.ts'

export class BlockTable {
  readonly #meshId: string
  readonly #verify: Verify
  readonly #live: LiveSet
  readonly #chains = new Map<string, LeafRecord<BlockLeaf>[]>()

  constructor(meshId: string, verify: Verify, live: LiveSet) {
    this.#meshId = meshId
    this.#verify = verify
    this.#live = live
  }

  put(record: LeafRecord<BlockLeaf>): void {
    const { leaf, dot } = record
    const root = leaf.transfers[0]?.from
    if (root === undefined || !soundChain(this.#meshId, leaf, dot.writer, this.#verify)) {
      this.#live.set(`unsound:${dotText(dot)}`, record)
      return
    }
    const slot = chainSlot(leaf.network, leaf.index, root)
    const held = this.#chains.get(slot) ?? []
    // of two records with the same chain (they have one writer) the first counts, in whatever order they arrive
    const first = (other: LeafRecord<BlockLeaf>) =>
      other.leaf.transfers.length > leaf.transfers.length || other.dot.counter <= dot.counter
    if (held.some(other => isPrefix(leaf, other.leaf) && first(other))) return
    for (const other of held) if (isPrefix(other.leaf, leaf)) this.#live.delete(`${slot}:${dotText(other.dot)}`)
    const kept = [...held.filter(other => !isPrefix(other.leaf, leaf)), record]
    // in an order that does not depend on that of arrival
    this.#chains.set(
      slot,
      kept.sort((a, b) => compareDots(a.dot, b.dot)),
    )
    this.#live.set(`${slot}:${dotText(dot)}`, record)
  }

  /** Chains that start at the genesis owner: none, one, or, after a fork, several. */
  chains(network: NetworkId, index: number, root: PeerKey): readonly LeafRecord<BlockLeaf>[] {
    return this.#chains.get(chainSlot(network, index, root)) ?? []
  }

  /** Networks and blocks whose custody forked, with one of the records that show it. */
  forks(): LeafRecord<BlockLeaf>[] {
    return [...this.#chains.values()].filter(held => held.length > 1).flatMap(held => held.slice(0, 1))
  }
}

function chainSlot(network: NetworkId, index: number, root: PeerKey): string {
  return `block:${network}:${index}:${root}`
}
