/**
 * The highest own counter, kept outside the data directory (R8): a directory that is behind it is an old copy, which is found
 * out without meeting anybody. The note is written after the records are durable, within a second, so it is never
 * ahead of an honest journal, whatever kills the process; the writes of the last second before a kill are not in it, and
 * a copy that lacks only these is found out at its first contact.
 */
import { decode, encode } from '../lib/cbor.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { errorText } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { Disk } from '../store/disk.ts'

/** The note is at most so far behind, ms. */
const lagMs = 1000
const format = 1

/** Noted for a key that is given up: no directory is as new as that. */
export const sealedCounter = Number.MAX_SAFE_INTEGER

export interface WitnessDeps {
  /** Outside of the data directory. */
  disk: Pick<Disk, 'read' | 'replace'>
  self: PeerKey
  clock: Clock
  log: Logger
}

export class Witness {
  readonly #deps: WitnessDeps
  #durable = 0
  #noted = 0
  #timer: Timer | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(deps: WitnessDeps) {
    this.#deps = deps
  }

  /** Compares with the journal's own counter. Gives the noted one if it is higher, else undefined. Never rejects. */
  async check(journalled: number): Promise<number | undefined> {
    const { disk, self, log } = this.#deps
    this.#durable = journalled
    try {
      const bytes = await disk.read(self)
      const note = bytes ? counterOf(bytes) : undefined
      if (note === undefined && journalled > 0) {
        log.warn(
          { counter: journalled },
          'no note of this peer outside its data directory: an old copy would not be known',
        )
      }
      this.#noted = note ?? 0
      if (this.#noted > journalled) return this.#noted
    } catch (error) {
      log.warn({ err: errorText(error) }, 'the note outside the data directory cannot be read')
    }
    this.note(journalled)
    return undefined
  }

  /** The own records up to this counter are durable. */
  note(counter: number): void {
    this.#durable = Math.max(this.#durable, counter)
    if (this.#durable > this.#noted) this.#timer ??= this.#deps.clock.after(lagMs, () => void this.#write())
  }

  /** The key is given up, or lost, for good: whatever copy of its directory turns up here is old. Never rejects. */
  async seal(): Promise<void> {
    this.#timer?.cancel()
    this.#durable = sealedCounter
    await this.#write()
  }

  /** Writes the exact counter and ends. */
  async close(): Promise<void> {
    this.#timer?.cancel()
    await this.#write()
  }

  #write(): Promise<void> {
    this.#timer = undefined
    const { disk, self, log } = this.#deps
    this.#writing = this.#writing.then(async () => {
      const counter = this.#durable
      if (counter <= this.#noted) return
      try {
        await disk.replace(self, encode([format, counter]))
        this.#noted = counter
      } catch (error) {
        log.warn({ err: errorText(error) }, 'the note outside the data directory is not written')
      }
    })
    return this.#writing
  }
}

function counterOf(bytes: Uint8Array): number | undefined {
  const value = decode(bytes, 64)
  const [version, counter] = Array.isArray(value) ? value : []
  return version === format && typeof counter === 'number' && Number.isSafeInteger(counter) ? counter : undefined
}
