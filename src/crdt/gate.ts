/**
 * Which records of which writer were received, applied, or withheld because they lie above a limit (removals.ts). What is
 * withheld is applied when the limit rises.
 */
import type { PeerKey } from '../lib/keys.ts'
import { compareRecords, type LeafRecord, recordName } from './live-set.ts'
import { keep } from './order.ts'

export class Gate {
  readonly #held = new Map<PeerKey, number>()
  readonly #applied = new Map<PeerKey, number>()
  readonly #withheld = new Map<PeerKey, Map<string, LeafRecord<unknown>>>()

  /** Notes that all of the writer up to this counter is here. */
  receive(writer: PeerKey, counter: number): void {
    if (counter > this.held(writer)) this.#held.set(writer, counter)
  }

  held(writer: PeerKey): number {
    return this.#held.get(writer) ?? 0
  }

  /** True if the record is to be applied now; else it is kept. */
  passes(record: LeafRecord<unknown>, limit: number | undefined): boolean {
    const { writer, counter } = record.dot
    if (limit === undefined || counter <= limit) {
      if (counter > (this.#applied.get(writer) ?? 0)) this.#applied.set(writer, counter)
      return true
    }
    const kept = this.#withheld.get(writer) ?? new Map<string, LeafRecord<unknown>>()
    keep(kept, record)
    this.#withheld.set(writer, kept)
    return false
  }

  /** Takes out what is withheld and no longer above its limit, in the order of its writers. */
  release(limitOf: (writer: PeerKey) => number | undefined): LeafRecord<unknown>[] {
    return [...this.#withheld].flatMap(([writer, kept]) => {
      const limit = limitOf(writer) ?? Number.POSITIVE_INFINITY
      const released = [...kept.values()].filter(record => record.dot.counter <= limit)
      for (const record of released) kept.delete(recordName(record))
      return released.sort(compareRecords)
    })
  }

  /** True if something was applied that a limit excludes now. */
  isOverrun(limitOf: (writer: PeerKey) => number | undefined): boolean {
    return [...this.#applied].some(([writer, counter]) => counter > (limitOf(writer) ?? counter))
  }

  /** Writers of whom something is withheld. */
  withheldWriters(): PeerKey[] {
    return [...this.#withheld].flatMap(([writer, kept]) => (kept.size > 0 ? [writer] : []))
  }

  /** Nothing was received. */
  clear(): void {
    this.#held.clear()
    this.reset()
  }

  /** Nothing is applied any more; all comes again. */
  reset(): void {
    this.#applied.clear()
    this.#withheld.clear()
  }
}
