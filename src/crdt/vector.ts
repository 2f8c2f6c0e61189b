/** Which batches of which writers a peer holds: of each writer the tips of the tree that its batches make. */
import { fromHex, sha256, toHex } from '../lib/bytes.ts'
import { encode, type Plain } from '../lib/cbor.ts'
import type { PeerKey } from '../lib/keys.ts'

/** One written leaf: the writer's own counter, from 1, without gaps. */
export interface Dot {
  readonly writer: PeerKey
  readonly counter: number
}

/** A batch that is held of one writer. */
export interface Head {
  /** Counter of its last leaf. */
  readonly counter: number
  /** Hash of the batch, hex. Of what a member showed in short (src/replica/short-vector.ts) its first digits. */
  readonly hash: string
}

/**
 * Most tips that are kept of one writer: a fork needs two, each further copy of a data directory one more. Who has the
 * key can make any number; which of them are kept is in src/replica/branches.ts.
 */
export const maxTips = 64

/** Per writer the batches that nothing held follows on, in `compareHeads` order: one, or several after a fork (R8). */
export type Vector = ReadonlyMap<PeerKey, readonly Head[]>

/** The higher counter first, then the lower hash: the first of a writer's tips is its main one. */
export function compareHeads(a: Head, b: Head): number {
  return b.counter - a.counter || (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0)
}

export function sameHead(a: Head, b: Head): boolean {
  return a.counter === b.counter && a.hash === b.hash
}

export function dotText(dot: Dot): string {
  return `${dot.writer}:${dot.counter}`
}

/** Orders dots by writer, then counter. */
export function compareDots(a: Dot, b: Dot): number {
  return a.writer === b.writer ? a.counter - b.counter : a.writer < b.writer ? -1 : 1
}

export function dotToPlain(dot: Dot): Plain {
  return [fromHex(dot.writer), dot.counter]
}

/** The inverse; undefined if `value` is no dot. */
export function dotFromPlain(value: Plain | undefined): Dot | undefined {
  if (!Array.isArray(value) || value.length < 2) return undefined
  const [writer, counter] = value
  if (!(writer instanceof Uint8Array) || writer.length !== 32) return undefined
  if (typeof counter !== 'number' || !Number.isSafeInteger(counter) || counter < 1) return undefined
  return { writer: toHex(writer), counter }
}

/** Sorted by writer, its tips in order: [[writer, counter, hash], …]. */
export function vectorToPlain(vector: Vector): Plain[] {
  const writers = [...vector.keys()].sort()
  return writers.flatMap(writer => {
    const key = fromHex(writer)
    return (vector.get(writer) ?? []).map((head): Plain => [key, head.counter, fromHex(head.hash)])
  })
}

/** The inverse; undefined if malformed. Of more tips of a writer than are ever kept the first count. */
export function vectorFromPlain(value: Plain | undefined): Map<PeerKey, Head[]> | undefined {
  if (!Array.isArray(value)) return undefined
  const vector = new Map<PeerKey, Head[]>()
  for (const entry of value) {
    const dot = dotFromPlain(entry)
    const hash = Array.isArray(entry) ? entry[2] : undefined
    if (!dot || !(hash instanceof Uint8Array) || hash.length !== 32) return undefined
    const tips = vector.get(dot.writer) ?? []
    if (tips.length < maxTips) tips.push({ counter: dot.counter, hash: toHex(hash) })
    vector.set(dot.writer, tips)
  }
  for (const tips of vector.values()) tips.sort(compareHeads)
  return vector
}

/** One hash that is equal exactly when the vectors are. */
export function vectorHash(vector: Vector): Uint8Array {
  return sha256(encode(vectorToPlain(vector)))
}
