/**
 * The bytes of a journal: a head, then entries. An entry is
 *
 *   length of the payload (u32) · CRC-32C of the payload (u32) · payload
 *   payload = kind and flags (u8) · first 16 bytes of sha256(previous payload) · the entry's bytes
 *
 * all integers big-endian. The chain makes a lost or moved entry visible; the flags make a group all or nothing, and
 * tell a torn write (which may be damaged anywhere, power loss keeps no order of pages) from damage to older data.
 */
import { equalBytes, sha256 } from '../lib/bytes.ts'
import { SkeinError } from '../lib/errors.ts'
import { crc32c } from './crc32c.ts'
import type { JournalEntry } from './journal.ts'
import { damaged, JournalDamage } from './journal-damage.ts'

/** Magic and format version 1. A later format changes the last two bytes. */
export const journalHead = new Uint8Array([0x53, 0x4b, 0x45, 0x49, 0x4e, 0x4a, 0x00, 0x01])

/** The part of the head that is the same in every version. */
const journalMagicBytes = 6

/** Largest `bytes` of an entry: the largest message (1 MiB) and room for what a local fact wraps around it. */
export const maxEntryBytes = 1024 * 1024 + 4096

const chainBytes = 16
const payloadHeadBytes = 1 + chainBytes
const frameHeadBytes = 8
const kinds = { batch: 1, local: 2, unit: 3 } as const
const kindMask = 0x0f
/** The group goes on after this entry: without its last entry it did not happen. */
const groupGoesOn = 0x80
/** The first entry of one write to the file; all before it had been synchronised. */
const beginsWrite = 0x40

/** What the next entry must name as its predecessor. */
export type Chain = Uint8Array

export const chainStart: Chain = chainAfter(journalHead)

function chainAfter(payload: Uint8Array): Chain {
  return sha256(payload).subarray(0, chainBytes)
}

/** The bytes of one write that holds whole groups, and the chain after it. */
export function encodeWrite(groups: readonly (readonly JournalEntry[])[], chain: Chain) {
  const parts: Uint8Array[] = []
  let tip = chain
  for (const group of groups) {
    for (const [index, entry] of group.entries()) {
      const flags = (parts.length === 0 ? beginsWrite : 0) | (index < group.length - 1 ? groupGoesOn : 0)
      tip = frame(parts, entry, flags, tip)
    }
  }
  return { bytes: new Uint8Array(Buffer.concat(parts)), chain: tip }
}

/**
 * The bytes of entries in a file that is synchronised as a whole before it is anybody's journal, and the chain after them: each
 * begins a write, so that damage to any but the last is told from a torn write.
 */
export function encodeSynced(entries: readonly JournalEntry[], chain: Chain) {
  const parts: Uint8Array[] = []
  let tip = chain
  for (const entry of entries) tip = frame(parts, entry, beginsWrite, tip)
  return { bytes: new Uint8Array(Buffer.concat(parts)), chain: tip }
}

/** Adds the bytes of one entry; gives the chain after it. */
function frame(parts: Uint8Array[], entry: JournalEntry, flags: number, tip: Chain): Chain {
  const payload = Buffer.concat([new Uint8Array([kinds[entry.kind] | flags]), tip, entry.bytes])
  const head = Buffer.alloc(frameHeadBytes)
  head.writeUInt32BE(payload.length, 0)
  head.writeUInt32BE(crc32c(payload), 4)
  parts.push(head, payload)
  return chainAfter(payload)
}

/** What an entry takes beside its bytes. */
export const entryOverheadBytes = frameHeadBytes + payloadHeadBytes
/** Largest entry in the file. */
export const maxFrameBytes = entryOverheadBytes + maxEntryBytes

interface Frame {
  payload: Uint8Array
  end: number
}

/** The whole and undamaged entry at `offset`, whatever its place in the chain; undefined if there is none. */
function frameAt(file: Buffer, offset: number): Frame | undefined {
  if (offset + frameHeadBytes + payloadHeadBytes > file.length) return undefined
  const length = file.readUInt32BE(offset)
  const start = offset + frameHeadBytes
  if (length < payloadHeadBytes || length > payloadHeadBytes + maxEntryBytes || start + length > file.length) {
    return undefined
  }
  const payload = file.subarray(start, start + length)
  if (kindOf(payload) === undefined) return undefined
  return crc32c(payload) === file.readUInt32BE(offset + 4) ? { payload, end: start + length } : undefined
}

