/** Carries out what follows from changes, one time for as many of them as come together. */
import { type Clock, sleep } from '../lib/clock.ts'

/** Changes are gathered for so long; and for as long as the last work took, up to the maximum. */
const gatherMs = { min: 2, max: 200 }

export class Follower {
  readonly #clock: Clock
  readonly #work: () => Promise<unknown>
  #hasChanged = false
  #isWorking = false
  #isStopped = false

  /** @param work never rejects; it is never under way twice */
  constructor(clock: Clock, work: () => Promise<unknown>) {
    this.#clock = clock
    this.#work = work
  }

  /** The work is done once more, soon. */
  changed(): void {
    this.#hasChanged = true
    if (!this.#isWorking) void this.#follow()
  }

  /** What is under way ends; nothing more begins. */
  stop(): void {
    this.#isStopped = true
  }

  async #follow(): Promise<void> {
    this.#isWorking = true
    let lastMs = 0
    while (this.#hasChanged && !this.#isStopped) {
      await sleep(this.#clock, Math.min(Math.max(lastMs, gatherMs.min), gatherMs.max))
      if (this.#isStopped) break
      this.#hasChanged = false
      const begun = this.#clock.monotonic()
      await this.#work()
      lastMs = this.#clock.monotonic() - begun
    }
    this.#isWorking = false
  }
}
