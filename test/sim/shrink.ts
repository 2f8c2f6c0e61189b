/**
 * The shortest history that still fails: leaves out hosts, then ever smaller runs of actions, then what the weather does.
 * What stays keeps its own random numbers, so that most of what led to the failure happens again.
 */
import { type Plan, type Reduction, reduce } from './plan.ts'
import type { Failure } from './run-seed.ts'
import { calm, type Weather } from './weather.ts'

export interface ShrinkOptions {
  /** How the plan failed. */
  failure: Failure
  /** Runs a plan; gives how it failed. */
  attempt(plan: Plan): Promise<Failure | undefined>
  /** True when there is no time for more attempts. */
  isOver(): boolean
}

export interface Shrunk {
  readonly reduction: Reduction
  readonly plan: Plan
  /** Of the shrunk plan. */
  readonly failure: Failure
  readonly attempts: number
}

/** Shrinks a plan that fails. Another invariant that breaks does not count as the same failure. */
export async function shrink(plan: Plan, options: ShrinkOptions): Promise<Shrunk> {
  return new Shrinking(plan, options).run()
}

class Shrinking {
  readonly #plan: Plan
  readonly #options: ShrinkOptions
  #failure: Failure
  #only: number[]
  #calm: (keyof Weather)[] = []
  #attempts = 0

  constructor(plan: Plan, options: ShrinkOptions) {
    this.#plan = plan
    this.#options = options
    this.#failure = options.failure
    this.#only = plan.actions.map(action => action.id)
  }

  async run(): Promise<Shrunk> {
    await this.#dropLate()
    await this.#dropHosts()
    await this.#dropRuns()
    await this.#calmDown()
    // in a calm network more may be left out
    if (this.#calm.length > 0) await this.#dropRuns()
    const reduction: Reduction = { only: this.#only, calm: this.#calm }
    return { reduction, plan: reduce(this.#plan, reduction), failure: this.#failure, attempts: this.#attempts }
  }

  /** What was to happen after the failure. */
  async #dropLate(): Promise<void> {
    const { atMs } = this.#failure
    await this.#try(this.#actions().filter(action => action.atMs <= atMs))
  }

  async #dropHosts(): Promise<void> {
    const hosts = new Set(this.#actions().map(action => action.host))
    for (const host of [...hosts].sort((a, b) => b - a)) {
      await this.#try(this.#actions().filter(action => action.host !== host))
    }
  }

  /** Delta debugging: runs of half the actions, of a quarter, … down to single ones, again while that helps. */
  async #dropRuns(): Promise<void> {
    for (let size = Math.ceil(this.#only.length / 2); size >= 1; size = size > 1 ? Math.ceil(size / 2) : 0) {
      let isSmaller = true
      while (isSmaller) {
        isSmaller = false
        // from the end: what comes late rests on what came early
        for (let end = this.#only.length; end > 0 && !this.#options.isOver(); end -= size) {
          const rest = [...this.#only.slice(0, Math.max(0, end - size)), ...this.#only.slice(end)]
          if (await this.#tryIds(rest)) isSmaller = true
        }
        if (this.#options.isOver()) return
        if (size > 1) break
      }
    }
  }

  async #calmDown(): Promise<void> {
    for (const name of Object.keys(calm) as (keyof Weather)[]) {
      if (this.#plan.weather[name] === calm[name]) continue
      const before = this.#calm
      this.#calm = [...before, name]
      if (!(await this.#fails(this.#only))) this.#calm = before
    }
  }

  #actions() {
    return reduce(this.#plan, { only: this.#only }).actions
  }

  #try(actions: Plan['actions']): Promise<boolean> {
    return this.#tryIds(actions.map(action => action.id))
  }

  async #tryIds(ids: number[]): Promise<boolean> {
    if (ids.length === this.#only.length || !(await this.#fails(ids))) return false
    this.#only = ids
    return true
  }

  async #fails(only: readonly number[]): Promise<boolean> {
    if (this.#options.isOver()) return false
    this.#attempts++
    const failure = await this.#options.attempt(reduce(this.#plan, { only, calm: this.#calm }))
    if (failure?.invariant !== this.#options.failure.invariant) return false
    this.#failure = failure
    return true
  }
}
