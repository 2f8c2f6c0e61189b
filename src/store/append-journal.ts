/** The journal on any `Disk`: append-only, checked on opening, one fdatasync for all callers that wait. */
import { errorText, SkeinError } from '../lib/errors.ts'
import { type AppendFile, type Disk, draftSuffix } from './disk.ts'
import type { Journal, JournalEntry, OpenJournal, Selection } from './journal.ts'
import { type Chain, decodeJournal, encodeWrite, journalHead, maxEntryBytes } from './journal-format.ts'
import { Rewriting } from './rewriting.ts'

/**
 * Opens (or begins) the journal `name`. A torn last write is cut off durably. Throws SkeinError('damaged') when older
 * data is, 'unsupported' for a journal of another version: nothing in it is changed then.
 */
export const openJournal: OpenJournal = async (disk, name) => {
  await disk.remove(name + draftSuffix)
  const bytes = await readOrBegin(disk, name)
  const { entries, chain, length } = decodeJournal(bytes, name)
  const file = await disk.open(name)
  // what a killed process wrote and had not synced yet is read here: it must not be shown to anybody before it is durable
  if (length < bytes.length) await file.truncate(length)
  else if (entries.length > 0) await file.sync()
  return { journal: createJournal(disk, name, { file, chain, size: length }), entries }
}

async function readOrBegin(disk: Disk, name: string): Promise<Uint8Array> {
  const bytes = await disk.read(name)
  if (bytes) return bytes
  // whole and durable before the file has its name: a journal never lacks a part of its head
  await disk.replace(name, journalHead)
  return journalHead
}

interface Waiting {
  entries: readonly JournalEntry[]
  resolve: () => void
  reject: (error: Error) => void
}

function createJournal(disk: Disk, name: string, start: { file: AppendFile; chain: Chain; size: number }): Journal {
  let { file, chain, size } = start
  let waiting: Waiting[] = []
  let writing: Promise<void> | undefined
  /** Asks for its turn between two writes. */
  let between: (() => Promise<void>) | undefined
  let rewriting: Promise<boolean> | undefined
  let refusal: SkeinError | undefined
  let closed = false

  async function writeAll(): Promise<void> {
    while ((between || waiting.length > 0) && !refusal) {
      const turn = between
      between = undefined
      await (turn ? turn() : writeOnce())
    }
    writing = undefined
  }

  async function writeOnce(): Promise<void> {
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
      size += write.bytes.length
      for (const { resolve } of taken) resolve()
    } catch (error) {
      // after a failed fsync the kernel may have dropped the pages: asking again would claim what is not on the disk
      refuse(error, taken)
    }
  }

  function refuse(error: unknown, taken: readonly Waiting[] = []): void {
    refusal = failed(name, error)
    for (const { reject } of [...taken, ...waiting]) reject(refusal)
    waiting = []
  }

  function check(): void {
    if (refusal) throw refusal
    if (closed) throw new SkeinError('unavailable', `journal ${name} is closed: skeind is stopping, ask again later`)
  }

  /** Calls `action` while nothing is written; its error is the caller's. */
  function inTurn<T>(action: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      between = () => action().then(resolve, reject)
      writing ??= Promise.resolve().then(writeAll)
      writing.then(() => reject(refusal)) // the queue ended before its turn
    })
  }

  async function rewrite(selection: Selection): Promise<boolean> {
    const old = file
    const next = await Rewriting.begin(disk, name, size, selection, check)
    try {
      // what came meanwhile, so that little is left to be copied while nobody can write
      await next.follow(size)
      return await inTurn(async () => {
        check()
        await next.finish(size)
        if (next.size < size) await swap(next)
        else await next.discard()
        return file !== old
      })
    } catch (error) {
      await next.discard()
      throw error
    }
  }

  async function swap(next: Rewriting): Promise<void> {
    const old = file
    try {
      const placed = await next.place()
      file = placed.file
      chain = placed.chain
      size = placed.size
    } catch (error) {
      // the new file is smaller
      const held = await disk.readAt(name, size - 1, 1).catch(() => undefined)
      if (held?.length !== 1) refuse(error)
      throw error
    }
    await old.close().catch(() => undefined) // nothing in it is needed any more
  }

  return {
    async append(entries) {
      check()
      for (const { bytes } of entries) {
        if (bytes.length > maxEntryBytes) throw tooLarge(name, bytes.length)
      }
      if (entries.length === 0) return
      const durable = new Promise<void>((resolve, reject) => waiting.push({ entries, resolve, reject }))
      writing ??= Promise.resolve().then(writeAll)
      await durable
    },
    size: () => size,
    async rewrite(selection) {
      check()
      if (rewriting) throw new SkeinError('in-use', `journal ${name} is being rewritten: ask again later`)
      rewriting = rewrite(selection)
      try {
        return await rewriting
      } finally {
        rewriting = undefined
      }
    },
    async close() {
      if (closed) return
      closed = true
      await rewriting?.catch(() => undefined) // who asked for it has the error
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
