/** What is read out of the log as a whole, or of one writer. */
import { leavesOf, openPart, type Part } from '../crdt/compact-unit.ts'
import { decodeLeaf } from '../crdt/leaf-codec.ts'
import type { Leaf } from '../crdt/leaves.ts'
import type { Dot } from '../crdt/vector.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { BatchLog } from './batch-log.ts'
import type { Unit } from './unit.ts'

/** All parts, each writer's in order. */
export function* partsOf(log: BatchLog): Iterable<Part> {
  for (const writer of log.writers()) for (const { bytes } of unitsOf(log, writer)) yield openPart(bytes)
}

/** The batch, or compacted run, with this record; undefined if it is not held. */
export function bytesAt(log: BatchLog, { writer, counter }: Dot): Uint8Array | undefined {
  for (const unit of unitsOf(log, writer)) if (unit.first <= counter && counter <= unit.last) return unit.bytes
  return undefined
}

/** A writer's records above a counter that this version can read. */
export function leavesAfter(log: BatchLog, writer: PeerKey, after: number): Leaf[] {
  const units = [...unitsOf(log, writer)].filter(unit => unit.last > after)
  const leaves = units.flatMap(({ bytes }) => leavesOf(openPart(bytes)))
  return leaves.filter(leaf => leaf.counter > after).flatMap(leaf => decodeLeaf(leaf.bytes) ?? [])
}

function unitsOf(log: BatchLog, writer: PeerKey): Iterable<Unit> {
  return log.missing(writer, []) ?? []
}
