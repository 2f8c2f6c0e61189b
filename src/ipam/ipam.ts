/** Who may hand out which address, and handing it out. (Interface; `create.ts` builds it.) */
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'

export interface Ipam {
  /**
   * An address of the network for a container of this host: durable before it resolves (R7). Asks other owners when its
   * own are used up, and the owner of `preferred` for that one. Throws within 8 s: `exhausted` naming who holds the free
   * addresses, `unavailable` naming whom a pending peer waits for, or (within 6 s) the owner of `preferred` when it is out
   * of reach, `conflict` when `preferred` is not free, `not-found` for an unknown or deleted network.
   */
  allocate(network: NetworkId, preferred?: number): Promise<number>
  /** Gives an address back; idempotent; unknown addresses are ignored. */
  release(network: NetworkId, ip: number): Promise<void>
  /** Marks an address as held by a container that Docker already runs (adoption at start); idempotent. */
  claim(network: NetworkId, ip: number): Promise<void>
  /** Addresses that this host has handed out and not taken back, also those without an endpoint record yet. */
  held(network: NetworkId): number[]
  /** Per owner, for people: how many addresses it may hand out and how many endpoints hold one. Sorted by owner. */
  usage(network: NetworkId): { owner: PeerKey; addresses: number; used: number }[]
  start(): void
  stop(): Promise<void>
}
