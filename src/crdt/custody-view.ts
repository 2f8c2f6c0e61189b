/** Who may hand out which address, as everybody reads it. Part of `RegistryView`. */
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import type { Step, Transfer } from './leaves.ts'

/** The register of one block as it takes effect. Without a valid transfer it is its genesis: epoch 0. */
export interface Block {
  readonly index: number
  readonly owner: PeerKey
  readonly epoch: number
  readonly removal: number
  /** Addresses carved out of it. */
  readonly carved: readonly number[]
  /**
   * Given twice, its owner has two histories, or was removed and is not known to be down: nobody may use it. Else this peer
   * may not, yet.
   */
  readonly quarantined: boolean
  /** Whose it was when a removal made it its owner's (R9); absent if the genesis or a transfer gave it to its owner. */
  readonly inheritedFrom?: PeerKey
}

/** The register of an address that was carved out of its block (R6): whoever owns the block, this one's owner counts. */
export interface CarvedAddress {
  readonly ip: number
  /** Until it is given away, who carved it out: epoch 0. */
  readonly owner: PeerKey
  readonly epoch: number
  readonly removal: number
  /** As of a block: given or carved out twice, among others. */
  readonly quarantined: boolean
  /** As of a block. */
  readonly inheritedFrom?: PeerKey
}

export interface CustodyView {
  /** Number of blocks of a network; 0 if the network is unknown. */
  blockCount(network: NetworkId): number
  /** Addresses in a block: first and last, inclusive, before exclusions. */
  blockRange(network: NetworkId, index: number): { first: number; last: number }
  block(network: NetworkId, index: number): Block | undefined
  /** Index of the block that holds the address; undefined when none does. */
  blockOf(network: NetworkId, ip: number): number | undefined
  /** The custody chain behind `block`; empty at genesis. */
  transfers(network: NetworkId, index: number): readonly Transfer[]
  /** Its register, if the address was carved out of its block; otherwise the block's counts. */
  address(network: NetworkId, ip: number): CarvedAddress | undefined
  /** The custody chain behind `address`; empty while its carver has it. */
  addressTransfers(network: NetworkId, ip: number): readonly Step[]
  /** Addresses that were carved out of their blocks, ascending. */
  carved(network: NetworkId): number[]
  /** Another number whenever a block or an address of the network may have another owner, within one run of the process. */
  custodyVersion(network: NetworkId): number
  /** Who keeps the address for who asks for it by name: its owner, and only while it is that. */
  reservedBy(network: NetworkId, ip: number): PeerKey | undefined
  /** Addresses with a reservation in effect, ascending. */
  reserved(network: NetworkId): number[]
  /** Blocks that some custody chain is about, in effect or not, ascending; all others are as the genesis dealt them. */
  touchedBlocks(network: NetworkId): readonly number[]
  /** Block i was dealt to entry i mod n at the genesis; empty if the network is unknown. */
  dealOrder(network: NetworkId): readonly PeerKey[]
  /** Who has what this owner had: itself, or the heir of one that is gone; and whether nobody here may use it (R9). */
  successor(owner: PeerKey): { owner: PeerKey; quarantined: boolean }
}
