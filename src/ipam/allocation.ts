/** Handing out one address: chosen in one turn, journalled, then told (R7). */
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import { type Clock, withDeadline } from '../lib/clock.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import { type GroupId, poolRange } from '../model/group.ts'
import type { NetworkId } from '../model/network.ts'
import type { Replica } from '../replica/replica.ts'
import type { Asker } from './asker.ts'
import type { Books } from './books.ts'
import type { Claimer } from './claimer.ts'
import { type Claimant, claimantOf, mayHave } from './core/claimant.ts'
import { custodyOf, isExcluded, type Range } from './core/geometry.ts'
import type { Pool } from './core/pool.ts'
import { coolingHere, outsidePool, poolExhausted } from './core/pool-refusals.ts'
import {
  drained,
  exhausted,
  heldByEndpoint,
  heldHere,
  noNetwork,
  pending,
  setAside,
  slowDisk,
  unusable,
  type Viewpoint,
} from './core/refusals.ts'
import type { Hints } from './hints.ts'

export interface AllocationDeps {
  replica: Replica
  books: Books
  hints: Hints
  asker: Asker
  claimer: Claimer
  clock: Clock
  log: Logger
  viewpoint(): Viewpoint
  /** Resolves, soon, when this peer has asked whether others know better than it does (R8). */
  met(): Promise<void>
}

/** Docker's handlers answer within 8 s: looking for an address ends after this, so that writing it down has time left. */
const allocateLimitMs = 6000
/** Whatever is under way then: what comes of it afterwards is given back. */
const answerLimitMs = 7500
/** A pending peer waits so long, in case the acknowledgements that it lacks are under way. */
const settleLimitMs = 5000
/** An owner that is out of reach, or silent, is named after this at the latest. */
const claimLimitMs = 5000

export class Allocation {
  readonly #deps: AllocationDeps

  constructor(deps: AllocationDeps) {
    this.#deps = deps
  }

  /** See `Ipam.allocate`. */
  async allocate(id: NetworkId, preferred?: number, group?: GroupId): Promise<number> {
    const found = this.#allocate(id, preferred, group)
    let isLate = false
    const late = () => {
      isLate = true
      return slowDisk(this.#deps.viewpoint(), this.#deps.replica.view.network(id))
    }
    // the disk may take seconds for each write; nobody waits for this address any more then
    found.then(
      ip => isLate && this.#giveBack(id, ip),
      () => undefined,
    )
    return withDeadline(this.#deps.clock, found, answerLimitMs, late)
  }

  #giveBack(id: NetworkId, ip: number): void {
    const { books, hints, log } = this.#deps
    const warn = (err: unknown) =>
      log.warn({ err, network: id }, 'address that came too late not given back; it is soon')
    books.release(books.pool(id), ip).then(() => hints.touch(id), warn)
  }

  async #allocate(id: NetworkId, preferred: number | undefined, group: GroupId | undefined): Promise<number> {
    const deadlineMs = this.#deps.clock.monotonic() + allocateLimitMs
    await this.#deps.met()
    if (this.#deps.replica.fenced) throw this.#deps.replica.fenced
    const network = this.#demand(id)
    if (preferred !== undefined) this.#refuseIfHeld(network, preferred)
    if (preferred !== undefined) this.#refuseIfAnothers(network, preferred, group)
    await this.#waitUntilSettled(deadlineMs)
    const taken =
      preferred === undefined
        ? await this.#takeAny(id, group, deadlineMs)
        : await this.#takeThis(id, preferred, group, deadlineMs)
    this.#deps.books.pool(id).handOver(taken, group ?? '')
    return taken
  }

  #claimant(id: NetworkId, group: GroupId | undefined): Claimant {
    return claimantOf(this.#deps.replica.view, id, group)
  }

  /** The network, if this host may have new endpoints on it; one that drains only where it has containers already. */
  #demand(id: NetworkId): Network {
    const { view, self } = this.#deps.replica
    const network = view.network(id)
    if (network?.into !== undefined) throw drained(network, view.network(network.into))
    const isOpen =
      network?.status === 'live' ||
      view.heldBy(id).includes(self) ||
      view.endpointsOf(self).some(each => each.network === id)
    if (!network || !isOpen) throw noNetwork(id, network)
    return network
  }

  async #waitUntilSettled(deadlineMs: number): Promise<void> {
    const { replica, clock } = this.#deps
    const isSettled = (view: RegistryView) => view.member(replica.self)?.settled === true
    if (isSettled(replica.view)) return
    await replica.waitFor(isSettled, Math.min(settleLimitMs, deadlineMs - clock.monotonic())).catch(() => {
      throw pending(this.#deps.viewpoint())
    })
  }

