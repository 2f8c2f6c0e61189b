/** The journal on any `Disk`: append-only, checked on opening, one fdatasync for all callers that wait. */
import { errorText, SkeinError } from '../lib/errors.ts'
import type { AppendFile, Disk } from './disk.ts'
import type { Journal, JournalEntry, OpenJournal } from './journal.ts'
import {
  type Chain,
  decodeJournal,
  encodeWrite,
  journalHead,
  journalMagicBytes,
  maxEntryBytes,
} from './journal-format.ts'

/**
 * Opens (or begins) the journal `name`. A torn last write is cut off durably. Throws SkeinError('internal') when older
 * data is damaged or the file is no journal of this version: nothing in it is changed then.
 */
export const openJournal: OpenJournal = async (disk, name) => {
  const bytes = await readOrBegin(disk, name)
  const { entries, chain, length } = decodeJournal(bytes, name)
  const file = await disk.open(name)
  // what a killed process wrote and had not synced yet is read here: it must not be shown to anybody before it is durable
  if (length < bytes.length) await file.truncate(length)
  else if (entries.length > 0) await file.sync()
  return { journal: createJournal(file, name, chain), entries }
}

async function readOrBegin(disk: Disk, name: string): Promise<Uint8Array> {
  const bytes = await disk.read(name)
  if (!bytes) {
    // whole and durable before the file has its name: a journal never lacks a part of its head
    await disk.replace(name, journalHead)
    return journalHead
  }
  const difference = journalHead.findIndex((byte, index) => bytes[index] !== byte)
  if (difference === -1) return bytes
  throw new SkeinError(
    'internal',
    difference < journalMagicBytes || bytes.length < journalHead.length
      ? `${name} is not a journal of Skein (byte ${difference}): move it away, or pass another --data-dir`
      : `journal ${name} was written by another version of Skein: start that version, or pass another --data-dir`,
  )
}

interface Waiting {
  entries: readonly JournalEntry[]
  resolve: () => void
  reject: (error: Error) => void
}

function createJournal(file: AppendFile, name: string, start: Chain): Journal {
  let chain = start
  let waiting: Waiting[] = []
  let writing: Promise<void> | undefined
  let refusal: SkeinError | undefined
  let closed = false

  async function writeAll(): Promise<void> {
    while (waiting.length > 0 && !refusal) {
      const taken = waiting
      waiting = []
      try {
        const write = encodeWrite(
          taken.map(({ entries }) => entries),
          chain,
        )
        await file.append(write.bytes)
        await file.sync()
        chain = write.chain
        for (const { resolve } of taken) resolve()
      } catch (error) {
        // after a failed fsync the kernel may have dropped the pages: asking again would claim what is not on the disk
        refusal = failed(name, error)
        for (const { reject } of [...taken, ...waiting]) reject(refusal)
        waiting = []
      }
    }
    writing = undefined
  }

  return {
    async append(entries) {
      if (refusal) throw refusal
      if (closed) throw new SkeinError('unavailable', `journal ${name} is closed: skeind is stopping, ask again later`)
      for (const { bytes } of entries) {
        if (bytes.length > maxEntryBytes) throw tooLarge(name, bytes.length)
      }
      if (entries.length === 0) return
      const durable = new Promise<void>((resolve, reject) => waiting.push({ entries, resolve, reject }))
      writing ??= Promise.resolve().then(writeAll)
      await durable
    },
    async close() {
      if (closed) return
      closed = true
      await writing
      await file.close()
    },
  }
}

function failed(name: string, error: unknown): SkeinError {
  const text = `journal ${name} cannot be written (${errorText(error)}), nothing more is accepted: check the disk, then restart skeind`
  return new SkeinError('internal', text, { cause: error })
}

function tooLarge(name: string, size: number): SkeinError {
  return new SkeinError(
    'invalid',
    `an entry of ${size} bytes is too large for journal ${name}: at most ${maxEntryBytes}`,
  )
}
