/** When to ask again for what was refused: after 1 s, then twice as long each time, up to a minute. */
import type { NetworkId } from '../model/network.ts'

const minMs = 1000
const maxMs = 60_000

export class BackOff {
  readonly #entries = new Map<NetworkId, { failures: number; notBeforeMs: number }>()
  readonly #random: () => number

  /** Delays are shortened by up to half at random, lest all hosts ask at once. */
  constructor(random: () => number) {
    this.#random = random
  }

  /** Failures in a row. */
  failures(network: NetworkId): number {
    return this.#entries.get(network)?.failures ?? 0
  }

  isOver(network: NetworkId, nowMs: number): boolean {
    return nowMs >= (this.#entries.get(network)?.notBeforeMs ?? nowMs)
  }

  failed(network: NetworkId, nowMs: number): void {
    const failures = this.failures(network)
    const delayMs = Math.min(maxMs, minMs * 2 ** failures) * (0.5 + this.#random() / 2)
    this.#entries.set(network, { failures: failures + 1, notBeforeMs: nowMs + delayMs })
  }

  succeeded(network: NetworkId): void {
    this.#entries.delete(network)
  }
}
