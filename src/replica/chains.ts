/** Neighbouring parts of one writer, and what two such chains that lead to one head say of each other. Pure. */
import { recordOf } from '../crdt/checkpoint.ts'
import { leavesOf, type Part } from '../crdt/compact-unit.ts'
import type { CheckpointLeaf } from '../crdt/leaves.ts'
import type { LeafRecord } from '../crdt/live-set.ts'
import { toHex } from '../lib/bytes.ts'

export function areBatches(parts: readonly Part[]): boolean {
  return parts.every(part => !('survivors' in part))
}

/** True of two chains to one head that tell of different records at one counter: no copy of a directory ever signs both. */
export function contradict(theirs: readonly Part[], mine: readonly Part[]): boolean {
  const told = new Map(mine.flatMap(leavesOf).map(({ counter, hash }) => [counter, hash]))
  return theirs.flatMap(leavesOf).some(({ counter, hash }) => (told.get(counter) ?? hash) !== hash)
}

/** True if a unit of these lies within the run of a longer one of the others, which counts more (decision 0018). */
export function isShorter(theirs: readonly Part[], mine: readonly Part[]): boolean {
  const runs = mine.filter(part => 'survivors' in part)
  const isIn = (unit: Part) =>
    runs.some(run => run.first <= unit.first && unit.last <= run.last && run.last - run.first > unit.last - unit.first)
  return theirs.some(part => 'survivors' in part && isIn(part))
}

/** True if the part neither follows on the one before it nor overlaps with it. */
export function isCut(before: Part | undefined, part: Part): boolean {
  return before !== undefined && part.first > before.last && part.previous !== before.hash
}

export function nameOfEnd({ last, hash }: Pick<Part, 'last' | 'hash'>): string {
  return `${last} ${hash}`
}

export function nameOf({ signature }: Part): string {
  return toHex(signature)
}

export function checkpointsIn(parts: readonly Part[]): LeafRecord<CheckpointLeaf>[] {
  return parts.flatMap(part =>
    leavesOf(part).flatMap(placed => {
      const record = recordOf(part.writer, placed)
      return record?.leaf.kind === 'checkpoint' ? [record as LeafRecord<CheckpointLeaf>] : []
    }),
  )
}
