/** Asks the owner of one address for it: `--ip` in a block, or with a register, of another host. */
import type { Network } from '../crdt/registry-view.ts'
import { type Clock, sleep } from '../lib/clock.ts'
import { type ErrorCode, errorText, SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { Transport } from '../mesh/transport.ts'
import { formatIp } from '../model/ip.ts'
import type { Replica } from '../replica/replica.ts'
import { arrived } from './arrival.ts'
import type { Books } from './books.ts'
import { custodyOf } from './core/geometry.ts'
import { ownerSilent, type Viewpoint } from './core/refusals.ts'
import { decodeVerdict, donationProtocol, encodeClaim } from './core/want.ts'
import type { Hints } from './hints.ts'

export interface ClaimerDeps {
  replica: Replica
  transport: Pick<Transport, 'connected' | 'request'>
  books: Books
  hints: Hints
  clock: Clock
  log: Logger
  random: () => number
  viewpoint(): Viewpoint
}

const requestLimitMs = 2000
const retryMs = 200

/** What the owner itself says of the address; everything else is a failure of the way to it. */
const refusals: readonly ErrorCode[] = ['conflict', 'invalid', 'not-found', 'forbidden', 'in-use']

export class Claimer {
  readonly #deps: ClaimerDeps

  constructor(deps: ClaimerDeps) {
    this.#deps = deps
  }

  /**
   * Resolves when own durable state shows another owner than `owner`: this peer, as a rule. Throws what the owner says
   * against it, or `unavailable` naming the owner when it is out of reach or does not answer by the deadline (monotonic).
   */
  async claim(network: Network, ip: number, owner: PeerKey, deadlineMs: number): Promise<void> {
    const { replica, transport, clock, books, hints, log, random } = this.#deps
    const nonce = Math.floor(random() * 2 ** 32)
    // whole ones: a rest that is too small to move the clock would be waited for in vain, again and again
    const leftMs = () => Math.max(0, Math.floor(deadlineMs - clock.monotonic()))
    const hasMoved = () => custodyOf(replica.view, network.id, ip)?.owner !== owner
    while (leftMs() > 0 && transport.connected().includes(owner)) {
      const isYours = await this.#ask(network, ip, owner, nonce, Math.min(requestLimitMs, leftMs()))
      if (isYours === undefined) await sleep(clock, Math.min(retryMs, leftMs()))
      else if (await arrived(replica, hasMoved, leftMs)) {
        books.pool(network.id).gain(replica.view, [], [ip])
        hints.touch(network.id)
        log.info({ network: network.id, peer: owner, ip: formatIp(ip) }, 'address has a new owner')
        return
      }
    }
    throw ownerSilent(this.#deps.viewpoint(), network, ip, owner)
  }

  /** What the owner answers; undefined if nothing came. */
  async #ask(
    network: Network,
    ip: number,
    owner: PeerKey,
    nonce: number,
    limitMs: number,
  ): Promise<boolean | undefined> {
    try {
      const bytes = encodeClaim({ network: network.id, ip, nonce })
      return decodeVerdict(await this.#deps.transport.request(owner, donationProtocol, bytes, limitMs))
    } catch (error) {
      if (error instanceof SkeinError && refusals.includes(error.code)) throw error
      this.#deps.log.debug({ network: network.id, peer: owner, reason: errorText(error) }, 'no answer to a claim')
      return undefined
    }
  }
}
