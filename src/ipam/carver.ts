/** Gives one address that a member asks for by name: carved out of its block for ever, in one durable write (R1, R2, R6). */
import { giveAddressLeaves } from '../crdt/addresses.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import { isGoing } from '../crdt/removal-readings.ts'
import { type Clock, withDeadline } from '../lib/clock.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey, Signer } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import { formatIp } from '../model/ip.ts'
import type { Replica } from '../replica/replica.ts'
import type { Books } from './books.ts'
import { custodyOf, isExcluded } from './core/geometry.ts'
import type { Pool } from './core/pool.ts'
import { coolingHere } from './core/pool-refusals.ts'
import {
  coolingDown,
  goingAway,
  heldByEndpoint,
  heldHere,
  noNetwork,
  reserved,
  unusable,
  type Viewpoint,
} from './core/refusals.ts'
import { type Claim, encodeVerdict } from './core/want.ts'
import { catchUp, mayGive } from './entitlement.ts'
import type { Hints } from './hints.ts'
import { Replies } from './replies.ts'

export interface CarverDeps {
  replica: Replica
  signer: Signer
  books: Books
  hints: Hints
  clock: Clock
  log: Logger
  viewpoint(): Viewpoint
}

/** Catching up and answering take no longer than the asker waits (`requestLimitMs` in claimer.ts). */
const answerLimitMs = 1000

export class Carver {
  readonly #deps: CarverDeps
  readonly #replies = new Replies<boolean>()

  constructor(deps: CarverDeps) {
    this.#deps = deps
  }

  /** Answers a claim; its errors reach the asker as text. */
  async answer(from: PeerKey, claim: Claim): Promise<Uint8Array> {
    const { network, ip, nonce } = claim
    await catchUp(this.#deps.replica, from, network)
    const given = this.#replies.once(`${network}/${ip}/${from}`, nonce, () => this.#give(from, claim))
    const late = () => new SkeinError('timeout', 'the transfer was not written in time')
    return encodeVerdict(await withDeadline(this.#deps.clock, given, answerLimitMs, late))
  }

  /** True once the address is durably the asker's; false if it is not this peer's to give. */
  async #give(from: PeerKey, { network, ip }: Claim): Promise<boolean> {
    const { replica, signer, books, hints, log } = this.#deps
    const pool = books.pool(network)
    let isTheirs = false
    const dot = await replica.write((view, first) => {
      const custody = custodyOf(view, network, ip)
      isTheirs = custody?.owner === from && !custody.quarantined
      if (isTheirs || !pool.ownsAddress(view, ip)) return []
      this.#refuseUnlessFree(view, pool, from, ip)
      const leaves = giveAddressLeaves(view, signer, network, [ip], from, first)
      pool.leaveAddresses(view, [ip])
      isTheirs = true
      return leaves
    })
    if (!dot) return isTheirs
    hints.touch(network)
    log.info({ network, peer: from, ip: formatIp(ip) }, 'address given')
    const forgotten = pool.ledger.freedEntry(ip) ? [ip] : []
    books.forget(pool, forgotten).catch(err => log.warn({ err, network }, 'freed address that was given not forgotten'))
    return true
  }

  #refuseUnlessFree(view: RegistryView, pool: Pool, to: PeerKey, ip: number): void {
    const { replica, books } = this.#deps
    const at = { ...this.#deps.viewpoint(), view }
    const network = view.network(pool.network)
    if (isGoing(view, replica.self, to)) throw goingAway()
    if (!network || !mayGive(view, replica.self, to, pool.network)) throw noNetwork(pool.network, network)
    if (isExcluded(network, ip)) throw unusable(network, ip)
    const [holder] = view.holders(network.id, ip)
    if (holder) throw heldByEndpoint(at, network, holder)
    if (view.reservedBy(network.id, ip) !== undefined) throw reserved(at, network, ip)
    if (pool.ledger.heldEntry(ip)) throw heldHere(at, network, ip)
    const { nowMs } = books.moment()
    const inheritedMs = pool.inheritedInMs(view, ip, nowMs)
    if (inheritedMs > 0) throw coolingHere(at, network, inheritedMs)
    const waitMs = pool.ledger.coolsInMs(ip, nowMs)
    if (waitMs > 0) throw coolingDown(at, network, ip, waitMs)
  }
}
