/** One after the other, but nobody waits for ever: who held the turn too long shares it. */
import type { Clock } from '../lib/clock.ts'

export class Turns {
  readonly #clock: Clock
  readonly #limitMs: number
  #tail: Promise<void> = Promise.resolve()

  /** @param limitMs after so long the next one begins though the one before it has not ended */
  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock
    this.#limitMs = limitMs
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    const before = this.#tail
    let end = () => {}
    this.#tail = new Promise(resolve => {
      end = resolve
    })
    await before
    const timer = this.#clock.after(this.#limitMs, end)
    try {
      return await task()
    } finally {
      timer.cancel()
      end()
    }
  }
}
