/**
 * A vector in little: the writers fall into 256 buckets by the first byte of their key, and each bucket is known by a few bytes
 * of its hash. Two peers that differ in a few writers of many exchange this, and the entries of the buckets that differ.
 */
import { type Vector, vectorHash } from '../crdt/vector.ts'
import { equalBytes } from '../lib/bytes.ts'

const buckets = 256
/** Of the hash of a bucket. Two buckets that differ and have equal bytes are found to differ after the next change. */
const hashBytes = 8
export const summaryBytes = buckets * hashBytes

/** With more entries than this the summary is the shorter one. */
export const summaryFrom = 48

export function summaryOf(vector: Vector): Uint8Array {
  const summary = new Uint8Array(summaryBytes)
  const parts = Array.from({ length: buckets }, () => new Map())
  for (const [writer, tips] of vector) parts[bucketOf(writer)]?.set(writer, tips)
  parts.forEach((part, i) => {
    if (part.size > 0) summary.set(vectorHash(part).subarray(0, hashBytes), i * hashBytes)
  })
  return summary
}

/** The buckets in which two summaries differ, ascending. */
export function differingBuckets(a: Uint8Array, b: Uint8Array): number[] {
  const part = (summary: Uint8Array, i: number) => summary.subarray(i * hashBytes, (i + 1) * hashBytes)
  return Array.from({ length: buckets }, (_, i) => i).filter(i => !equalBytes(part(a, i), part(b, i)))
}

/** The writers of these buckets. */
export function entriesOf(vector: Vector, wanted: ReadonlySet<number>): Vector {
  return new Map([...vector].filter(([writer]) => wanted.has(bucketOf(writer))))
}

/** `mine` with the entries of these buckets from another. */
export function withBuckets(mine: Vector, wanted: ReadonlySet<number>, theirs: Vector): Vector {
  return new Map([...[...mine].filter(([writer]) => !wanted.has(bucketOf(writer))), ...theirs])
}

function bucketOf(writer: string): number {
  return Number.parseInt(writer.slice(0, 2), 16)
}
