/** Who may hand out which address, and handing it out. (Interface; `create.ts` builds it.) */
import type { Dot } from '../crdt/vector.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { GroupId } from '../model/group.ts'
import type { NetworkId } from '../model/network.ts'

/** How far a drain is. */
export interface Drained {
  /** Blocks and single addresses handed over by this call. */
  given: number
  /** What could still go: call again. */
  left: number
  /** Blocks that stay: an address in them is in use, or was within the last 30 s. */
  inUse: number
  to: PeerKey[]
  /** Of these, who does not hold all of it yet. */
  waitingFor: PeerKey[]
}

export interface Ipam {
  /**
   * An address of the network for a container of this host: durable before it resolves (R7). Asks other owners when its
   * own are used up, and the owner of `preferred` for that one. Throws within 8 s: `exhausted` naming who holds the free
   * addresses, `unavailable` naming whom a pending peer waits for, or (within 6 s) the owner of `preferred` when it is out
   * of reach, `conflict` when `preferred` is not free, `not-found` for an unknown or deleted network. With `group` it is one
   * of the group's pool, if that has one; without a pool it is of none.
   */
  allocate(network: NetworkId, preferred?: number, group?: GroupId): Promise<number>
  /**
   * Keeps an address for this host, to be handed out by `preferred` alone; durable. Asks its owner for it. Resolves with
   * undefined if it is so already. Throws `conflict` when it is in use or reserved, within 6 s `unavailable` naming an owner
   * that is out of reach, `invalid` for an address that no container can have.
   */
  reserve(network: NetworkId, ip: number): Promise<Dot | undefined>
  /** Ends that; resolves with undefined if this host does not keep it. */
  unreserve(network: NetworkId, ip: number): Promise<Dot | undefined>
  /** Gives an address back; idempotent; unknown addresses are ignored. */
  release(network: NetworkId, ip: number): Promise<void>
  /** Marks an address as held by a container that Docker already runs (adoption at start); idempotent. */
  claim(network: NetworkId, ip: number): Promise<void>
  /**
   * Docker runs containers with these addresses, and with no others: of what is held these are claimed, and all other claims end. What has no endpoint
   * record then either is taken back soon: Docker gives the address of a container that goes back by itself, unless it dies in between.
   */
  noteRunning(running: Iterable<{ network: NetworkId; ip: number }>): void
  /** Addresses that this host has handed out and not taken back, also those without an endpoint record yet. */
  held(network: NetworkId): number[]
  /**
   * Per owner, for people: how many addresses it may hand out, how many endpoints hold one, and how
   * many others are reserved. Sorted by owner.
   */
  usage(network: NetworkId): { owner: PeerKey; addresses: number; used: number; reserved: number }[]
  /**
   * Hands blocks and single addresses of this host that nobody uses to the settled members within reach, evenly, for at most about
   * `limitMs`. Throws `unavailable` when there are none.
   */
  drain(limitMs: number): Promise<Drained>
  start(): void
  stop(): Promise<void>
}
