/**
 * A vector in short, for members that know each other's writers: [first bytes of the key, counter, first bytes of the hash, …],
 * one after the other. Short hashes can be those of other batches; who relies on what was shown compares the whole hash of the vector.
 */
import { integer } from '../crdt/plain.ts'
import { compareHeads, type Head, maxTips, type Vector } from '../crdt/vector.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import type { Plain } from '../lib/cbor.ts'
import type { PeerKey } from '../lib/keys.ts'

/** Of a key as many bytes as tell it from the others that the sender knows, at least these. */
const minPrefixBytes = 3
const keyBytes = 32
/** Of a hash. */
export const shortHashBytes = 4
/** Most entries of one message: far more than fit. */
const maxEntries = 65_536

export interface ShortEntry {
  /** First digits of a key, hex. */
  readonly prefix: string
  /** With a hash cut short. */
  readonly head: Head
}

/** Ascending by writer. @param keys all writers that the sender knows, those of `vector` among them */
export function shortToPlain(vector: Vector, keys: Iterable<PeerKey>): Plain[] {
  const sorted = [...keys].sort()
  return sorted.flatMap((writer, i) => {
    const tips = vector.get(writer) ?? []
    if (tips.length === 0) return []
    const shared = Math.max(commonBytes(writer, sorted[i - 1]), commonBytes(writer, sorted[i + 1]))
    const prefix = fromHex(writer).subarray(0, Math.max(minPrefixBytes, shared + 1))
    return tips.flatMap(({ counter, hash }): Plain[] => [prefix, counter, fromHex(hash).subarray(0, shortHashBytes)])
  })
}

/** The inverse, as it was sent; undefined if malformed. */
export function shortFromPlain(value: Plain | undefined): ShortEntry[] | undefined {
  if (!Array.isArray(value) || value.length % 3 !== 0 || value.length > 3 * maxEntries) return undefined
  const entries: ShortEntry[] = []
  for (let i = 0; i < value.length; i += 3) {
    const [key, count, hash]: Plain[] = value.slice(i, i + 3)
    const counter = integer(count, 1, Number.MAX_SAFE_INTEGER)
    if (!(key instanceof Uint8Array) || key.length < minPrefixBytes || key.length > keyBytes) return undefined
    if (!counter || !(hash instanceof Uint8Array) || hash.length !== shortHashBytes) return undefined
    entries.push({ prefix: toHex(key), head: { counter, hash: toHex(hash) } })
  }
  return entries
}

/**
 * Whose entries these are.
 * @param keys all writers that the receiver knows
 * @returns the vector, with hashes cut short, and the prefixes that are of none of the writers, or of several
 */
export function attribute(
  entries: readonly ShortEntry[],
  keys: Iterable<PeerKey>,
): { vector: Vector; unclear: readonly string[] } {
  const near = new Map<string, PeerKey[]>()
  for (const key of keys) near.set(nearest(key), [...(near.get(nearest(key)) ?? []), key])
  const vector = new Map<PeerKey, Head[]>()
  const unclear: string[] = []
  for (const { prefix, head } of entries) {
    const [writer, ...others] = (near.get(nearest(prefix)) ?? []).filter(key => key.startsWith(prefix))
    if (!writer || others.length > 0) {
      unclear.push(prefix)
      continue
    }
    const tips = vector.get(writer) ?? []
    if (tips.length < maxTips) vector.set(writer, [...tips, head].sort(compareHeads))
  }
  return { vector, unclear }
}

function nearest(hex: string): string {
  return hex.slice(0, 2 * minPrefixBytes)
}

/** How many bytes two keys begin with alike, hex. */
function commonBytes(a: string, b: string | undefined): number {
  let digits = 0
  while (b !== undefined && digits < a.length && a[digits] === b[digits]) digits++
  return digits >> 1
}
