/** Registers of blocks, and of the addresses that were carved out of them. */
import type { NetworkId } from '../model/network.ts'
import { soundAddressChain } from './addresses.ts'
import type { Verify } from './batch.ts'
import { soundChain } from './blocks.ts'
import { ChainTable } from './chain-table.ts'
import type { Drops } from './droppable.ts'
import type { AddressLeaf, BlockLeaf } from './leaves.ts'
import type { LeafRecord, LiveSet } from './live-set.ts'

export class BlockTable {
  readonly #blocks: ChainTable<BlockLeaf>
  readonly #addresses: ChainTable<AddressLeaf>
  /** Blocks with a sound chain, in effect or not. */
  readonly #touched = new Map<NetworkId, Set<number>>()
  readonly #sorted = new Map<NetworkId, readonly number[]>()
  /** Addresses that some sound chain of a block carves out, whether it takes effect or not. */
  readonly #carved = new Map<NetworkId, Set<number>>()
  readonly #versions = new Map<NetworkId, number>()

  constructor(meshId: string, verify: Verify, live: LiveSet) {
    this.#blocks = new ChainTable(live, {
      slot: leaf => blockSlot(leaf.network, leaf.index),
      isSound: (leaf, dot) => soundChain(meshId, leaf, dot, verify),
    })
    this.#addresses = new ChainTable(live, {
      slot: leaf => addressSlot(leaf.network, leaf.ip),
      isSound: (leaf, dot) => soundAddressChain(meshId, leaf, dot, verify),
    })
  }

  put(record: LeafRecord<BlockLeaf>): void {
    if (!this.#blocks.put(record)) return
    const { network, index, transfers } = record.leaf
    this.#changed(network)
    const touched = this.#touched.get(network) ?? new Set()
    if (!touched.has(index)) this.#sorted.delete(network)
    this.#touched.set(network, touched.add(index))
    const carved = transfers.at(-1)?.carved ?? []
    if (carved.length === 0) return
    const known = this.#carved.get(network) ?? new Set()
    for (const ip of carved) known.add(ip)
    this.#carved.set(network, known)
  }

  putAddress(record: LeafRecord<AddressLeaf>): void {
    if (this.#addresses.put(record)) this.#changed(record.leaf.network)
  }

  /** Changes of the network's chains so far. */
  version(network: NetworkId): number {
    return this.#versions.get(network) ?? 0
  }

  /** Whether its chain is told again by another record. */
  mayDrop(record: LeafRecord<BlockLeaf> | LeafRecord<AddressLeaf>, drops: Drops): boolean {
    return isBlock(record) ? this.#blocks.mayDrop(record, drops) : this.#addresses.mayDrop(record, drops)
  }

  drop(record: LeafRecord<BlockLeaf> | LeafRecord<AddressLeaf>): void {
    if (isBlock(record)) this.#blocks.drop(record)
    else this.#addresses.drop(record)
    this.#changed(record.leaf.network)
  }

  chains(network: NetworkId, index: number): readonly LeafRecord<BlockLeaf>[] {
    return this.#blocks.chains(blockSlot(network, index))
  }

  addressChains(network: NetworkId, ip: number): readonly LeafRecord<AddressLeaf>[] {
    return this.#addresses.chains(addressSlot(network, ip))
  }

  /** Records that prove nothing. */
  unsound(): LeafRecord<BlockLeaf | AddressLeaf>[] {
    return [...this.#blocks.unsound, ...this.#addresses.unsound]
  }

  allBlocks(): LeafRecord<BlockLeaf>[] {
    return this.#blocks.all()
  }

  allAddresses(): LeafRecord<AddressLeaf>[] {
    return this.#addresses.all()
  }

  /** Blocks that some sound chain is about, in effect or not, ascending. */
  touched(network: NetworkId): readonly number[] {
    let sorted = this.#sorted.get(network)
    if (!sorted) {
      sorted = [...(this.#touched.get(network) ?? [])].sort((a, b) => a - b)
      this.#sorted.set(network, sorted)
    }
    return sorted
  }

  /** May hold some that no effective chain carves out; in no order. */
  carved(network: NetworkId): ReadonlySet<number> {
    return this.#carved.get(network) ?? new Set()
  }

  /** Records of the blocks that have several chains: those whose custody forked are among them. */
  forks(): (readonly LeafRecord<BlockLeaf>[])[] {
    return this.#blocks.forks()
  }

  /** The same of carved addresses. */
  addressForks(): (readonly LeafRecord<AddressLeaf>[])[] {
    return this.#addresses.forks()
  }

  #changed(network: NetworkId): void {
    this.#versions.set(network, this.version(network) + 1)
  }
}

function isBlock(record: LeafRecord<BlockLeaf> | LeafRecord<AddressLeaf>): record is LeafRecord<BlockLeaf> {
  return record.leaf.kind === 'block'
}

function blockSlot(network: NetworkId, index: number): string {
  return `block:${network}:${index}`
}

function addressSlot(network: NetworkId, ip: number): string {
  return `address:${network}:${ip}`
}
