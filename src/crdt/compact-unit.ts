/**
 * The compact unit: what is left of a run of one writer's batches once the writer has dropped what nobody needs any more.
 * On the wire [header, signature, leaves] as a batch is; the header is the canonical array [2, mesh id, writer, first
 * counter, last counter, hash of the batch before the run, hash of its last batch, [[counter, HLC ms, HLC count, leaf
 * hash], …]]. The writer's signature over it stands in a `checkpoint` leaf too, so whoever holds the run makes the unit itself.
 */
import { fromHex, sha256Hex } from '../lib/bytes.ts'
import { decodeHashes, decodeInPlace, encode, type Plain } from '../lib/cbor.ts'
import type { PeerKey } from '../lib/keys.ts'
import { type Batch, maxBatchBytes, maxBatchLeaves, openBatch, type Verify } from './batch.ts'
import { compareHlc, type Hlc } from './hlc.ts'
import { maxLeafBytes, maxRunCounters } from './leaves.ts'
import { hash, integer, list } from './plain.ts'

export const unitFormat = 2
/** Largest encoded unit, bytes: as a batch, so that it fits wherever one does. */
export const maxUnitBytes = maxBatchBytes

/** One leaf of a batch or of a unit. */
export interface PlacedLeaf {
  readonly counter: number
  readonly hlc: Hlc
  /** SHA-256 of the bytes, hex. */
  readonly hash: string
  readonly bytes: Uint8Array
}

/** Where a run lies in its writer's chain. */
export interface Run {
  readonly meshId: string
  readonly writer: PeerKey
  readonly first: number
  readonly last: number
  /** Hash of the batch before the run; zeros if there is none. */
  readonly previous: string
  /** Hash of the run's last batch. */
  readonly hash: string
}

export interface CompactUnit extends Run {
  /** Of the first leaf that is left; [0, 0] without one. */
  readonly hlc: Hlc
  readonly survivors: readonly PlacedLeaf[]
  readonly header: Uint8Array
  readonly signature: Uint8Array
  readonly bytes: Uint8Array
  readonly compact: true
}

/** What a writer's chain is held as. */
export type Part = Batch | CompactUnit

/** True if the encoded batch or unit says that it is a unit: only looks at where its format stands. */
export function isUnit(bytes: Uint8Array): boolean {
  // an array, in it a byte string (CBOR heads of 1, 2, 3 or 5 bytes), in it an array whose first element is the format
  const length = (bytes[1] ?? 0) & 0x1f
  const head = length < 24 ? 1 : length === 24 ? 2 : length === 25 ? 3 : 5
  return (bytes[1 + head] ?? 0) >> 5 === 4 && bytes[2 + head] === unitFormat
}

/** Decodes a batch or a unit; throws as `openBatch` and `openUnit`. */
export function openPart(bytes: Uint8Array): Part {
  return isUnit(bytes) ? openUnit(bytes) : openBatch(bytes)
}

/** True if the writer signed it. */
export function isSignedPart(part: Part, verify: Verify): boolean {
  return verify(part.writer, part.header, part.signature)
}

/** The leaves of a batch or a unit, in their order. */
export function leavesOf(part: Part): readonly PlacedLeaf[] {
  if ('survivors' in part) return part.survivors
  const { first, hlc, hashes } = part
  return part.leaves.map((bytes, i) => ({ counter: first + i, hlc, hash: hashes[i] ?? '', bytes }))
}

/** What the writer signs to let go of all leaves of the run but these (ascending). */
export function unitHeader(run: Run, survivors: readonly PlacedLeaf[]): Uint8Array {
  return encode([
    unitFormat,
    fromHex(run.meshId),
    fromHex(run.writer),
    run.first,
    run.last,
    fromHex(run.previous),
    fromHex(run.hash),
    survivors.map(({ counter, hlc, hash }) => [counter, hlc[0], hlc[1], fromHex(hash)]),
  ])
}

