/** Gives blocks to members that ask: chosen and written in one turn (R1), durable before the reply (R2). */
import { transferLeaf } from '../crdt/blocks.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import { type Clock, withDeadline } from '../lib/clock.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey, Signer } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { NetworkId } from '../model/network.ts'
import type { Replica } from '../replica/replica.ts'
import type { Books } from './books.ts'
import { chooseBlocks } from './core/donation.ts'
import { blockOf } from './core/geometry.ts'
import type { Pool } from './core/pool.ts'
import { decodeWant, encodeGrant, type Want } from './core/want.ts'
import type { Hints } from './hints.ts'

export interface DonorDeps {
  replica: Replica
  signer: Signer
  books: Books
  hints: Hints
  clock: Clock
  log: Logger
  /** Containers of this host that wait for an address of the network. */
  waiting(network: NetworkId): number
}

/** Catching up and answering take no longer than the asker waits (`requestLimitMs` in asker.ts). */
const answerLimitMs = 1000
/** The asker may be ahead: it has just settled, or the network is new. Records take milliseconds to arrive. */
const catchUpLimitMs = 1000

/** Replies kept for askers that repeat a request; one per asker and network. */
const maxReplies = 4096

export class Donor {
  readonly #deps: DonorDeps
  readonly #replies = new Map<string, { nonce: number; given: Promise<number[]> }>()

  constructor(deps: DonorDeps) {
    this.#deps = deps
  }

  /** Answers a request of `/skein/ipam/1`; its errors reach the asker as text. */
  async answer(from: PeerKey, request: Uint8Array): Promise<Uint8Array> {
    const want = decodeWant(request)
    await this.#catchUp(from, want.network)
    const late = () => new SkeinError('timeout', 'the block was not written in time')
    return encodeGrant(await withDeadline(this.#deps.clock, this.#givenOnce(from, want), answerLimitMs, late))
  }

  /** The same request, told by its nonce, gives once. */
  #givenOnce(from: PeerKey, want: Want): Promise<number[]> {
    const key = `${want.network}/${from}`
    const before = this.#replies.get(key)
    if (before?.nonce === want.nonce) return before.given
    const given = this.#give(from, want)
    this.#replies.delete(key)
    this.#replies.set(key, { nonce: want.nonce, given })
    given.catch(() => this.#replies.delete(key)) // a failure is for this request's asker, not for its next attempt
    for (const oldest of this.#replies.keys()) {
      if (this.#replies.size <= maxReplies) break
      this.#replies.delete(oldest)
    }
    return given
  }

  async #give(from: PeerKey, want: Want): Promise<number[]> {
    const { replica, signer, books, hints, log } = this.#deps
    const pool = books.pool(want.network)
    let given: number[] = []
    await replica.write(view => {
      if (!mayGive(view, replica.self, from, want.network)) return []
      const evenLast = want.evenLast && this.#deps.waiting(want.network) === 0
      given = chooseBlocks({ ...books.moment(), view }, pool, { count: want.count, evenLast })
      const leaves = given.map(index => transferLeaf(view, signer, want.network, index, from))
      pool.leave(view, given)
      return leaves
    })
    if (given.length === 0) return given
    pool.settle(replica.view)
    hints.touch(want.network)
    log.info({ network: want.network, peer: from, blocks: given }, 'blocks given')
    books
      .forget(pool, freedIn(replica.view, pool, given))
      .catch(err => log.warn({ err, network: want.network }, 'freed addresses of a given block not forgotten'))
    return given
  }

  /** Throws the reason when, after a moment, the asker still is not entitled. */
  async #catchUp(asker: PeerKey, network: NetworkId): Promise<void> {
    const { replica } = this.#deps
    const isEntitled = (view: RegistryView) =>
      view.member(asker)?.settled === true && view.network(network) !== undefined
    if (isEntitled(replica.view)) return
    await replica.waitFor(isEntitled, catchUpLimitMs).catch(() => {
      if (!replica.view.member(asker)?.settled) throw new SkeinError('forbidden', 'only settled members own addresses')
      throw new SkeinError('not-found', 'network is unknown here')
    })
  }
}

function mayGive(view: RegistryView, self: PeerKey, to: PeerKey, network: NetworkId): boolean {
  if (!view.member(self)?.settled || !view.member(to)?.settled || self === to) return false
  return view.network(network)?.status === 'live'
}

/** The next owner decides anew about these: they have cooled down. */
function freedIn(view: RegistryView, pool: Pool, indices: readonly number[]): number[] {
  return [...pool.ledger.freed()]
    .map(([ip]) => ip)
    .filter(ip => indices.includes(blockOf(view, pool.network, ip) ?? -1))
}
