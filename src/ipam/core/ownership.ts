/**
 * An index of the blocks of one network that this peer owns. It is a hint that saves walking 262,144 blocks of a /8 for
 * each allocation: whoever hands out or gives away asks `owns` first, which reads the registers themselves (R3).
 */
import type { Block, Network, RegistryView } from '../../crdt/registry-view.ts'
import type { PeerKey } from '../../lib/keys.ts'
import type { NetworkId } from '../../model/network.ts'
import { usableCount } from './geometry.ts'

/** Position of the first entry that is not below `index`. */
export function lowerBound(sorted: readonly number[], index: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as number) < index) low = middle + 1
    else high = middle
  }
  return low
}

export class Ownership {
  readonly #self: PeerKey
  readonly #network: NetworkId
  // Blocks whose transfer was begun. One whose write failed stays here: it may be on the disk all the same.
  readonly #leaving = new Set<number>()
  #blocks: number[] = []
  #addresses = 0

  constructor(self: PeerKey, network: NetworkId) {
    this.#self = self
    this.#network = network
  }

  /** Ascending; as of the last `refresh`, `add` and `leave`. */
  get blocks(): readonly number[] {
    return this.#blocks
  }

  /** Addresses in `blocks` that may be handed out, used or not. */
  get addresses(): number {
    return this.#addresses
  }

  /** The block, if its register says now that it is this peer's, and it is not on its way to another. */
  owned(view: RegistryView, index: number): Block | undefined {
    const block = view.block(this.#network, index)
    return block?.owner === this.#self && !block.quarantined && !this.#leaving.has(index) ? block : undefined
  }

  /** True if the index lists the block. */
  lists(index: number): boolean {
    return this.#blocks[lowerBound(this.#blocks, index)] === index
  }

  /** Reads all registers again; gives the blocks that are new in the index. */
  refresh(view: RegistryView, network: Network): number[] {
    this.settle(view)
    const found: number[] = []
    const gained: number[] = []
    const count = view.blockCount(this.#network)
    this.#addresses = 0
    for (let index = 0; index < count; index++) {
      const block = this.owned(view, index)
      if (!block) continue
      if (!this.lists(index)) gained.push(index)
      found.push(index)
      this.#addresses += usableCount(view, network, block)
    }
    this.#blocks = found
    return gained
  }

  /** Adds a block that has arrived; false if it is listed already or not owned. */
  add(view: RegistryView, network: Network, index: number): boolean {
    const block = this.owned(view, index)
    if (!block || this.lists(index)) return false
    this.#blocks.splice(lowerBound(this.#blocks, index), 0, index)
    this.#addresses += usableCount(view, network, block)
    return true
  }

  /** From now on the block is not used: its transfer is being written. */
  leave(view: RegistryView, network: Network, index: number): void {
    const block = view.block(this.#network, index)
    this.#leaving.add(index)
    if (!block || !this.lists(index)) return
    this.#blocks.splice(lowerBound(this.#blocks, index), 1)
    this.#addresses -= usableCount(view, network, block)
  }

  /** Forgets departures that the registers show: such a block counts again should it come back. */
  settle(view: RegistryView): void {
    for (const index of this.#leaving) {
      if (view.block(this.#network, index)?.owner !== this.#self) this.#leaving.delete(index)
    }
  }
}
