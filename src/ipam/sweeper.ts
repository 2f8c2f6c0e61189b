/**
 * Takes back what Docker asked for and never used (RequestAddress, then nothing), keeps an address from cooling down
 * while an endpoint still holds it, and forgets networks that are gone.
 */
import type { Clock, Timer } from '../lib/clock.ts'
import { errorText } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import { formatIp } from '../model/ip.ts'
import type { NetworkId } from '../model/network.ts'
import type { Replica } from '../replica/replica.ts'
import type { Books } from './books.ts'
import type { Pool } from './core/pool.ts'
import type { Hints } from './hints.ts'

export interface SweeperDeps {
  replica: Replica
  books: Books
  hints: Hints
  clock: Clock
  log: Logger
}

/** Docker creates the endpoint within seconds of asking for its address. */
const staleMs = 60_000
/** Well below the stale time and the cool-down, which it checks. */
const sweepMs = 15_000

export class Sweeper {
  readonly #deps: SweeperDeps
  #timer: Timer | undefined

  constructor(deps: SweeperDeps) {
    this.#deps = deps
  }

  start(): void {
    this.#timer = this.#deps.clock.after(sweepMs, () => {
      this.start()
      this.#sweep().catch(error =>
        this.#deps.log.warn({ err: errorText(error) }, 'unused addresses not taken back; tried again soon'),
      )
    })
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** See `Ipam.noteRunning`. */
  noteRunning(running: Iterable<{ network: NetworkId; ip: number }>): void {
    const shown = new Set([...running].map(({ network, ip }) => `${network}/${ip}`))
    const nowMs = this.#deps.clock.monotonic()
    for (const { network, ledger } of this.#deps.books.pools()) {
      for (const [ip, entry] of ledger.held()) {
        const runs = shown.has(`${network}/${ip}`)
        // from now on: a list may miss for a moment what runs
        if (entry.claimed && !runs) entry.sinceMs = nowMs
        entry.claimed = runs
      }
    }
  }

  async #sweep(): Promise<void> {
    const { books, hints, log } = this.#deps
    for (const pool of books.pools()) {
      // a block whose grant was lost arrives without anybody noticing
      hints.touch(pool.network)
      this.#rewarm(pool)
      for (const ip of this.#stale(pool)) {
        await books.release(pool, ip)
        hints.touch(pool.network)
        log.info({ network: pool.network, ip: formatIp(ip) }, 'address taken back: no endpoint was created with it')
      }
      if (this.#isGone(pool)) await books.close(pool)
    }
  }

  /** An address that was released while its endpoint record stood begins to cool down when that is gone. */
  #rewarm({ network, ledger }: Pool): void {
    const nowMs = this.#deps.clock.monotonic()
    for (const [ip, entry] of ledger.freed()) {
      if (!ledger.isCooling(ip, nowMs)) continue
      if (this.#deps.replica.view.holders(network, ip).length > 0) entry.sinceMs = nowMs
    }
  }

  /** Held for long without an own endpoint record; Docker does not run a container with it as far as we were told. */
  #stale({ network, ledger }: Pool): number[] {
    const { view, self } = this.#deps.replica
    const nowMs = this.#deps.clock.monotonic()
    const stale: number[] = []
    for (const [ip, entry] of ledger.held()) {
      if (view.holders(network, ip).some(endpoint => endpoint.owner === self)) entry.sinceMs = nowMs
      else if (!entry.claimed && nowMs - entry.sinceMs > staleMs) stale.push(ip)
    }
    return stale
  }

  #isGone({ network, ledger }: Pool): boolean {
    const { view } = this.#deps.replica
    if (view.network(network) || !view.isDeleted(network) || !ledger.held().next().done) return false
    const nowMs = this.#deps.clock.monotonic()
    return [...ledger.freed()].every(([ip]) => !ledger.isCooling(ip, nowMs))
  }
}
