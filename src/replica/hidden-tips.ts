/**
 * Tips of others that lie within a run that was compacted here, and do not end it. Nothing tells whether such a tip is a part of the run, so whoever shows
 * it is asked once: what of it and before it lies within no run is taken in, of another history of a forked writer (decision 0018, "Forks").
 */
import type { Head } from '../crdt/vector.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { BatchLog } from './batch-log.ts'
import { shortHashBytes } from './short-vector.ts'

/** Of so many it is known that they were asked for; beyond that some are asked for again. A hostile member can show any number. */
const maxAsked = 4096

export class HiddenTips {
  readonly #log: Pick<BatchLog, 'holds' | 'noteOthers'>
  readonly #asked = new Set<string>()

  constructor(log: Pick<BatchLog, 'holds' | 'noteOthers'>) {
    this.#log = log
  }

  /** True if one of these tips is not held and was not asked for yet. */
  hasNew(writer: PeerKey, tips: readonly Head[]): boolean {
    return tips.some(tip => !this.#log.holds(writer, tip) && !this.#asked.has(nameOf(writer, tip)))
  }

  /**
   * Whoever showed these was asked for them to the end. With several it says that the writer is forked, which nothing here may prove. It is believed: it
   * changes which units are given and taken, and each is judged.
   */
  pulled(writer: PeerKey, tips: readonly Head[]): void {
    const hidden = tips.filter(tip => !this.#log.holds(writer, tip))
    if (hidden.length > 0 && tips.length > 1) this.#log.noteOthers(writer)
    for (const tip of hidden) {
      if (this.#asked.size >= maxAsked) this.#asked.clear()
      this.#asked.add(nameOf(writer, tip))
    }
  }
}

/** The same of a tip that is shown in short. */
function nameOf(writer: PeerKey, { counter, hash }: Head): string {
  return `${writer} ${counter} ${hash.slice(0, 2 * shortHashBytes)}`
}
