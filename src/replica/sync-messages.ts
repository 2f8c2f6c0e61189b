/** The requests and answers of `/skein/sync/2` (docs/reference/wire.md), as arrays. */
import { maxBatchBytes } from '../crdt/batch.ts'
import { bytes, bytesOf, integer, key, list } from '../crdt/plain.ts'
import { type Dot, dotFromPlain, type Head, type Vector, vectorFromPlain } from '../crdt/vector.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import { decode, type Plain } from '../lib/cbor.ts'
import type { PeerKey } from '../lib/keys.ts'
import { maxMessageBytes } from '../mesh/transport.ts'
import { stateHashBytes } from './agreement.ts'
import { maxLocatorHeads } from './history.ts'
import { type ShortEntry, shortFromPlain, shortHashBytes } from './short-vector.ts'
import { fromBits, narrowShapeOf, type SummaryShape, summaryBytes, wideShape } from './vector-summary.ts'

export const syncProtocol = '/skein/sync/2'

/** First element of a request. */
export const ask = { hello: 0, entries: 1, pull: 2, offer: 3, has: 4, tips: 5, orphans: 6 } as const
/** First element of the answer to a hello. */
export const answer = { equal: 0, vector: 1, summary: 2, incomplete: 3, narrow: 4 } as const
/**
 * Third element of a hello: its sender understands `tips` and what is in short. Earlier versions neither send it nor look at it. The fourth one, if any, is
 * its sender's state hash (agreement.ts), and so is the second one of the answer `equal`.
 */
export const understandsShort = 2

/** Most writers that one pull asks for, and most heads of one of them: the tips, or a locator from each. */
export const maxWants = 1024
export const maxHeads = maxLocatorHeads
/** A message of units stops growing behind this; with one more it still is a message. */
export const chunkBytes = 256 * 1024
/** Most units of one message. */
const maxUnits = 65_536

const wholeHashBytes = 32

/** What somebody lacks of a writer. */
export interface Want {
  readonly writer: PeerKey
  /** What it holds, and all before. */
  readonly heads: readonly Head[]
  /** If the other knows none of the heads: true to get everything, false to be told. */
  readonly whole: boolean
}

/** `short`: more of the same, in short; undefined from who does not understand it. */
export type SyncRequest =
  | { readonly kind: 'hello'; readonly hash: Uint8Array; readonly inShort: boolean; readonly state?: Uint8Array }
  | { readonly kind: 'entries'; readonly buckets: ReadonlySet<number> }
  | { readonly kind: 'tips'; readonly wanted: ReadonlySet<number>; readonly shape: SummaryShape }
  | { readonly kind: 'pull'; readonly wants: readonly Want[]; readonly short: readonly ShortEntry[] | undefined }
  | { readonly kind: 'offer'; readonly vector: Vector; readonly short: readonly ShortEntry[] | undefined }
  | { readonly kind: 'has'; readonly dot: Dot }
  /** `hash`: of all orphaned units that the asker has; `units`: none, or some of them. */
  | { readonly kind: 'orphans'; readonly hash: Uint8Array; readonly units: readonly Uint8Array[] }

/** Throws when malformed. */
export function openRequest(encoded: Uint8Array): SyncRequest {
  const message = decode(encoded, maxMessageBytes)
  const [kind, body, third, fourth] = Array.isArray(message) ? message : []
  if (kind === ask.hello && body instanceof Uint8Array) {
    const inShort = third === understandsShort
    const state = inShort ? bytes(fourth, stateHashBytes) : undefined
    return { kind: 'hello', hash: body, inShort, ...(state ? { state } : {}) }
  }
  if (kind === ask.orphans) return orphansFrom(body, third)
  const buckets = kind === ask.entries ? list(body, 256, item => integer(item, 0, 255)) : undefined
  if (buckets) return { kind: 'entries', buckets: new Set(buckets) }
  const bits = kind === ask.tips && body instanceof Uint8Array ? fromBits(body) : undefined
  if (bits) return { kind: 'tips', ...bits }
  const short = third === undefined ? undefined : shortFromPlain(third)
  if ((kind === ask.pull || kind === ask.offer) && third !== undefined && !short) throw new Error('malformed request')
  const wants = kind === ask.pull ? list(body, maxWants, wantFromPlain) : undefined
  if (wants) return { kind: 'pull', wants, short }
  const vector = kind === ask.offer ? vectorFromPlain(body) : undefined
  if (vector) return { kind: 'offer', vector, short }
  const dot = kind === ask.has ? dotFromPlain(body) : undefined
  if (dot) return { kind: 'has', dot }
  throw new Error('malformed request')
}

