/**
 * Publishes how many addresses this host has free, as a power of two, so that others know whom to ask. Only for networks
 * in which it allocated, released, gave or received something: an unpublished hint means an untouched share of the
 * genesis, so that idle networks cost no record. All networks together write at most one batch a second.
 */
import type { FreeLeaf } from '../crdt/leaves.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { errorText } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { NetworkId } from '../model/network.ts'
import type { Replica } from '../replica/replica.ts'
import type { Books } from './books.ts'
import { predecessors } from './core/inheritance.ts'
import { hintOf } from './core/owners.ts'

export interface HintsDeps {
  replica: Replica
  books: Books
  clock: Clock
  log: Logger
}

const coalesceMs = 1000

export class Hints {
  readonly #deps: HintsDeps
  readonly #touched = new Set<NetworkId>()
  #timer: Timer | undefined
  #isRunning = false
  #unfollow: (() => void) | undefined
  #membersVersion = -1
  /** Keys whose share this host had as their heir when it last looked. */
  #inherited = new Set<PeerKey>()

  constructor(deps: HintsDeps) {
    this.#deps = deps
  }

  start(): void {
    this.#isRunning = true
    const { books, replica } = this.#deps
    for (const pool of books.pools()) this.#touched.add(pool.network)
    // what an earlier run published may no longer be so
    for (const { id } of replica.view.networks()) {
      if (replica.view.freeHint(id, replica.self) !== undefined) this.#touched.add(id)
    }
    this.#look()
    this.#unfollow = replica.onChange(() => this.#look())
    this.#arm()
  }

  stop(): void {
    this.#unfollow?.()
    this.#isRunning = false
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** The free addresses of the network may have changed. */
  touch(network: NetworkId): void {
    this.#touched.add(network)
    this.#arm()
  }

  /** An heir has more to give than it published, and what the one that is gone published is nobody's word any more (R9). */
  #look(): void {
    const { replica } = this.#deps
    const { view, self } = replica
    const version = view.membersVersion()
    if (version === this.#membersVersion) return
    this.#membersVersion = version
    const inherited = predecessors(view, self)
    const fresh = [...inherited].filter(key => !this.#inherited.has(key))
    this.#inherited = inherited
    if (fresh.length === 0) return
    for (const { id } of view.networks()) {
      if ([self, ...fresh].some(key => view.freeHint(id, key) !== undefined)) this.#touched.add(id)
    }
    this.#arm()
  }

  #arm(): void {
    if (!this.#isRunning || this.#touched.size === 0) return
    this.#timer ??= this.#deps.clock.after(coalesceMs, () => this.#publish())
  }

  #publish(): void {
    this.#timer = undefined
    const networks = [...this.#touched]
    this.#touched.clear()
    this.#deps.replica
      .write(view => this.#leaves(view, networks))
      .catch(error =>
        this.#deps.log.warn({ err: errorText(error) }, 'free addresses not published; they are when they next change'),
      )
  }

  #leaves(view: RegistryView, networks: readonly NetworkId[]): FreeLeaf[] {
    const { replica, books } = this.#deps
    if (!view.member(replica.self)?.settled) return []
    const moment = books.moment()
    return networks
      .filter(network => view.network(network))
      .map(network => ({ kind: 'free' as const, network, log2: hintOf(books.pool(network).freeCount(moment)) }))
      .filter(({ network, log2 }) => view.freeHint(network, replica.self) !== log2)
  }
}
