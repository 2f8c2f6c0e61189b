/**
 * What shows that a key has another history than the one that is held, where the hashes of that one are forgotten (R8): within a run that was compacted a
 * record that no checkpoint ever lets go of, and that is not among what is left of the run. Pure.
 */
import { leavesOf, openPart, type Part } from '../crdt/compact-unit.ts'
import { decodeLeaf } from '../crdt/leaf-codec.ts'
import type { Leaf } from '../crdt/leaves.ts'
import type { BatchLog } from './batch-log.ts'

/** Kinds that stay for good, each at the counter where it was written (docs/reference/records.md); not those that count once wherever they are. */
const lasting: readonly string[] = [
  'admission',
  'ack',
  'settled',
  'removal',
  'removal-ack',
  'removal-end',
  'host-down',
] satisfies Leaf['kind'][]

/** True if what the writer signed is not held, and does not lie within a run that was compacted as far as that can be told. */
export function isUnheld(part: Part, log: Pick<BatchLog, 'mayHold' | 'within'>): boolean {
  return !log.mayHold(part.writer, { counter: part.last, hash: part.hash }) || isOfAnotherHistory(part, log)
}

function isOfAnotherHistory(part: Part, log: Pick<BatchLog, 'within'>): boolean {
  const kept = leavesOf(part).filter(({ bytes }) => lasting.includes(decodeLeaf(bytes)?.kind ?? ''))
  if (kept.length === 0) return false
  const held = log.within(part.writer, part.first, part.last)
  const left = new Set(held.flatMap(({ bytes }) => leavesOf(openPart(bytes))).map(({ hash }) => hash))
  return kept.some(
    ({ counter, hash }) => !left.has(hash) && held.some(unit => unit.first <= counter && counter <= unit.last),
  )
}
