/** The search for a planted fault: runs seeds 1, 2, … until one breaks what the fault is meant to break. */
import type { SeedResult } from '../run-seed.ts'
import type { SeedTask } from '../seed-worker.ts'
import type { Planted } from './planted.ts'

export class Search {
  /** The lowest seed that shows the fault, the same in every run; undefined if none of its budget does. */
  readonly outcome: Promise<SeedResult | undefined>
  readonly #bug: Planted
  readonly #budget: number
  #running = 0
  #taken = 0
  #lowest: SeedResult | undefined
  #settle: (lowest: SeedResult | undefined) => void = () => undefined

  constructor(bug: Planted, budget: number) {
    this.#bug = bug
    this.#budget = budget
    this.outcome = new Promise(resolve => {
      this.#settle = resolve
    })
  }

  /** In order: when a seed shows the fault, all lower ones are done or running. */
  *tasks(): Generator<SeedTask> {
    while (!this.#lowest && this.#taken < this.#budget) {
      this.#running++
      yield { bug: this.#bug.what, seed: ++this.#taken }
    }
  }

  add(result: SeedResult): void {
    this.#running--
    const { seed, failure } = result
    const shows = failure && this.#bug.breaks.test(failure.invariant)
    if (shows && !(this.#lowest && this.#lowest.seed < seed)) this.#lowest = result
    if (this.#running === 0 && (this.#lowest || this.#taken === this.#budget)) this.#settle(this.#lowest)
  }
}
