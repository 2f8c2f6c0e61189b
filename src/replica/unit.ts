/** What a log holds of a writer. */
import type { Batch } from '../crdt/batch.ts'
import type { Hlc } from '../crdt/hlc.ts'
import type { PeerKey } from '../lib/keys.ts'

/** A batch, or what is left of a run of batches of one writer after compaction. */
export interface Unit {
  readonly writer: PeerKey
  /** Counters of its first and last leaf. */
  readonly first: number
  readonly last: number
  /** Hash of the batch before its first; zeros for the writer's first. */
  readonly previous: string
  /** Hash of the (last) batch, hex: names the unit together with `last`. */
  readonly hash: string
  /** Of the (first) batch. */
  readonly hlc: Hlc
  /** As it is stored and sent. */
  readonly bytes: Uint8Array
  /** True of a compact unit: it stands for every batch of its run, whose hashes but the last are forgotten. */
  readonly compact?: boolean
}

/** The unit that a batch makes, without what only its application needs. */
export function unitOf(batch: Batch): Unit {
  const { writer, first, last, previous, hash, hlc, bytes } = batch
  return { writer, first, last, previous, hash, hlc, bytes }
}
