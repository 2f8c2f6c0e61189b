/** What happened in many histories, summed up. */
import type { SeedResult } from './run-seed.ts'

export class Sums {
  readonly #startedMs = performance.now()
  /** How often each thing was done, or refused, in all of them. */
  readonly tally = new Map<string, number>()
  #histories = 0
  #events = 0
  #virtualMs = 0
  #writes = 0

  add({ events, virtualMs, writes, tally }: SeedResult): void {
    this.#histories++
    this.#events += events
    this.#virtualMs += virtualMs
    this.#writes += writes
    for (const [what, count] of Object.entries(tally)) this.tally.set(what, (this.tally.get(what) ?? 0) + count)
  }

  progress(total: number | undefined, failed: number): string {
    const seconds = (performance.now() - this.#startedMs) / 1000
    const rate = (this.#histories / seconds).toFixed(1)
    const of = total === undefined ? '' : ` of ${total}`
    return `${this.#histories}${of} histories in ${Math.round(seconds)} s (${rate}/s), ${failed} failed`
  }

  text(): string {
    const hours = (this.#virtualMs / 3_600_000).toFixed(1)
    const counts = [...this.tally].sort().map(([what, count]) => `${what} ${count}`)
    return `${this.#events} events in ${hours} virtual hours, ${this.#writes} acknowledged records\n${counts.join(', ')}`
  }
}
