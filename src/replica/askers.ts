/** Members that asked by themselves a moment ago, and what they were shown: they pull it, so it need not be offered to them. */
import type { Vector } from '../crdt/vector.ts'
import type { Clock } from '../lib/clock.ts'
import type { PeerKey } from '../lib/keys.ts'
import { requestMs } from './asking.ts'

export class Askers {
  readonly #clock: Clock
  readonly #shown = new Map<PeerKey, { vector: Vector; atMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  asked(peer: PeerKey, vector: Vector): void {
    for (const key of [...this.#shown.keys()]) this.shownTo(key)
    this.#shown.set(peer, { vector, atMs: this.#clock.monotonic() })
  }

  /** Undefined once its next request would have come: it may have given up. */
  shownTo(peer: PeerKey): Vector | undefined {
    const shown = this.#shown.get(peer)
    if (shown && this.#clock.monotonic() - shown.atMs < requestMs) return shown.vector
    this.#shown.delete(peer)
    return undefined
  }
}
