/**
 * Checkpoints: the record by which a writer lets go of its own leaves, and what everybody who holds them makes of it. What
 * exists stays a function of the records that are held: a peer that compacted, one that received the compact unit and one
 * that holds all originals have the same state (test/unit/crdt/compaction.test.ts).
 */
import { equalBytes } from '../lib/bytes.ts'
import type { Signer } from '../lib/keys.ts'
import type { Verify } from './batch.ts'
import {
  type CompactUnit,
  leavesOf,
  makeUnit,
  maxUnitBytes,
  type Part,
  type PlacedLeaf,
  type Run,
  unitHeader,
} from './compact-unit.ts'
import { decodeLeaf } from './leaf-codec.ts'
import { type CheckpointLeaf, maxRunCounters } from './leaves.ts'
import type { LeafRecord } from './live-set.ts'

/** What a placed leaf is to the tables. */
export function recordOf(writer: string, { counter, hlc, hash, bytes }: PlacedLeaf): LeafRecord | undefined {
  const leaf = decodeLeaf(bytes)
  return leaf && { dot: { writer, counter }, hlc, leaf, hash }
}

/** The run that these neighbouring parts of one chain make up; undefined if they are none or leave something out. */
export function runOf(parts: readonly Part[]): Run | undefined {
  const [first, last] = [parts[0], parts.at(-1)]
  if (!first || !last) return undefined
  const joins = parts.every((part, i) => {
    const before = parts[i - 1]
    return !before || (part.first === before.last + 1 && part.previous === before.hash)
  })
  if (!joins) return undefined
  const { meshId, writer, previous } = first
  return { meshId, writer, previous, first: first.first, last: last.last, hash: last.hash }
}

/** True if the checkpoint lets the leaf of this counter live. */
export function survives(leaf: Pick<CheckpointLeaf, 'first' | 'bitmap'>, counter: number): boolean {
  const at = counter - leaf.first
  return ((leaf.bitmap[at >> 3] ?? 0) & (1 << (at & 7))) !== 0
}

/** True if this checkpoint makes that unit, of what its run was. */
export function isMadeBy(unit: Pick<CompactUnit, 'first' | 'last' | 'signature'>, leaf: CheckpointLeaf): boolean {
  return leaf.first === unit.first && leaf.last === unit.last && equalBytes(leaf.signature, unit.signature)
}

/** The checkpoint by which the run's writer keeps only these leaves of it (ascending by counter). */
export function checkpointLeaf(signer: Signer, run: Run, survivors: readonly PlacedLeaf[]): CheckpointLeaf {
  return leafOf(run, survivors, signer.sign(unitHeader(run, survivors)))
}

/** The checkpoint that the unit was made by: all that it says the unit says too. */
export function checkpointOf(unit: CompactUnit): CheckpointLeaf {
  return leafOf(unit, unit.survivors, unit.signature)
}

function leafOf(
  { first, last }: Pick<Run, 'first' | 'last'>,
  survivors: readonly PlacedLeaf[],
  signature: Uint8Array,
): CheckpointLeaf {
  const bitmap = new Uint8Array(Math.ceil((last - first + 1) / 8))
  for (const { counter } of survivors) {
    const at = counter - first
    bitmap[at >> 3] = (bitmap[at >> 3] ?? 0) | (1 << (at & 7))
  }
  return { kind: 'checkpoint', first, last, bitmap, signature }
}

export type Compaction =
  /** What is left, and the leaves that go. */
  | { unit: CompactUnit; dropped: readonly PlacedLeaf[] }
  /** It names leaves that are not held, or another content of the run than is held, or too much. */
  | 'unsound'

/** What the writer's checkpoint makes of the parts that make up its run. Whether it may is not said here. */
export function compact(leaf: CheckpointLeaf, parts: readonly Part[], verify: Verify): Compaction {
  const run = runOf(parts)
  if (!run || run.first !== leaf.first || run.last !== leaf.last) return 'unsound'
  const all = parts.flatMap(leavesOf)
  const kept = all.filter(({ counter }) => survives(leaf, counter))
  if (kept.length !== bitsIn(leaf.bitmap)) return 'unsound'
  const unit = makeUnit(run, kept, leaf.signature)
  if (unit.bytes.length > maxUnitBytes || !verify(run.writer, unit.header, leaf.signature)) return 'unsound'
  return { unit, dropped: all.filter(({ counter }) => !survives(leaf, counter)) }
}

function bitsIn(bitmap: Uint8Array): number {
  let bits = 0
  for (const byte of bitmap) for (let rest = byte; rest > 0; rest >>= 1) bits += rest & 1
  return bits
}

/** Room of a unit for its header's fixed part, bytes. */
const headBytes = 512
/** What a leaf takes in the header and in front of its bytes. */
const leafHeadBytes = 60

/** Neighbouring parts of one chain in runs that one unit each can hold. */
export function runsOf(parts: readonly Part[]): Part[][] {
  const runs: Part[][] = []
  let [first, size] = [0, 0]
  for (const part of parts) {
    const bytes = part.bytes.length + ('leaves' in part ? part.leaves.length * leafHeadBytes : 0)
    const fits = part.last - first < maxRunCounters && size + bytes <= maxUnitBytes - headBytes
    const run = runs.at(-1)
    if (run && fits) {
      run.push(part)
      size += bytes
    } else {
      runs.push([part])
      first = part.first
      size = bytes
    }
  }
  return runs
}
