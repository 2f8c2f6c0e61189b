/** Gives blocks, or single addresses, to members that ask: chosen and written in one turn (R1), durable before the reply (R2). */
import { giveAddressLeaves } from '../crdt/addresses.ts'
import { transferLeaf } from '../crdt/blocks.ts'
import type { Leaf } from '../crdt/leaves.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import { type Clock, withDeadline } from '../lib/clock.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey, Signer } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import { formatIp } from '../model/ip.ts'
import type { NetworkId } from '../model/network.ts'
import type { Replica } from '../replica/replica.ts'
import type { Books } from './books.ts'
import { chooseAddresses, chooseBlocks, coolsIn } from './core/donation.ts'
import { custodyOf } from './core/geometry.ts'
import type { Pool } from './core/pool.ts'
import { encodeGrant, type Grant, type Want } from './core/want.ts'
import { catchUp, mayGive } from './entitlement.ts'
import type { Hints } from './hints.ts'
import { Replies } from './replies.ts'

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

export class Donor {
  readonly #deps: DonorDeps
  readonly #replies = new Replies<Grant>()

  constructor(deps: DonorDeps) {
    this.#deps = deps
  }

  /** Answers a request for any addresses; its errors reach the asker as text. */
  async answer(from: PeerKey, want: Want): Promise<Uint8Array> {
    await catchUp(this.#deps.replica, from, want.network)
    const given = this.#replies.once(
      `${want.network}/${from}`,
      want.nonce,
      () => this.#give(from, want),
      grant => this.#stands(from, want.network, grant),
    )
    const late = () => new SkeinError('timeout', 'the transfer was not written in time')
    return encodeGrant(await withDeadline(this.#deps.clock, given, answerLimitMs, late), want.singles)
  }

  /** True if some of it is the asker's: a request may be asked again much later, when the reply to it was lost. */
  #stands(from: PeerKey, network: NetworkId, { blocks, ips }: Grant): boolean {
    const { view } = this.#deps.replica
    return (
      blocks.some(index => view.block(network, index)?.owner === from) ||
      ips.some(ip => custodyOf(view, network, ip)?.owner === from)
    )
  }

  async #give(from: PeerKey, want: Want): Promise<Grant> {
    const { replica, books, hints, log } = this.#deps
    const pool = books.pool(want.network)
    let given: Grant = { blocks: [], ips: [], coolsInMs: 0 }
    await replica.write((view, first) => {
      given = this.#choose(view, pool, from, want)
      return this.#leavesOf(view, pool, from, given, first)
    })
    const { blocks, ips } = given
    if (blocks.length === 0 && ips.length === 0) return given
    pool.settle(replica.view)
    hints.touch(want.network)
    log.info({ network: want.network, peer: from, blocks, ips: ips.map(formatIp) }, 'addresses given')
    books
      .forget(pool, freedIn(replica.view, pool, given))
      .catch(err => log.warn({ err, network: want.network }, 'freed addresses that were given not forgotten'))
    return given
  }

  #choose(view: RegistryView, pool: Pool, from: PeerKey, want: Want): Grant {
    const { replica, books, waiting } = this.#deps
    if (!mayGive(view, replica.self, from, want.network)) return { blocks: [], ips: [], coolsInMs: 0 }
    const moment = { ...books.moment(), view }
    const evenLast = want.evenLast && waiting(want.network) === 0
    const blocks = chooseBlocks(moment, pool, { count: want.count, evenLast })
    if (blocks.length > 0 || !evenLast || want.singles === 0) return { blocks, ips: [], coolsInMs: 0 }
    const ips = chooseAddresses(moment, pool, want.singles)
    return { blocks, ips, coolsInMs: ips.length > 0 ? 0 : coolsIn(moment, pool) }
  }

  #leavesOf(view: RegistryView, pool: Pool, to: PeerKey, { blocks, ips }: Grant, first: number): Leaf[] {
    const { signer } = this.#deps
    const leaves = [
      ...blocks.map((index, i) => transferLeaf(view, signer, pool.network, index, to, first + i)),
      ...giveAddressLeaves(view, signer, pool.network, ips, to, first + blocks.length),
    ]
    pool.leave(view, blocks)
    pool.leaveAddresses(view, ips)
    return leaves
  }
}

/** The next owner decides anew about these: they have cooled down. */
function freedIn(view: RegistryView, pool: Pool, { blocks, ips }: Grant): number[] {
  const isGiven = (ip: number) => {
    if (view.address(pool.network, ip)) return ips.includes(ip)
    return blocks.includes(view.blockOf(pool.network, ip) ?? -1)
  }
  return [...pool.ledger.freed()].map(([ip]) => ip).filter(isGiven)
}