function flagsOf(payload: Uint8Array): number {
  return payload[0] ?? 0
}

function kindOf(payload: Uint8Array): JournalEntry['kind'] | undefined {
  const kind = flagsOf(payload) & kindMask
  if (kind === kinds.batch) return 'batch'
  if (kind === kinds.unit) return 'unit'
  return kind === kinds.local ? 'local' : undefined
}

export interface Decoded {
  entries: JournalEntry[]
  chain: Chain
  /** Where the last whole group ends; what follows is a torn write and is to be cut off. */
  length: number
}

/**
 * Reads the bytes of a journal. Throws SkeinError('damaged') when anything but the last write is damaged, and 'unsupported' when
 * another version wrote it.
 */
export function decodeJournal(bytes: Uint8Array, name: string): Decoded {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!equalBytes(file.subarray(0, journalHead.length), journalHead)) throw strangeHead(file, name)
  const entries: JournalEntry[] = []
  let group: JournalEntry[] = []
  let offset = journalHead.length
  let tip = chainStart
  let done = { chain: tip, length: offset }
  for (let frame = frameAt(file, offset); frame; frame = frameAt(file, offset)) {
    const { payload, end } = frame
    if (!equalBytes(payload.subarray(1, payloadHeadBytes), tip)) throw damaged(name, offset, file, done.length)
    group.push({ kind: kindOf(payload) ?? 'local', bytes: new Uint8Array(payload.subarray(payloadHeadBytes)) })
    tip = chainAfter(payload)
    offset = end
    if (flagsOf(payload) & groupGoesOn) continue
    entries.push(...group)
    group = []
    done = { chain: tip, length: offset }
  }
  if (offset < file.length && olderDataFollows(file, offset)) throw damaged(name, offset, file, done.length)
  return { entries, ...done }
}

/**
 * Reads whole entries from a part of a journal that begins at one and that was synchronised. Gives the chain after them, and
 * how many bytes they take; undefined when an entry does not follow on the one before it.
 */
export function decodeSlice(bytes: Uint8Array, chain: Chain) {
  const part = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entries: JournalEntry[] = []
  let [offset, tip] = [0, chain]
  for (let next = frameAt(part, offset); next; next = frameAt(part, offset)) {
    const { payload, end } = next
    if (!equalBytes(payload.subarray(1, payloadHeadBytes), tip)) return undefined
    entries.push({ kind: kindOf(payload) ?? 'local', bytes: new Uint8Array(payload.subarray(payloadHeadBytes)) })
    tip = chainAfter(payload)
    offset = end
  }
  return { entries, chain: tip, length: offset }
}

/** A whole entry that begins a write, behind damage: the damage is in data that was synchronised before that write. */
function olderDataFollows(file: Buffer, damage: number): boolean {
  for (let offset = damage + 1; offset < file.length; offset++) {
    const frame = frameAt(file, offset)
    if (frame && flagsOf(frame.payload) & beginsWrite) return true
  }
  return false
}

/** What is wrong with a journal that begins otherwise. Its first entry names the head that was written: it tells damage from another version. */
function strangeHead(file: Buffer, name: string): SkeinError {
  const repaired = Buffer.concat([journalHead, file.subarray(journalHead.length)])
  const first = frameAt(repaired, journalHead.length)
  const isOurs = first !== undefined && equalBytes(first.payload.subarray(1, payloadHeadBytes), chainStart)
  const hasMagic = equalBytes(file.subarray(0, journalMagicBytes), journalHead.subarray(0, journalMagicBytes))
  if (hasMagic && file.length >= journalHead.length && !isOurs) {
    return new SkeinError(
      'unsupported',
      `journal ${name} was written by another version of Skein: start that version, or pass another --data-dir`,
    )
  }
  const at = journalHead.findIndex((byte, index) => file[index] !== byte)
  try {
    return damaged(name, at, repaired, decodeJournal(repaired, name).length)
  } catch (error) {
    return error instanceof JournalDamage ? error : damaged(name, at, repaired, journalHead.length)
  }
}
