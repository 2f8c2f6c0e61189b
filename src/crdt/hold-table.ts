/**
 * Hosts whose Docker has containers of a network that is deleted: one writer, one value. A container that Docker is about to
 * start again has no endpoint meanwhile, so endpoints alone would let the network end under it.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import type { Drops } from './droppable.ts'
import type { NetworkHoldLeaf } from './leaves.ts'
import { type LeafRecord, type LiveSet, OwnRegisters } from './live-set.ts'

export class HoldTable {
  readonly #registers: OwnRegisters<NetworkHoldLeaf>
  /** network -> who ever held it */
  readonly #writers = new Map<NetworkId, Set<PeerKey>>()

  constructor(live: LiveSet) {
    this.#registers = new OwnRegisters(live)
  }

  put(record: LeafRecord<NetworkHoldLeaf>): void {
    const { network } = record.leaf
    const { writer } = record.dot
    this.#writers.set(network, (this.#writers.get(network) ?? new Set()).add(writer))
    this.#registers.put(slotOf(writer, network), record)
  }

  /** What a later record replaced goes; of a network that is gone, also what counts. */
  mayDrop(record: LeafRecord<NetworkHoldLeaf>, drops: Drops, isGone: boolean): boolean {
    const slot = slotOf(record.dot.writer, record.leaf.network)
    return this.#registers.isSuperseded(slot, record, drops) || (isGone && this.#registers.isAlone(slot, record, drops))
  }

  drop(record: LeafRecord<NetworkHoldLeaf>): void {
    this.#registers.drop(slotOf(record.dot.writer, record.leaf.network), record)
  }

  /** Who holds the network, ascending. */
  holders(network: NetworkId): PeerKey[] {
    const writers = [...(this.#writers.get(network) ?? [])].sort()
    return writers.filter(writer => this.#registers.get(slotOf(writer, network))?.leaf.isHeld === true)
  }
}

function slotOf(writer: PeerKey, network: NetworkId): string {
  return `network-hold:${writer}:${network}`
}
