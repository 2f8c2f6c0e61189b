/**
 * A batch: the unit of writing, signing, relaying and storing. On the wire [header, leaves]: the header is the canonical
 * array [format, mesh id, writer, first counter, count, hash of the writer's previous batch, HLC ms, HLC count,
 * leaf hashes] with the writer's signature over its bytes; leaves are the very bytes that were signed.
 */
import { fromHex, sha256, sha256Hex, toHex } from '../lib/bytes.ts'
import { decodeHashes, decodeInPlace, encode, type Plain } from '../lib/cbor.ts'
import type { PeerKey, Signer } from '../lib/keys.ts'
import type { Hlc } from './hlc.ts'
import { maxLeafBytes } from './leaves.ts'
import { hash, integer, list } from './plain.ts'

export const batchFormat = 1
/** Largest encoded batch, bytes: fits one message of the mesh with room for its frame. */
export const maxBatchBytes = 512 * 1024
/** Most leaves in one batch. */
export const maxBatchLeaves = 1024

export interface Batch {
  readonly meshId: string
  readonly writer: PeerKey
  /** Counter of the first leaf. */
  readonly first: number
  /** Counter of the last leaf. */
  readonly last: number
  /** Hash of the writer's previous batch, hex; zeros for its first. */
  readonly previous: string
  readonly hlc: Hlc
  readonly leaves: readonly Uint8Array[]
  /** SHA-256 of each leaf, hex. */
  readonly hashes: readonly string[]
  /** SHA-256 of header bytes and signature, hex: names the batch. */
  readonly hash: string
  /** What the writer signed, and its signature. */
  readonly header: Uint8Array
  readonly signature: Uint8Array
  /** The whole encoded batch. */
  readonly bytes: Uint8Array
}

/** `previous` of a writer's first batch. */
export const noBatch = '0'.repeat(64)

export interface BatchFields {
  meshId: string
  first: number
  previous: string
  hlc: Hlc
  leaves: readonly Uint8Array[]
}

export function makeBatch(signer: Signer, fields: BatchFields): Batch {
  const { meshId, first, previous, hlc, leaves } = fields
  const hashes = leaves.map(leaf => sha256Hex(leaf))
  const header = encode([
    batchFormat,
    fromHex(meshId),
    fromHex(signer.key),
    first,
    leaves.length,
    fromHex(previous),
    hlc[0],
    hlc[1],
    hashes.map(fromHex),
  ])
  const signature = signer.sign(header)
  const bytes = encode([header, signature, leaves])
  const hash = toHex(sha256(header, signature))
  const last = first + leaves.length - 1
  return { meshId, writer: signer.key, first, last, previous, hlc, leaves, hashes, hash, header, signature, bytes }
}

export type Verify = (key: PeerKey, bytes: Uint8Array, signature: Uint8Array) => boolean

/** Decodes; throws with the reason if anything but the signature is not as `makeBatch` makes it. */
export function openBatch(bytes: Uint8Array): Batch {
  // a batch is kept whole, so its parts need no copies
  const outer = decodeInPlace(bytes, maxBatchBytes)
  if (!Array.isArray(outer) || outer.length !== 3) throw new Error('batch is not [header, signature, leaves]')
  const [header, signature, leafList] = outer
  if (!(header instanceof Uint8Array) || !(signature instanceof Uint8Array)) throw new Error('batch has no header')
  const leaves = list(leafList, maxBatchLeaves, leaf =>
    leaf instanceof Uint8Array && leaf.length <= maxLeafBytes ? leaf : undefined,
  )
  if (!leaves || leaves.length === 0) throw new Error('batch has no leaves or a malformed one')
  const fields = openHeader(decodeHashes(header, maxBatchBytes), leaves)
  return { ...fields, leaves, hash: toHex(sha256(header, signature)), header, signature, bytes }
}

/** True if the writer signed it. */
export function isSigned(batch: Batch, verify: Verify): boolean {
  return verify(batch.writer, batch.header, batch.signature)
}

function openHeader(
  header: Plain,
  leaves: readonly Uint8Array[],
): Pick<Batch, 'meshId' | 'writer' | 'first' | 'last' | 'previous' | 'hlc' | 'hashes'> {
  if (!Array.isArray(header) || header[0] !== batchFormat) throw new Error('batch has an unknown format')
  const meshId = hash(header[1], 16)
  const writer = hash(header[2], 32)
  const first = integer(header[3], 1, Number.MAX_SAFE_INTEGER - maxBatchLeaves)
  const previous = hash(header[5], 32)
  const ms = integer(header[6], 0, Number.MAX_SAFE_INTEGER)
  const count = integer(header[7], 0, 0xffff)
  const hashes = list(header[8], maxBatchLeaves, item => hash(item, 32))
  if (!meshId || !writer || !first || !previous || ms === undefined || count === undefined || !hashes) {
    throw new Error('batch has a malformed header')
  }
  if (header[4] !== leaves.length || hashes.length !== leaves.length) throw new Error('batch has a wrong leaf count')
  if (!leaves.every((leaf, i) => sha256Hex(leaf) === hashes[i])) {
    throw new Error('batch has a leaf that its header does not name')
  }
  return { meshId, writer, first, last: first + leaves.length - 1, previous, hlc: [ms, count], hashes }
}