function orphansFrom(body: Plain | undefined, third: Plain | undefined): SyncRequest {
  const hash = bytes(body, 32)
  const units = third === undefined ? [] : list(third, maxUnits, unitFrom)
  if (!hash || !units) throw new Error('malformed request')
  return { kind: 'orphans', hash, units }
}

/** @param hashBytes of each hash: all, or as in short */
export function wantToPlain({ writer, heads, whole }: Want, hashBytes = wholeHashBytes): Plain {
  return [
    bytesOf(writer),
    heads.map(({ counter, hash }): Plain => [counter, fromHex(hash).subarray(0, hashBytes)]),
    whole,
  ]
}

function wantFromPlain(value: Plain): Want | undefined {
  const [first, second, third] = Array.isArray(value) ? value : []
  const writer = key(first)
  const heads = list(second, maxHeads, headFromPlain)
  return writer && heads ? { writer, heads, whole: third === true } : undefined
}

function headFromPlain(value: Plain): Head | undefined {
  const [first, hash] = Array.isArray(value) ? value : []
  const counter = integer(first, 1, Number.MAX_SAFE_INTEGER)
  if (!counter || !(hash instanceof Uint8Array)) return undefined
  return hash.length === wholeHashBytes || hash.length === shortHashBytes ? { counter, hash: toHex(hash) } : undefined
}

/** What a member answered to a hello: a vector, or its summary. Throws when malformed. */
export type Shown =
  | { readonly equal: true; readonly state?: Uint8Array }
  | 'incomplete'
  | { readonly vector: Vector }
  | { readonly summary: Uint8Array; readonly shape: SummaryShape }

export function openShown(message: Plain): Shown {
  const [kind, body] = Array.isArray(message) ? message : []
  if (kind === answer.equal) {
    const state = bytes(body, stateHashBytes)
    return { equal: true, ...(state ? { state } : {}) }
  }
  if (kind === answer.incomplete) return 'incomplete'
  const vector = kind === answer.vector ? vectorFromPlain(body) : undefined
  if (vector) return { vector }
  if (body instanceof Uint8Array) {
    if (kind === answer.summary && body.length === summaryBytes(wideShape)) return { summary: body, shape: wideShape }
    const shape = kind === answer.narrow ? narrowShapeOf(body.length) : undefined
    if (shape) return { summary: body, shape }
  }
  throw new Error('malformed answer to a hello')
}

/** What a member answered to `tips`: the hash of its whole vector, and the entries that were asked for. Throws when malformed. */
export function openTips(message: Plain): { hash: Uint8Array; entries: readonly ShortEntry[] } {
  const [first, second] = Array.isArray(message) ? message : []
  const hash = bytes(first, 32)
  const entries = shortFromPlain(second)
  if (!hash || !entries) throw new Error('malformed tips')
  return { hash, entries }
}

/** A chunk: units, whether there is more, and the writers of whom none of the heads was known. Throws when malformed. */
export function openChunk(message: Plain): { units: Uint8Array[]; more: boolean; unknown: PeerKey[] } {
  const [first, more, third] = Array.isArray(message) ? message : []
  const units = list(first, maxUnits, unitFrom)
  const unknown = list(third, maxWants, key)
  if (!units || !unknown) throw new Error('malformed chunk')
  return { units, more: more === true, unknown }
}

function unitFrom(item: Plain): Uint8Array | undefined {
  return item instanceof Uint8Array && item.length <= maxBatchBytes ? item : undefined
}
