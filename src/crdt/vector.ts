/** Which batches of which writers a peer holds. */
import { fromHex, sha256, toHex } from '../lib/bytes.ts'
import { encode, type Plain } from '../lib/cbor.ts'
import type { PeerKey } from '../lib/keys.ts'

/** One written leaf: the writer's own counter, from 1, without gaps. */
export interface Dot {
  readonly writer: PeerKey
  readonly counter: number
}

/** The last batch that is held of one writer. */
export interface Head {
  /** Counter of its last leaf. */
  readonly counter: number
  /** Hash of the batch, hex: two hashes at one counter prove a fork of the writer. */
  readonly hash: string
}

export type Vector = ReadonlyMap<PeerKey, Head>

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

/** Sorted by writer: [[writer, counter, hash], …]. */
export function vectorToPlain(vector: Vector): Plain[] {
  const writers = [...vector.keys()].sort()
  return writers.map(writer => {
    const head = vector.get(writer) as Head
    return [fromHex(writer), head.counter, fromHex(head.hash)]
  })
}

/** The inverse; undefined if malformed. */
export function vectorFromPlain(value: Plain | undefined): Map<PeerKey, Head> | undefined {
  if (!Array.isArray(value)) return undefined
  const vector = new Map<PeerKey, Head>()
  for (const entry of value) {
    const dot = dotFromPlain(entry)
    const hash = Array.isArray(entry) ? entry[2] : undefined
    if (!dot || !(hash instanceof Uint8Array) || hash.length !== 32) return undefined
    vector.set(dot.writer, { counter: dot.counter, hash: toHex(hash) })
  }
  return vector
}

/** One hash that is equal exactly when the vectors are. */
export function vectorHash(vector: Vector): Uint8Array {
  return sha256(encode(vectorToPlain(vector)))
}
