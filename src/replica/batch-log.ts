/** The durable batches of every writer, in order: what may be shown to others. */
import type { Batch } from '../crdt/batch.ts'
import { noBatch } from '../crdt/batch.ts'
import type { Head, Vector } from '../crdt/vector.ts'
import type { PeerKey } from '../lib/keys.ts'

/** How a batch stands to what is held: `next` continues it, `gap` leaves something out, `fork` contradicts it. */
export type Standing = 'next' | 'known' | 'gap' | 'fork'

export class BatchLog {
  readonly #batches = new Map<PeerKey, Batch[]>()

  head(writer: PeerKey): Head {
    const last = this.#batches.get(writer)?.at(-1)
    return last ? { counter: last.last, hash: last.hash } : { counter: 0, hash: noBatch }
  }

  add(batch: Batch): void {
    const held = this.#batches.get(batch.writer)
    if (held) held.push(batch)
    else this.#batches.set(batch.writer, [batch])
  }

  /** True if a batch of the writer that is held ends at `head.counter` with that hash. */
  holds(writer: PeerKey, head: Head): boolean {
    const held = this.#batches.get(writer) ?? []
    const batch = held[firstBehind(held, head.counter - 1)]
    return batch?.last === head.counter && batch.hash === head.hash
  }

  vector(): Vector {
    return new Map([...this.#batches.keys()].map(writer => [writer, this.head(writer)]))
  }

  /** Batches of a writer behind a counter, oldest first. */
  after(writer: PeerKey, counter: number): Batch[] {
    const held = this.#batches.get(writer) ?? []
    return held.slice(firstBehind(held, counter))
  }

  /** Stands the batch against `head`, which may be ahead of the log while a group is being written. */
  standing(batch: Batch, head: Head): Standing {
    if (batch.first === head.counter + 1) return batch.previous === head.hash ? 'next' : 'fork'
    if (batch.first > head.counter + 1) return 'gap'
    const held = this.#batches.get(batch.writer) ?? []
    const same = held[firstBehind(held, batch.first - 1)]
    return !same || same.hash === batch.hash ? 'known' : 'fork'
  }
}

/** Index of the first batch whose last leaf is behind `counter`. */
function firstBehind(held: readonly Batch[], counter: number): number {
  let low = 0
  let high = held.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((held[middle] as Batch).last > counter) high = middle
    else low = middle + 1
  }
  return low
}
