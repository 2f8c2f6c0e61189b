/** What a log holds of a writer. */
import type { Part } from '../crdt/compact-unit.ts'
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

/** What the log keeps of a batch or a compact unit, without what only its application needs. */
export function unitOf(part: Part): Unit {
  const { writer, first, last, previous, hash, hlc, bytes } = part
  const unit = { writer, first, last, previous, hash, hlc, bytes }
  return 'survivors' in part ? { ...unit, compact: true } : unit
}
