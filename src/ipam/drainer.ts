/** Hands all that nobody uses of this host's addresses to other members, evenly, as ordinary transfers (R1, R2). */
import { giveAddressLeaves } from '../crdt/addresses.ts'
import { transferLeaf } from '../crdt/blocks.ts'
import type { Leaf } from '../crdt/leaves.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import type { Dot } from '../crdt/vector.ts'
import type { Clock } from '../lib/clock.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey, Signer } from '../lib/keys.ts'
import type { Transport } from '../mesh/transport.ts'
import type { NetworkId } from '../model/network.ts'
import type { Replica } from '../replica/replica.ts'
import type { Books } from './books.ts'
import { chooseAll } from './core/donation.ts'
import type { Pool } from './core/pool.ts'
import { isTaker } from './entitlement.ts'
import type { Hints } from './hints.ts'
import type { Drained } from './ipam.ts'

export interface DrainerDeps {
  replica: Replica
  transport: Pick<Transport, 'connected'>
  signer: Signer
  books: Books
  hints: Hints
  clock: Clock
}

/** Transfers in one batch: a block that moved often has a long chain. */
const perWrite = 128
/** Members are asked whether they hold the last transfer, ms. */
const askLimitMs = 1000

export class Drainer {
  readonly #deps: DrainerDeps
  /** The newest record of a drain. */
  #last: Dot | undefined

  constructor(deps: DrainerDeps) {
    this.#deps = deps
  }

  /** See `Ipam.drain`. */
  async drain(limitMs: number): Promise<Drained> {
    const { books, clock } = this.#deps
    const deadlineMs = clock.monotonic() + limitMs
    const takers = this.#takers()
    let given = 0
    for (const { id } of this.#networks()) {
      const pool = books.pool(id)
      for (let more = true; more && clock.monotonic() < deadlineMs; ) {
        const count = await this.#giveSome(pool, takers)
        given += count
        more = count === perWrite
      }
    }
    const left = this.#networks().reduce((sum, { id }) => {
      const { blocks, ips } = chooseAll(books.moment(), books.pool(id), perWrite)
      return sum + blocks.length + ips.length
    }, 0)
    const waitingFor = await this.#waitingFor(takers)
    const inUse = this.#networks().reduce((sum, { id }) => sum + books.pool(id).blocks(books.moment()).length, 0) - left
    return { given, left, inUse: Math.max(0, inUse), to: takers, waitingFor }
  }

  #networks() {
    return this.#deps.replica.view.networks().filter(({ status }) => status === 'live')
  }

  #takers(): PeerKey[] {
    const { replica, transport } = this.#deps
    const { view, self } = replica
    const takers = transport.connected().filter(key => isTaker(view, self, key))
    if (takers.length > 0) return takers
    throw new SkeinError('unavailable', 'no settled member is within reach to take the addresses: see skein peer ls')
  }

  async #giveSome(pool: Pool, takers: readonly PeerKey[]): Promise<number> {
    const { replica, books, hints } = this.#deps
    let chosen = { blocks: [] as number[], ips: [] as number[] }
    const dot = await replica.write((view, first) => {
      const left = takers.filter(key => isTaker(view, replica.self, key))
      chosen = left.length > 0 ? chooseAll({ ...books.moment(), view }, pool, perWrite) : { blocks: [], ips: [] }
      const leaves = this.#leavesOf(view, pool.network, chosen, left, first)
      pool.leave(view, chosen.blocks)
      pool.leaveAddresses(view, chosen.ips)
      return leaves
    })
    if (!dot) return 0
    this.#last = dot
    pool.settle(replica.view)
    hints.touch(pool.network)
    return chosen.blocks.length + chosen.ips.length
  }

  #leavesOf(
    view: RegistryView,
    network: NetworkId,
    { blocks, ips }: { blocks: readonly number[]; ips: readonly number[] },
    takers: readonly PeerKey[],
    first: number,
  ): Leaf[] {
    const { signer } = this.#deps
    const takerOf = (i: number) => takers[i % takers.length] as PeerKey
    return [
      ...blocks.map((index, i) => transferLeaf(view, signer, network, index, takerOf(i), first + i)),
      // each is carved out already: one leaf an address
      ...ips.flatMap((ip, i) => {
        const at = blocks.length + i
        return giveAddressLeaves(view, signer, network, [ip], takerOf(at), first + at)
      }),
    ]
  }

  /** Whoever holds the newest transfer holds all before it. */
  async #waitingFor(takers: readonly PeerKey[]): Promise<PeerKey[]> {
    if (!this.#last) return []
    const { replica } = this.#deps
    const { missing } = await replica.whoHas(this.#last, askLimitMs)
    if (!takers.some(key => missing.includes(key))) return []
    await replica.syncNow(askLimitMs) // a broadcast may be lost, or on its way
    const { have } = await replica.whoHas(this.#last, askLimitMs)
    return takers.filter(key => !have.includes(key))
  }
}