  async #takeAny(id: NetworkId, group: GroupId | undefined, deadlineMs: number): Promise<number> {
    const { books, asker, clock } = this.#deps
    const pool = books.pool(id)
    const asked = new Set<number>()
    for (;;) {
      const claimant = this.#claimant(id, group)
      const ip = pool.pick(books.moment(), claimant)
      if (ip !== undefined) {
        if (await this.#handOut(pool, ip, group)) return ip
        continue
      }
      const network = this.#demand(id)
      const leftMs = deadlineMs - clock.monotonic()
      const isFound =
        leftMs > 0 &&
        (await (claimant.within ? this.#fetch(network, claimant.within, asked, deadlineMs) : asker.seek(id, leftMs)))
      if (isFound || pool.pick(books.moment(), claimant) !== undefined) continue
      const waitMs = pool.nextCoolInMs(books.moment(), claimant)
      if (waitMs > 0) throw coolingHere(this.#deps.viewpoint(), network, waitMs)
      if (claimant.within) throw poolExhausted(this.#deps.viewpoint(), network, claimant.within)
      throw exhausted(this.#deps.viewpoint(), network, { coolsInMs: asker.coolsInMs(id), silent: asker.silent(id) })
    }
  }

  /** Asks the owners of a pool's addresses for one of them, one after the other: whole blocks would bring others. */
  async #fetch(network: Network, { first, last }: Range, asked: Set<number>, deadlineMs: number): Promise<boolean> {
    const { replica, claimer, clock } = this.#deps
    const { view, self } = replica
    const silent = new Set<PeerKey>()
    for (let ip = first; ip <= last && clock.monotonic() < deadlineMs; ip++) {
      const custody = custodyOf(view, network.id, ip)
      const isTheirs = custody !== undefined && !custody.quarantined && custody.owner !== self
      if (!isTheirs || silent.has(custody.owner) || asked.has(ip) || isExcluded(network, ip)) continue
      if (view.holders(network.id, ip).length > 0 || view.reservedBy(network.id, ip) !== undefined) continue
      asked.add(ip)
      try {
        await claimer.claim(network, ip, custody.owner, Math.min(deadlineMs, clock.monotonic() + claimLimitMs))
        return true
      } catch (error) {
        if (!(error instanceof SkeinError)) throw error
        if (error.code === 'unavailable') silent.add(custody.owner) // else that one is not free
      }
    }
    return false
  }

  /** This address and no other; its owner is asked for it when that is somebody else. */
  async #takeThis(id: NetworkId, ip: number, group: GroupId | undefined, deadlineMs: number): Promise<number> {
    const { replica, books, claimer, clock } = this.#deps
    const claimDeadlineMs = Math.min(deadlineMs, clock.monotonic() + claimLimitMs)
    const awaited = books.pool(id).await(ip)
    try {
      for (;;) {
        const network = this.#demand(id)
        this.#refuseIfHeld(network, ip)
        const custody = custodyOf(replica.view, id, ip)
        if (!custody || custody.quarantined) throw setAside(network, ip)
        if (custody.owner === replica.self) return await this.#takeOwn(network, ip, this.#claimant(id, group))
        // it may be on its way to a third: then that one is asked
        await claimer.claim(network, ip, custody.owner, claimDeadlineMs)
      }
    } finally {
      awaited.done()
    }
  }

  async #takeOwn(network: Network, ip: number, claimant: Claimant): Promise<number> {
    const { replica, books, viewpoint } = this.#deps
    const pool = books.pool(network.id)
    const waitMs = pool.coolsInMs(replica.view, ip, claimant, books.moment().nowMs)
    if (waitMs > 0) throw coolingHere(viewpoint(), network, waitMs)
    const isFree = !pool.ledger.heldEntry(ip) && pool.ownsAddress(replica.view, ip)
    if (!isFree || !(await this.#handOut(pool, ip, claimant.group))) throw heldHere(viewpoint(), network, ip)
    return ip
  }

  /**
   * Journals the address as held; false when it turned out, after the time which that took, not to be ours to give. Throws when this peer was
   * found to be a copy meanwhile (R8).
   */
  async #handOut(pool: Pool, ip: number, group: GroupId | undefined): Promise<boolean> {
    const { replica, books, hints, asker } = this.#deps
    await books.hold(pool, ip, false, group ?? '')
    hints.touch(pool.network)
    // it stays held then: a fenced peer writes nothing down any more, and gives nothing out
    if (replica.fenced) throw replica.fenced
    const isGood = this.#isStillOurs(pool, ip)
    if (!isGood) await books.release(pool, ip)
    if (pool.isLow(books.moment())) asker.prepare(pool.network)
    return isGood
  }

  /** R3 and R5 once more. */
  #isStillOurs(pool: Pool, ip: number): boolean {
    const { view } = this.#deps.replica
    return pool.ownsAddress(view, ip) && view.holders(pool.network, ip).length === 0
  }

  #refuseIfAnothers(network: Network, ip: number, group: GroupId | undefined): void {
    const { objects } = this.#deps.replica.view
    if (mayHave(this.#claimant(network.id, group), ip)) return
    const own = objects.group(group ?? '')
    const holder = objects.groups(network.tenant).find(({ network: id, pool }) => {
      const range = id === network.id ? poolRange(pool) : undefined
      return range !== undefined && ip >= range.first && ip <= range.last
    })
    throw outsidePool(network, ip, own, holder)
  }

  #refuseIfHeld(network: Network, ip: number): void {
    if (isExcluded(network, ip)) throw unusable(network, ip)
    const [holder] = this.#deps.replica.view.holders(network.id, ip)
    if (holder) throw heldByEndpoint(this.#deps.viewpoint(), network, holder)
  }
}
