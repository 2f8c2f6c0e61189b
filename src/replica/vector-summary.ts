/**
 * A vector in little: the writers fall into buckets by the first bits of their key, and each bucket is known by a few bytes of its hash.
 * Two peers that differ in a few writers of many exchange this, and the entries of the buckets that differ.
 */
import { type Vector, vectorHash } from '../crdt/vector.ts'
import { equalBytes } from '../lib/bytes.ts'

export interface SummaryShape {
  /** A power of two, 8 to 512. */
  readonly buckets: number
  /** Of the hash of a bucket. */
  readonly hashBytes: number
}

/** What members are shown that ask in full. Two buckets that differ and have equal bytes are found to differ after the next change. */
export const wideShape: SummaryShape = { buckets: 256, hashBytes: 8 }
/** With more entries than this the wide summary is shorter than they are. */
export const summaryFrom = 48

const minBuckets = 8
/** More would take more bytes, both ways, than they save of the entries: 1,000 writers of whom 1 to 300 differ. */
const maxBuckets = 512
const narrowHashBytes = 2

/** What others are shown: about a bucket for each writer, and 2 bytes for each, since the whole hash is compared too. */
export function narrowShape(writers: number): SummaryShape {
  let buckets = minBuckets
  while (buckets < writers && buckets < maxBuckets) buckets *= 2
  return { buckets, hashBytes: narrowHashBytes }
}

/** The narrow shape of a summary of this many bytes; undefined if it is none. */
export function narrowShapeOf(bytes: number): SummaryShape | undefined {
  const shape = narrowShape(bytes / narrowHashBytes)
  return summaryBytes(shape) === bytes ? shape : undefined
}

export function summaryBytes({ buckets, hashBytes }: SummaryShape): number {
  return buckets * hashBytes
}

export function summaryOf(vector: Vector, shape = wideShape): Uint8Array {
  const summary = new Uint8Array(summaryBytes(shape))
  const parts = Array.from({ length: shape.buckets }, () => new Map())
  for (const [writer, tips] of vector) parts[bucketOf(writer, shape)]?.set(writer, tips)
  parts.forEach((part, i) => {
    if (part.size > 0) summary.set(vectorHash(part).subarray(0, shape.hashBytes), i * shape.hashBytes)
  })
  return summary
}

/** The buckets in which two summaries differ, ascending. */
export function differingBuckets(a: Uint8Array, b: Uint8Array, { buckets, hashBytes } = wideShape): number[] {
  const part = (summary: Uint8Array, i: number) => summary.subarray(i * hashBytes, (i + 1) * hashBytes)
  return Array.from({ length: buckets }, (_, i) => i).filter(i => !equalBytes(part(a, i), part(b, i)))
}

/** The writers of these buckets. */
export function entriesOf(vector: Vector, wanted: ReadonlySet<number>, shape = wideShape): Vector {
  return new Map([...vector].filter(([writer]) => wanted.has(bucketOf(writer, shape))))
}

/** `mine` with the entries of these buckets from another. */
export function withBuckets(mine: Vector, wanted: ReadonlySet<number>, theirs: Vector, shape = wideShape): Vector {
  return new Map([...[...mine].filter(([writer]) => !wanted.has(bucketOf(writer, shape))), ...theirs])
}

/** A bit for each bucket, the first one the highest of the first byte. */
export function bitsOf(wanted: Iterable<number>, { buckets }: SummaryShape): Uint8Array {
  const bits = new Uint8Array(buckets / 8)
  for (const bucket of wanted) bits[bucket >> 3] = (bits[bucket >> 3] ?? 0) | (0x80 >> (bucket & 7))
  return bits
}

/** The inverse; undefined if there are no summaries of so many buckets. */
export function fromBits(bits: Uint8Array): { wanted: Set<number>; shape: SummaryShape } | undefined {
  const shape = narrowShape(8 * bits.length)
  if (shape.buckets !== 8 * bits.length) return undefined
  const all = Array.from({ length: shape.buckets }, (_, i) => i)
  return { wanted: new Set(all.filter(i => ((bits[i >> 3] ?? 0) & (0x80 >> (i & 7))) !== 0)), shape }
}

function bucketOf(writer: string, { buckets }: SummaryShape): number {
  return (Number.parseInt(writer.slice(0, 4), 16) * buckets) >> 16
}
