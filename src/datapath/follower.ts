/** Carries out what follows from changes, one time for as many of them as come together. */
import { type Clock, sleep, type Timer } from '../lib/clock.ts'

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

/** The second work waits for the first no longer, from the change on: longer than it takes with thousands of rules, which it would only slow down. */
const behindMs = 150

/**
 * Two works that follow the same changes: the first has the processor to itself, as a rule. But it may have to wait for something
 * else, and then the second does not wait with it.
 */
export class FollowersInOrder {
  readonly #clock: Clock
  readonly #first: Follower
  readonly #second: Follower
  #due: Timer | undefined

  /** @param works neither rejects */
  constructor(clock: Clock, works: readonly [first: () => Promise<unknown>, second: () => Promise<unknown>]) {
    this.#clock = clock
    this.#second = new Follower(clock, works[1])
    this.#first = new Follower(clock, async () => {
      await works[0]()
      this.#due?.cancel()
      this.#begin()
    })
  }

  /** Both are done once more, soon. */
  changed(): void {
    this.#first.changed()
    this.#due ??= this.#clock.after(behindMs, () => this.#begin())
  }

  #begin(): void {
    this.#due = undefined
    this.#second.changed()
  }

  /** What is under way ends; nothing more begins. */
  stop(): void {
    this.#due?.cancel()
    for (const follower of [this.#first, this.#second]) follower.stop()
  }
}
