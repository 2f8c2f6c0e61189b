/** Builds the address service of a peer from its parts. */
import type { Dot } from '../crdt/vector.ts'
import type { Clock } from '../lib/clock.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey, Signer } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { Transport } from '../mesh/transport.ts'
import type { GroupId } from '../model/group.ts'
import type { NetworkId } from '../model/network.ts'
import type { Replica } from '../replica/replica.ts'
import { Allocation } from './allocation.ts'
import { Asker } from './asker.ts'
import { Books } from './books.ts'
import { Carver } from './carver.ts'
import { Claimer } from './claimer.ts'
import type { createLedger } from './core/ledger.ts'
import type { Viewpoint } from './core/refusals.ts'
import { type Usage, usageOf } from './core/usage.ts'
import { decodeRequest, donationProtocol } from './core/want.ts'
import { Donor } from './donor.ts'
import { Drainer } from './drainer.ts'
import { firstContact } from './first-contact.ts'
import { Hints } from './hints.ts'
import type { Drained, Ipam } from './ipam.ts'
import { Reservation } from './reservation.ts'
import { Sweeper } from './sweeper.ts'

export interface IpamDeps {
  /** With its journal read: local facts are taken from it at once. */
  replica: Replica
  transport: Pick<Transport, 'connected' | 'request' | 'handle'>
  /** Of this peer's own key: signs transfers of blocks. */
  signer: Signer
  clock: Clock
  log: Logger
  /** Uniform in [0, 1). */
  random: () => number
  /** What to call a member in messages. @default the member's name, or the beginning of its key */
  nameOf?: (key: PeerKey) => string
  /** Nothing is handed out before this resolves (R9: a peer that comes back may have been removed). @default at once */
  cleared?: () => Promise<void>
  /** What keeps account of a network's addresses. @default `createLedger` */
  newLedger?: typeof createLedger
}

/**
 * The address service. Call `start` after the containers of this host are claimed (R5): from then on it gives blocks to
 * other members, publishes hints and takes stale addresses back. `stop` leaves nothing running.
 */
export function createIpam(deps: IpamDeps): Ipam {
  return new AddressService(deps)
}

class AddressService implements Ipam {
  readonly #deps: IpamDeps
  readonly #books: Books
  readonly #hints: Hints
  readonly #sweeper: Sweeper
  readonly #donor: Donor
  readonly #carver: Carver
  readonly #allocation: Allocation
  readonly #reservation: Reservation
  readonly #drainer: Drainer
  /** Allocations under way per network. */
  readonly #waiters = new Map<NetworkId, number>()
  #isStopped = false
  #contact: Promise<void> | undefined

  constructor(deps: IpamDeps) {
    const { replica, clock } = deps
    this.#deps = deps
    this.#books = new Books(replica, clock, deps.newLedger)
    const books = this.#books
    this.#hints = new Hints({ ...deps, books })
    const parts = {
      ...deps,
      ...{ books, hints: this.#hints, viewpoint: () => this.#viewpoint() },
      waiting: (network: NetworkId) => this.#waiting(network),
      met: () => this.#met(),
    }
    this.#sweeper = new Sweeper(parts)
    this.#donor = new Donor(parts)
    this.#carver = new Carver(parts)
    const claimer = new Claimer(parts)
    this.#allocation = new Allocation({ ...parts, asker: new Asker(parts), claimer })
    this.#reservation = new Reservation({ ...parts, claimer })
    this.#drainer = new Drainer(parts)
  }

  async allocate(network: NetworkId, preferred?: number, group?: GroupId): Promise<number> {
    this.#refuseIfStopped()
    this.#waiters.set(network, this.#waiting(network) + 1)
    try {
      await this.#deps.cleared?.()
      return await this.#allocation.allocate(network, preferred, group)
    } finally {
      const left = this.#waiting(network) - 1
      if (left > 0) this.#waiters.set(network, left)
      else this.#waiters.delete(network)
    }
  }

  /** R8: a peer asks those within reach whether they know better before it hands anything out. */
  #met(): Promise<void> {
    this.#contact ??= firstContact(this.#deps)
    return this.#contact
  }

  async reserve(network: NetworkId, ip: number): Promise<Dot | undefined> {
    this.#refuseIfStopped()
    await this.#deps.cleared?.()
    return this.#reservation.reserve(network, ip)
  }

  async unreserve(network: NetworkId, ip: number): Promise<Dot | undefined> {
    this.#refuseIfStopped()
    return this.#reservation.unreserve(network, ip)
  }

  async release(network: NetworkId, ip: number): Promise<void> {
    const pool = this.#books.find(network)
    if (!pool?.ledger.heldEntry(ip) || this.#deps.replica.fenced) return
    await this.#books.release(pool, ip)
    this.#hints.touch(network)
  }

  async claim(network: NetworkId, ip: number): Promise<void> {
    await this.#books.hold(this.#books.pool(network), ip, true)
    this.#hints.touch(network)
  }

  noteRunning(running: Iterable<{ network: NetworkId; ip: number }>): void {
    this.#sweeper.noteRunning(running)
  }

  held(network: NetworkId): number[] {
    const held = this.#books.find(network)?.ledger.held() ?? []
    return [...held].map(([ip]) => ip).sort((a, b) => a - b)
  }

  usage(id: NetworkId): Usage[] {
    const { view } = this.#deps.replica
    const network = view.network(id)
    return network ? usageOf(view, network) : []
  }

  async drain(limitMs: number): Promise<Drained> {
    this.#refuseIfStopped()
    await this.#deps.cleared?.()
    return this.#drainer.drain(limitMs)
  }

  start(): void {
    this.#deps.transport.handle(donationProtocol, async (from, request) => {
      this.#refuseIfStopped()
      await this.#met()
      const asked = decodeRequest(request)
      return asked.kind === 'want' ? this.#donor.answer(from, asked) : this.#carver.answer(from, asked)
    })
    void this.#met()
    this.#hints.start()
    this.#sweeper.start()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#hints.stop()
    this.#sweeper.stop()
    this.#books.stop()
  }

  #viewpoint(): Viewpoint {
    const { replica, transport } = this.#deps
    const { view, self } = replica
    const nameOf = this.#deps.nameOf ?? (key => view.member(key)?.name ?? key.slice(0, 12))
    return { view, self, connected: transport.connected(), nameOf }
  }

  #waiting(network: NetworkId): number {
    return this.#waiters.get(network) ?? 0
  }

  #refuseIfStopped(): void {
    if (this.#isStopped) throw new SkeinError('unavailable', 'this peer is stopping: try again when skeind runs')
  }
}
