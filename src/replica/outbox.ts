/** Fresh own batches on their way out: at once when it is quiet, coalesced when they come fast. */
import type { Batch } from '../crdt/batch.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { Transport } from '../mesh/transport.ts'
import { encodeBroadcast } from './broadcast-message.ts'

/** Shortest time between two broadcasts, ms: design.md allows 20 to 50. */
const coalesceMs = 20
/** One broadcast carries no more, bytes: gossip is the fast path, anti-entropy takes what is larger. */
const maxBroadcastBytes = 512 * 1024

export class Outbox {
  readonly #transport: Transport
  readonly #clock: Clock
  #waiting: Batch[] = []
  #lastMs = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  #stopped = false

  constructor(transport: Transport, clock: Clock) {
    this.#transport = transport
    this.#clock = clock
  }

  send(batch: Batch): void {
    if (this.#stopped) return
    this.#waiting.push(batch)
    if (this.#timer) return
    const waitMs = this.#lastMs + coalesceMs - this.#clock.monotonic()
    if (waitMs <= 0) this.#flush()
    else this.#timer = this.#clock.after(waitMs, () => this.#flush())
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #flush(): void {
    this.#timer = undefined
    this.#lastMs = this.#clock.monotonic()
    let group: Uint8Array[] = []
    let size = 0
    for (const { bytes } of this.#waiting) {
      if (size + bytes.length > maxBroadcastBytes && group.length > 0) {
        this.#transport.broadcast(encodeBroadcast(group))
        group = []
        size = 0
      }
      group.push(bytes)
      size += bytes.length
    }
    this.#waiting = []
    this.#transport.broadcast(encodeBroadcast(group))
  }
}