export function makeUnit(run: Run, survivors: readonly PlacedLeaf[], signature: Uint8Array): CompactUnit {
  const { meshId, writer, first, last, previous, hash } = run
  const header = unitHeader(run, survivors)
  const bytes = encode([header, signature, survivors.map(leaf => leaf.bytes)])
  const hlc = survivors[0]?.hlc ?? [0, 0]
  return { meshId, writer, first, last, previous, hash, hlc, survivors, header, signature, bytes, compact: true }
}

/** Decodes; throws with the reason if anything but the signature is not as `makeUnit` makes it. */
export function openUnit(bytes: Uint8Array): CompactUnit {
  // a unit is kept whole, as a batch is
  const outer = decodeInPlace(bytes, maxUnitBytes)
  if (!Array.isArray(outer) || outer.length < 3) throw new Error('unit is not [header, signature, leaves]')
  const [header, signature, leafList] = outer
  if (!(header instanceof Uint8Array) || !(signature instanceof Uint8Array)) throw new Error('unit has no header')
  const leaves = list(leafList, maxRunCounters, leaf =>
    leaf instanceof Uint8Array && leaf.length <= maxLeafBytes ? leaf : undefined,
  )
  if (!leaves) throw new Error('unit has malformed leaves')
  const fields = openHeader(decodeHashes(header, maxUnitBytes), leaves)
  const hlc = fields.survivors[0]?.hlc ?? [0, 0]
  return { ...fields, hlc, header, signature, bytes, compact: true }
}

function openHeader(header: Plain, leaves: readonly Uint8Array[]): Run & Pick<CompactUnit, 'survivors'> {
  if (!Array.isArray(header) || header[0] !== unitFormat) throw new Error('unit has an unknown format')
  const meshId = hash(header[1], 16)
  const writer = hash(header[2], 32)
  const first = integer(header[3], 1, Number.MAX_SAFE_INTEGER - maxBatchLeaves)
  const last = first && integer(header[4], first, first + maxRunCounters - 1)
  const previous = hash(header[5], 32)
  const end = hash(header[6], 32)
  const names = header[7]
  if (!meshId || !writer || !first || !last || !previous || !end || !Array.isArray(names)) {
    throw new Error('unit has a malformed header')
  }
  if (names.length !== leaves.length) throw new Error('unit has a wrong leaf count')
  const survivors: PlacedLeaf[] = []
  for (const [i, bytes] of leaves.entries()) {
    const before = survivors[i - 1]
    const leaf = leafNamed(names[i] as Plain, bytes, before)
    if (!leaf) throw new Error('unit has a malformed header')
    if (sha256Hex(bytes) !== leaf.hash) throw new Error('unit has a leaf that its header does not name')
    if (!isPlaced(leaf, before, first, last)) throw new Error('unit has leaves out of their order')
    survivors.push(leaf)
  }
  return { meshId, writer, first, last, previous, hash: end, survivors }
}

function leafNamed(name: Plain, bytes: Uint8Array, before: PlacedLeaf | undefined): PlacedLeaf | undefined {
  if (!Array.isArray(name)) return undefined
  const counter = integer(name[0], 1, Number.MAX_SAFE_INTEGER)
  const ms = integer(name[1], 0, Number.MAX_SAFE_INTEGER)
  const count = integer(name[2], 0, 0xffff)
  const named = hash(name[3], 32)
  if (counter === undefined || ms === undefined || count === undefined || !named) return undefined
  // leaves of one batch have one clock
  const isSame = before?.hlc[0] === ms && before.hlc[1] === count
  return { counter, hlc: isSame ? before.hlc : [ms, count], hash: named, bytes }
}

/** Within the run, and behind the leaf before by counter and not before it by clock. */
function isPlaced(leaf: PlacedLeaf, before: PlacedLeaf | undefined, first: number, last: number): boolean {
  if (leaf.counter < first || leaf.counter > last) return false
  return !before || (before.counter < leaf.counter && compareHlc(before.hlc, leaf.hlc) <= 0)
}
