/** Reads a journal piece by piece, while it is being written: only what is durable is asked for. */
import { SkeinError } from '../lib/errors.ts'
import type { Disk } from './disk.ts'
import type { JournalEntry } from './journal.ts'
import { chainStart, decodeSlice, journalHead, maxFrameBytes } from './journal-format.ts'

/** So much is read at once: a few milliseconds of work between two turns of the event loop. */
const sliceBytes = 128 * 1024

export class JournalReader {
  readonly #disk: Pick<Disk, 'readAt'>
  readonly #name: string
  #offset = journalHead.length
  #chain = chainStart

  /** Begins with the first entry of the journal `name`. */
  constructor(disk: Pick<Disk, 'readAt'>, name: string) {
    this.#disk = disk
    this.#name = name
  }

  /** The entries up to `end`, where an entry ends, in pieces. Throws SkeinError('internal') on damage: all of it was whole once. */
  async *upTo(end: number): AsyncIterable<readonly JournalEntry[]> {
    for (let length = sliceBytes; this.#offset < end; ) {
      const asked = Math.min(length, end - this.#offset)
      const slice = decodeSlice(await this.#disk.readAt(this.#name, this.#offset, asked), this.#chain)
      if (!slice || (slice.entries.length === 0 && (asked < length || asked >= maxFrameBytes))) throw this.#damaged()
      // one entry may be longer than a slice
      length = slice.entries.length > 0 ? sliceBytes : maxFrameBytes
      this.#offset += slice.length
      this.#chain = slice.chain
      yield slice.entries
    }
  }

  #damaged(): SkeinError {
    const where = `journal ${this.#name} is damaged behind byte ${this.#offset}`
    return new SkeinError('internal', `${where}: check the disk, then restart skeind, which says what is to be done`)
  }
}
