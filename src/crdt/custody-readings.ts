/** Whose blocks and addresses are, by the genesis, their chains of custody and the rules of removal. Part of the registry. */
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import { type Carving, carvingOf } from './addresses.ts'
import { blockCount, blockIndex, blockRange, dealOrder } from './blocks.ts'
import type { Tables } from './condition-text.ts'
import { countedSteps, holderOf, isUnfounded } from './custody.ts'
import type { Block, CarvedAddress, CustodyView } from './custody-view.ts'
import type { AddressLeaf, BlockLeaf, Step, Transfer } from './leaves.ts'
import type { LeafRecord } from './live-set.ts'
import type { Merge } from './merge.ts'
import type { Network } from './networks-view.ts'

export interface CustodyContext {
  readonly merge: Merge
  network(id: NetworkId): Network | undefined
  /** Nobody may use what it owns (R8). */
  isFenced(key: PeerKey): boolean
}

export class CustodyReadings implements CustodyView {
  readonly #context: CustodyContext
  readonly #merge: Merge
  readonly #deals = new Map<NetworkId, readonly PeerKey[]>()

  constructor(context: CustodyContext) {
    this.#context = context
    this.#merge = context.merge
  }

  successor(owner: PeerKey): { owner: PeerKey; quarantined: boolean } {
    return this.#merge.removals.successor(owner)
  }

  blockCount(id: NetworkId): number {
    const network = this.#context.network(id)
    return network ? blockCount(network.spec.subnet, network.roster.length) : 0
  }

  blockRange(id: NetworkId, index: number): { first: number; last: number } {
    const network = this.#context.network(id)
    return network ? blockRange(network.spec.subnet, network.roster.length, index) : { first: 0, last: -1 }
  }

  blockOf(id: NetworkId, ip: number): number | undefined {
    const network = this.#context.network(id)
    return network ? blockIndex(network.spec.subnet, network.roster.length, ip) : undefined
  }

  block(id: NetworkId, index: number): Block | undefined {
    const root = this.#genesisOwner(id, index)
    if (root === undefined) return undefined
    const chains = this.#blockChains(id, index)
    const carved = chains[0]?.at(-1)?.carved ?? []
    return { index, removal: 0, carved, ...this.#holderOf(id, chains, root) }
  }

  transfers(id: NetworkId, index: number): readonly Transfer[] {
    return this.#blockChains(id, index)[0] ?? []
  }

  address(id: NetworkId, ip: number): CarvedAddress | undefined {
    const carving = this.#carvingOf(id, ip)
    if (!carving) return undefined
    const held = this.#holderOf(id, this.#addressChains(id, ip), carving.carver)
    return { ip, removal: 0, ...held, quarantined: carving.disputed || held.quarantined }
  }

  addressTransfers(id: NetworkId, ip: number): readonly Step[] {
    return this.#addressChains(id, ip)[0] ?? []
  }

  carved(id: NetworkId): number[] {
    return [...this.#blocks.carved(id)].filter(ip => this.#carvingOf(id, ip)).sort((a, b) => a - b)
  }

  custodyVersion(id: NetworkId): number {
    // owners follow from chains, from who is gone, and from the roster, which may become known later
    return this.#merge.eras.numbered(this.#blocks.version(id) + this.#merge.listVersion)
  }

  reservedBy(id: NetworkId, ip: number): PeerKey | undefined {
    const address = this.address(id, ip)
    const isKept = address !== undefined && !address.quarantined && this.#reservations.isKept(id, ip, address.owner)
    return isKept ? address.owner : undefined
  }

  reserved(id: NetworkId): number[] {
    return this.#reservations.everReserved(id).filter(ip => this.reservedBy(id, ip) !== undefined)
  }

  touchedBlocks(id: NetworkId): readonly number[] {
    return this.#blocks.touched(id)
  }

  dealOrder(id: NetworkId): readonly PeerKey[] {
    const network = this.#context.network(id)
    if (!network) return []
    let order = this.#deals.get(id)
    if (!order) {
      order = dealOrder(id, network.roster)
      this.#deals.set(id, order)
    }
    return order
  }

  /** Records of what was given away twice. */
  twice(): Tables['twice'] {
    return {
      blocks: this.#blocks
        .forks()
        .filter(([one]) => one && this.#blockChains(one.leaf.network, one.leaf.index).length > 1),
      addresses: this.#blocks
        .addressForks()
        .filter(([one]) => one && this.#addressChains(one.leaf.network, one.leaf.ip).length > 1),
    }
  }

  /** Chains that forge a right: not signed as they say, or by who had nothing to give. Of networks that are known. */
  forged(): LeafRecord<BlockLeaf | AddressLeaf>[] {
    const { removals } = this.#merge
    const isKnown = ({ leaf }: LeafRecord<BlockLeaf | AddressLeaf>) => this.#context.network(leaf.network) !== undefined
    const blocks = this.#blocks.allBlocks().filter(({ leaf: { network, index, transfers } }) => {
      const root = this.#genesisOwner(network, index)
      return root === undefined || isUnfounded(transfers, root, removals)
    })
    const addresses = this.#blocks.allAddresses().filter(({ leaf: { network, ip, transfers } }) => {
      const carvers = this.#carversOf(network, ip)
      if (carvers.length === 0) return !this.#blocks.carved(network).has(ip)
      return carvers.every(carver => isUnfounded(transfers, carver, removals))
    })
    return [...this.#blocks.unsound(), ...blocks, ...addresses].filter(isKnown)
  }

  get #blocks() {
    return this.#merge.tables.blocks
  }

  get #reservations() {
    return this.#merge.tables.reservations
  }

  #carvingOf(id: NetworkId, ip: number): Carving | undefined {
    if (!this.#blocks.carved(id).has(ip)) return undefined
    const index = this.blockOf(id, ip)
    return index === undefined ? undefined : carvingOf(this.#blockChains(id, index), ip)
  }

  /**
   * By any chain of its block, in effect or not: of a block that was given twice, or whose step a removal cut off, more than one may
   * have carved it out in good faith. Who forges such a chain is shown for that.
   */
  #carversOf(id: NetworkId, ip: number): PeerKey[] {
    const index = this.blockOf(id, ip)
    const chains = index === undefined ? [] : this.#blocks.chains(id, index)
    return chains.flatMap(({ leaf }) => leaf.transfers.find(({ carved }) => carved.includes(ip))?.from ?? [])
  }

  #blockChains(id: NetworkId, index: number): readonly (readonly Transfer[])[] {
    const root = this.#genesisOwner(id, index)
    return root === undefined ? [] : countedSteps(this.#blocks.chains(id, index), root, this.#merge.removals)
  }

  #addressChains(id: NetworkId, ip: number): readonly (readonly Step[])[] {
    const carving = this.#carvingOf(id, ip)
    return carving ? countedSteps(this.#blocks.addressChains(id, ip), carving.carver, this.#merge.removals) : []
  }

  #holderOf(id: NetworkId, chains: readonly (readonly Step[])[], root: PeerKey) {
    const { removals, tables } = this.#merge
    const held = holderOf(chains, root, removals)
    const isDoubtful =
      held.owner === removals.self &&
      removals.hasDoubts &&
      tables.networks.creators(id).every(key => removals.isDoubtful(key))
    return isDoubtful || this.#context.isFenced(held.owner) ? { ...held, quarantined: true } : held
  }

  #genesisOwner(id: NetworkId, index: number): PeerKey | undefined {
    if (index < 0 || index >= this.blockCount(id)) return undefined
    const order = this.dealOrder(id)
    return order[index % order.length]
  }
}
