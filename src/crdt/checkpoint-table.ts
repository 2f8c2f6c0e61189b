/** Checkpoints by writer: what each has let go of. */
import type { PeerKey } from '../lib/keys.ts'
import { survives } from './checkpoint.ts'
import type { Drops } from './droppable.ts'
import type { Gone } from './gone.ts'
import type { CheckpointLeaf } from './leaves.ts'
import { compareRecords, type LeafRecord, type LiveSet, recordName } from './live-set.ts'
import { type Dot, dotText } from './vector.ts'

export class CheckpointTable {
  readonly #byWriter = new Map<PeerKey, LeafRecord<CheckpointLeaf>[]>()
  readonly #unjust = new Map<string, LeafRecord<CheckpointLeaf>>()
  readonly #live: LiveSet

  constructor(live: LiveSet) {
    this.#live = live
  }

  put(record: LeafRecord<CheckpointLeaf>): void {
    const held = this.of(record.dot.writer)
    // of a forked writer's equal ones the earlier counts
    if (held.some(other => isSame(other, record) && compareRecords(other, record) <= 0)) return
    const others = held.filter(other => !isSame(other, record))
    this.#byWriter.set(record.dot.writer, [...others, record].sort(compareRecords))
    this.#live.add(slotOf(record), record)
  }

  get byWriter(): ReadonlyMap<PeerKey, readonly LeafRecord<CheckpointLeaf>[]> {
    return this.#byWriter
  }

  /** Ascending by counter. */
  of(writer: PeerKey): readonly LeafRecord<CheckpointLeaf>[] {
    return this.#byWriter.get(writer) ?? []
  }

  /** True if a checkpoint of the dot's writer let it go. */
  collected(dot: Dot, drops: Drops): boolean {
    return this.of(dot.writer).some(
      ({ leaf, dot: own }) =>
        leaf.first <= dot.counter && dot.counter <= leaf.last && !survives(leaf, dot.counter) && drops.stable(own),
    )
  }

  /** True if the dot lies in a run that its writer let go of a part of. What another history of the writer had there may be lost with it. */
  covers({ writer, counter }: Dot): boolean {
    return this.of(writer).some(({ leaf }) => leaf.first <= counter && counter <= leaf.last)
  }

  /** @param counters how far each writer has come: what is still to come up to there is waited for */
  goneBy(counters: () => ReadonlyMap<PeerKey, number>): Gone {
    return {
      dot: (dot, drops) => this.collected(dot, drops),
      upTo: ({ writer, counter }, drops) =>
        (counters().get(writer) ?? 0) >= counter &&
        this.of(writer).every(({ leaf, dot }) => leaf.first > counter || drops.stable(dot)),
    }
  }

  /** A later checkpoint of the same writer says it all again. */
  mayDrop(record: LeafRecord<CheckpointLeaf>, drops: Drops): boolean {
    const { leaf, dot } = record
    return this.of(dot.writer).some(
      other =>
        other.dot.counter > dot.counter &&
        other.leaf.first <= leaf.first &&
        leaf.last <= other.leaf.last &&
        drops.stable(other.dot),
    )
  }

  drop(record: LeafRecord<CheckpointLeaf>): void {
    const { writer } = record.dot
    const kept = this.of(writer).filter(other => !isSame(other, record))
    this.#byWriter.set(writer, kept)
    this.#unjust.delete(recordName(record))
    this.#live.drop(slotOf(record), record)
  }

  /** Notes whether it lets go of what is needed. */
  judge(record: LeafRecord<CheckpointLeaf>, just: boolean): void {
    if (just) this.#unjust.delete(recordName(record))
    else this.#unjust.set(recordName(record), record)
  }

  /** Those that let go of what is needed, ascending by dot; their runs stay as they are. */
  unjust(): LeafRecord<CheckpointLeaf>[] {
    return [...this.#unjust.values()].sort(compareRecords)
  }
}

function isSame(a: LeafRecord<unknown>, b: LeafRecord<unknown>): boolean {
  return a.dot.counter === b.dot.counter && a.hash === b.hash
}

function slotOf({ dot }: LeafRecord<unknown>): string {
  return `checkpoint:${dotText(dot)}`
}
