/**
 * Keeps an address of this host for who asks for it by name (`--ip`): moved here from its owner while that is within reach, so that
 * it works in a split. It is carved out of its block, lest the block be given away with it (R6).
 */
import { giveAddressLeaves } from '../crdt/addresses.ts'
import type { Leaf } from '../crdt/leaves.ts'
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import type { Dot } from '../crdt/vector.ts'
import type { Clock } from '../lib/clock.ts'
import type { Signer } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import type { Replica } from '../replica/replica.ts'
import type { Books } from './books.ts'
import type { Claimer } from './claimer.ts'
import { custodyOf, isExcluded } from './core/geometry.ts'
import type { Pool } from './core/pool.ts'
import { coolingHere } from './core/pool-refusals.ts'
import {
  drained,
  heldByEndpoint,
  heldHere,
  noNetwork,
  pending,
  setAside,
  unusable,
  type Viewpoint,
} from './core/refusals.ts'
import type { Hints } from './hints.ts'

export interface ReservationDeps {
  replica: Replica
  signer: Signer
  books: Books
  hints: Hints
  claimer: Claimer
  clock: Clock
  viewpoint(): Viewpoint
}

/** An owner that is out of reach, or silent, is named after this at the latest. */
const claimLimitMs = 5000

export class Reservation {
  readonly #deps: ReservationDeps

  constructor(deps: ReservationDeps) {
    this.#deps = deps
  }

  /** See `Ipam.reserve`. */
  async reserve(id: NetworkId, ip: number): Promise<Dot | undefined> {
    const { replica, books, claimer, hints, clock } = this.#deps
    const deadlineMs = clock.monotonic() + claimLimitMs
    if (!replica.view.member(replica.self)?.settled) throw pending(this.#deps.viewpoint())
    const pool = books.pool(id)
    const awaited = pool.await(ip)
    try {
      for (;;) {
        const network = this.#check(replica.view, pool, ip)
        const custody = custodyOf(replica.view, id, ip)
        if (!custody || custody.quarantined) throw setAside(network, ip)
        if (custody.owner === replica.self) break
        await claimer.claim(network, ip, custody.owner, deadlineMs)
      }
      return await replica.write((view, first) => this.#leaves(view, pool, ip, first))
    } finally {
      awaited.done()
      hints.touch(id)
    }
  }

  /** See `Ipam.unreserve`. */
  async unreserve(network: NetworkId, ip: number): Promise<Dot | undefined> {
    const { replica, books, hints } = this.#deps
    const isOurs = (view: RegistryView) => view.reservedBy(network, ip) === replica.self
    const dot = await replica.write(view => (isOurs(view) ? [{ kind: 'reservation', network, ip, isKept: false }] : []))
    books.pool(network).gain(replica.view, [], [ip])
    hints.touch(network)
    return dot
  }

  #leaves(view: RegistryView, pool: Pool, ip: number, first: number): Leaf[] {
    const { replica, signer, books, viewpoint } = this.#deps
    const network = this.#check(view, pool, ip)
    if (view.reservedBy(network.id, ip) === replica.self) return []
    if (!pool.ownsAddress(view, ip)) throw heldHere(viewpoint(), network, ip)
    // from then on it is this host's own, and no removal's
    const waitMs = pool.inheritedInMs(view, ip, books.moment().nowMs)
    if (waitMs > 0) throw coolingHere(viewpoint(), network, waitMs)
    const isCarved = view.address(network.id, ip) !== undefined
    const carving = isCarved ? [] : giveAddressLeaves(view, signer, network.id, [ip], replica.self, first)
    pool.leaveAddresses(view, [ip])
    return [...carving, { kind: 'reservation', network: network.id, ip, isKept: true }]
  }

  /** Throws why the address cannot be reserved, as far as this host sees. */
  #check(view: RegistryView, pool: Pool, ip: number): Network {
    const network = view.network(pool.network)
    const at = this.#deps.viewpoint()
    if (network?.status !== 'live') throw noNetwork(pool.network, network)
    if (network.into !== undefined) throw drained(network, view.network(network.into))
    if (isExcluded(network, ip)) throw unusable(network, ip)
    const [holder] = view.holders(network.id, ip)
    if (holder) throw heldByEndpoint(at, network, holder)
    if (pool.ledger.heldEntry(ip)) throw heldHere(at, network, ip)
    return network
  }
}
