/**
 * Tips of a member that lie within a run that was compacted here. Nothing tells whether such a tip is a part of the run, so the member is asked for it
 * once: what of it and before it lies within no run is taken in, of another history of a forked writer (decision 0018, "Units win").
 */
import type { Head } from '../crdt/vector.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { BatchLog } from './batch-log.ts'
import { shortHashBytes } from './short-vector.ts'

/** Writers of whom it is known what was asked for; beyond that some is asked for again. */
const maxWriters = 1024

export class HiddenTips {
  readonly #log: Pick<BatchLog, 'holds' | 'mayHold' | 'compactUnits'>
  /** Of each writer what was asked for last, as `#nameOf` tells it. */
  readonly #asked = new Map<PeerKey, string>()

  constructor(log: Pick<BatchLog, 'holds' | 'mayHold' | 'compactUnits'>) {
    this.#log = log
  }

  /** True if some of these tips lie within a compacted run, and the member was not asked for them yet. */
  hasNew(writer: PeerKey, tips: readonly Head[]): boolean {
    const name = this.#nameOf(writer, tips)
    return name !== '' && this.#asked.get(writer) !== name
  }

  /** The member has nothing more to these tips that is taken in here. */
  pulled(writer: PeerKey, tips: readonly Head[]): void {
    if (this.#asked.size >= maxWriters) this.#asked.clear()
    this.#asked.set(writer, this.#nameOf(writer, tips))
  }

  /** The same of tips that are shown in short; another once there are more units, or fewer: what was refused may fit then. */
  #nameOf(writer: PeerKey, tips: readonly Head[]): string {
    const hidden = tips.filter(tip => !this.#log.holds(writer, tip) && this.#log.mayHold(writer, tip))
    if (hidden.length === 0) return ''
    const names = hidden.map(({ counter, hash }) => `${counter} ${hash.slice(0, 2 * shortHashBytes)}`)
    return `${this.#log.compactUnits(writer)} ${names.join(' ')}`
  }
}
