/** A journal that is written anew beside the old one: first what is needed of it, then what was appended meanwhile. */
import { SkeinError } from '../lib/errors.ts'
import type { AppendFile, Disk, Draft } from './disk.ts'
import type { JournalEntry, Selection } from './journal.ts'
import { type Chain, chainStart, encodeSynced, journalHead } from './journal-format.ts'
import { JournalReader } from './journal-reader.ts'

/** So much is written at once. */
const pieceBytes = 128 * 1024

/** So much is left to the kernel at most: who synchronises the old file may have to wait for all that is not on the disk yet. */
const unsyncedBytes = 4 * 1024 * 1024
/** Times the old file: a new one that fills the disk would leave no room for what is appended to the old one meanwhile. */
const roomNeeded = 2

/** The new file, once it has the name. */
export interface Rewritten {
  readonly file: AppendFile
  readonly chain: Chain
  readonly size: number
}

export class Rewriting {
  readonly #reader: JournalReader
  readonly #draft: Draft
  readonly #last: JournalEntry
  #pending: JournalEntry[] = []
  #pendingBytes = 0
  #chain: Chain = chainStart
  #size = 0
  #syncedSize = 0

  private constructor(reader: JournalReader, draft: Draft, last: JournalEntry) {
    this.#reader = reader
    this.#draft = draft
    this.#last = last
  }

  /**
   * Writes what is needed of the first `end` bytes of the journal `name`, and synchronises it. Rejects when the disk fails or `check`
   * throws, which is asked again and again; nothing is left then.
   */
  static async begin(disk: Disk, name: string, end: number, selection: Selection, check: () => void) {
    const room = await disk.room()
    if (room < roomNeeded * end) throw tooLittle(name, roomNeeded * end, room)
    const seen = new JournalReader(disk, name)
    for await (const entries of seen.upTo(end)) {
      check()
      for (const entry of entries) selection.see(entry)
    }
    const draft = await disk.draft(name)
    const rewriting = new Rewriting(new JournalReader(disk, name), draft, selection.last)
    try {
      await rewriting.#select(end, selection, check)
    } catch (error) {
      await rewriting.discard()
      throw error
    }
    return rewriting
  }

  /** Copies what the old file has up to `end`, and synchronises it. */
  async follow(end: number): Promise<void> {
    for await (const entries of this.#reader.upTo(end)) for (const entry of entries) await this.#put(entry)
    await this.#flush()
    await this.#draft.sync()
  }

  /** Copies the rest, up to `end`, the size of the old file; nothing is appended to that any more. */
  async finish(end: number): Promise<void> {
    for await (const entries of this.#reader.upTo(end)) for (const entry of entries) await this.#put(entry)
    await this.#put(this.#last)
    await this.#flush()
    await this.#draft.sync()
  }

  /** Bytes of the new file so far. */
  get size(): number {
    return this.#size
  }

  /** Takes the old file's place. When it rejects, either may have the name. */
  async place(): Promise<Rewritten> {
    const file = await this.#draft.place()
    return { file, chain: this.#chain, size: this.#size }
  }

  async discard(): Promise<void> {
    await this.#draft.discard().catch(() => undefined) // the next attempt, or the next start, takes it away
  }

  async #select(end: number, selection: Selection, check: () => void): Promise<void> {
    await this.#draft.append(journalHead)
    this.#size = journalHead.length
    for (const entry of selection.first()) await this.#put(entry)
    for await (const entries of this.#reader.upTo(end)) {
      check()
      for (const entry of entries) for (const kept of selection.instead(entry)) await this.#put(kept)
    }
    await this.#flush()
    await this.#draft.sync()
  }

  async #put(entry: JournalEntry): Promise<void> {
    this.#pending.push(entry)
    this.#pendingBytes += entry.bytes.length
    if (this.#pendingBytes >= pieceBytes) await this.#flush()
  }

  async #flush(): Promise<void> {
    if (this.#pending.length === 0) return
    const { bytes, chain } = encodeSynced(this.#pending, this.#chain)
    this.#pending = []
    this.#pendingBytes = 0
    await this.#draft.append(bytes)
    this.#chain = chain
    this.#size += bytes.length
    if (this.#size - this.#syncedSize < unsyncedBytes) return
    await this.#draft.sync()
    this.#syncedSize = this.#size
  }
}

function tooLittle(name: string, needed: number, room: number): SkeinError {
  const [free, wanted] = [room, needed].map(bytes => Math.round(bytes / 1024 / 1024))
  return new SkeinError(
    'exhausted',
    `the disk has ${free} MiB left, and rewriting journal ${name} needs ${wanted}: make room beside it, it is tried again`,
  )
}
