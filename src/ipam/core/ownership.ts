/**
 * An index of the blocks of one network that this peer owns, and of the carved-out addresses that are its own. It is a hint that saves walking 262,144 blocks of a /8 for
 * each allocation: whoever hands out or gives away asks `owns` first, which reads the registers themselves (R3).
 */
import type { Block, Network, RegistryView } from '../../crdt/registry-view.ts'
import type { PeerKey } from '../../lib/keys.ts'
import type { NetworkId } from '../../model/network.ts'
import { custodyOf, isExcluded, rangeOf, usableCount } from './geometry.ts'

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
  #carved: number[] = []
  #addresses = 0

  constructor(self: PeerKey, network: NetworkId) {
    this.#self = self
    this.#network = network
  }

  /** Ascending; as of the last `refresh`, `add` and `leave`. */
  get blocks(): readonly number[] {
    return this.#blocks
  }

  /** Own addresses that were carved out of a block, ascending; as of the last `refresh`, `addCarved` and `leaveAddress`. */
  get carved(): readonly number[] {
    return this.#carved
  }

  /** Addresses in `blocks` and `carved` that may be handed out, used or not. */
  get addresses(): number {
    return this.#addresses
  }

  /** The block, if its register says now that it is this peer's, and it is not on its way to another. */
  owned(view: RegistryView, index: number): Block | undefined {
    const block = view.block(this.#network, index)
    return block?.owner === this.#self && !block.quarantined && !this.#leaving.has(index) ? block : undefined
  }

  /** True if the registers say now that this peer may hand the address out. */
  ownsAddress(view: RegistryView, ip: number): boolean {
    const custody = custodyOf(view, this.#network, ip)
    if (custody?.owner !== this.#self || custody.quarantined) return false
    return custody.isCarved || !this.#leaving.has(custody.index)
  }

  /** True if the index counts the address. */
  listsAddress(view: RegistryView, ip: number): boolean {
    if (this.#carved[lowerBound(this.#carved, ip)] === ip) return true
    const index = view.blockOf(this.#network, ip)
    return index !== undefined && this.lists(index) && !view.address(this.#network, ip)
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
    this.#addresses = 0
    for (const index of this.#candidates(view)) {
      const block = this.owned(view, index)
      if (!block) continue
      if (!this.lists(index)) gained.push(index)
      found.push(index)
      this.#addresses += usableCount(view, network, block)
    }
    this.#blocks = found
    this.#carved = []
    for (const ip of view.carved(this.#network)) this.addCarved(view, network, ip)
    return gained
  }

  /** Blocks that may be own, ascending: what the genesis dealt to this peer, or to one that it is the heir of, and what has moved. */
  #candidates(view: RegistryView): number[] {
    const order = view.dealOrder(this.#network)
    const own = order.flatMap((key, at) => (view.successor(key).owner === this.#self ? [at] : []))
    const count = view.blockCount(this.#network)
    const found = [...view.touchedBlocks(this.#network)].filter(index => !own.includes(index % order.length))
    for (const at of own) for (let index = at; index < count; index += order.length) found.push(index)
    return found.sort((a, b) => a - b)
  }

  /** Own addresses that may have come with a removal, used or not: of blocks, then those that were carved out. */
  *inherited(view: RegistryView, network: Network): Generator<number> {
    for (const index of this.#blocks) {
      const block = this.owned(view, index)
      if (block?.inheritedFrom === undefined) continue
      const { first, last } = rangeOf(view, network, index)
      for (let ip = first; ip <= last; ip++) if (!block.carved.includes(ip) && !isExcluded(network, ip)) yield ip
    }
    yield* this.#carved
  }

  /** Adds a carved-out address that has arrived; nothing if it is listed already, not owned, or reserved. */
  addCarved(view: RegistryView, network: Network, ip: number): void {
    const at = lowerBound(this.#carved, ip)
    const isOwn = view.address(this.#network, ip) !== undefined && this.ownsAddress(view, ip)
    if (!isOwn || this.#carved[at] === ip || isExcluded(network, ip)) return
    if (view.reservedBy(this.#network, ip) !== undefined) return
    this.#carved.splice(at, 0, ip)
    this.#addresses++
  }

  /** The address is about to be given away: carved out of an own block, or carved out earlier. */
  leaveAddress(view: RegistryView, ip: number): void {
    if (!this.listsAddress(view, ip)) return
    this.#addresses--
    const at = lowerBound(this.#carved, ip)
    if (this.#carved[at] === ip) this.#carved.splice(at, 1)
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
