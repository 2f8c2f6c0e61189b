/**
 * A disk on virtual time. A process that dies leaves what it had appended in the page cache, whether synced or not; when
 * the power goes, of what no sync covered only a torn rest stays, and of names that no sync of the directory covered
 * either the old or the new.
 */
import { type AppendFile, type Disk, draftSuffix } from '../../src/store/disk.ts'
import type { Random } from './random.ts'
import type { Life, VirtualTime } from './virtual-clock.ts'
import { VirtualFile } from './virtual-file.ts'

/** How the disk behaves; may be changed while it runs. */
export interface DiskMood {
  /** Longest time a sync takes, ms. */
  syncMs: number
  /** Probability that a sync fails. */
  failure: number
  /** Bytes that still fit; what does not is refused, its beginning written. */
  freeBytes: number
  /** Planted fault: syncs do nothing and say they did. */
  lies: boolean
}

/** Where in an operation a trap strikes: before anything happened, while it is under way, when it is done and nobody was told. */
export const instants = ['before', 'during', 'after'] as const
export type Instant = (typeof instants)[number]

export interface Trap {
  /** Number of the operation, from the disk's first: see `VirtualDisk.operations`. */
  readonly operation: number
  readonly instant: Instant
  spring(): void
}

const fastSyncMs = 3
const never = new Promise<never>(() => undefined)

export class VirtualDisk {
  readonly mood: DiskMood = { syncMs: fastSyncMs, failure: 0, freeBytes: Number.POSITIVE_INFINITY, lies: false }
  trap: Trap | undefined
  /** How often it did harm, of each kind. */
  readonly harm = { failed: 0, refused: 0, interrupted: 0 }
  readonly #time: VirtualTime
  readonly #random: Random
  /** What processes see, by name. */
  #seen = new Map<string, VirtualFile>()
  /** What a directory on the disk says: the names that survive the loss of power. */
  #durable = new Map<string, VirtualFile>()
  /** What a process had asked for and not been told is done; what the bytes would be if it happened. */
  readonly #underWay = new Set<() => void>()
  #operations = 0
  #placed = 0

  constructor(time: VirtualTime, random: Random) {
    this.#time = time
    this.#random = random
  }

  /** Writes, syncs and changes of names that were begun so far. */
  get operations(): number {
    return this.#operations
  }

  /** Drafts that have taken the place of a file, by what the process was told. */
  get placed(): number {
    return this.#placed
  }

  /** No longer slow, full or broken. */
  mend(): void {
    Object.assign(this.mood, { syncMs: fastSyncMs, failure: 0, freeBytes: Number.POSITIVE_INFINITY })
  }

  /**
   * The disk as a process sees it; once the process is dead its operations never end.
   * @param directory what the names of its files begin with
   */
  open(life: Life, directory = ''): Disk {
    const named = (change: () => void) => this.#operation(life, 0.5, change)
    const syncNames = (fails = false) =>
      this.#operation(life, this.mood.syncMs, () => {
        if (fails) throw this.#failed('fsync of the directory')
        this.#durable = new Map(this.#seen)
      })
    return {
      read: async file => this.#seen.get(directory + file)?.bytes(),
      readAt: async (file, offset, length) =>
        this.#seen.get(directory + file)?.bytes(offset, length) ?? new Uint8Array(),
      open: async path => {
        const name = directory + path
        const file = this.#seen.get(name) ?? new VirtualFile()
        await named(() => this.#seen.set(name, file))
        await syncNames()
        return this.#appendFile(file, life)
      },
      replace: async (path, bytes) => {
        const name = directory + path
        if (bytes.length > this.mood.freeBytes) throw this.#noSpace()
        const file = await this.#operation(life, this.mood.syncMs, () => new VirtualFile(bytes))
        await named(() => this.#seen.set(name, file))
        await syncNames()
      },
      draft: async path => {
        const [name, file] = [directory + path, new VirtualFile()]
        await named(() => this.#seen.set(name + draftSuffix, file))
        const written = this.#appendFile(file, life)
        return {
          append: written.append,
          sync: written.sync,
          place: async () => {
            await named(() => {
              this.mood.freeBytes += this.#seen.get(name)?.length ?? 0
              this.#seen.delete(name + draftSuffix)
              this.#seen.set(name, file)
            })
            await syncNames(this.#random.chance(this.mood.failure))
            this.#placed++
            return written
          },
          discard: () =>
            named(() => {
              if (this.#seen.get(name + draftSuffix) !== file) return
              this.mood.freeBytes += file.length
              this.#seen.delete(name + draftSuffix)
            }),
        }
      },
      room: async () => this.mood.freeBytes,
      remove: async path => {
        await named(() => this.#seen.delete(directory + path))
        await syncNames()
      },
    }
  }

  /** What a loss of power now would leave of a file for sure. */
  durable(name: string): Uint8Array {
    return this.#durable.get(name)?.durableBytes() ?? new Uint8Array()
  }

  /** Every file as a copy of the directory would have it. */
  copy(): Map<string, Uint8Array> {
    return new Map([...this.#seen].map(([name, file]) => [name, file.bytes()]))
  }

  /** The directory is put back as a copy of it was; no process runs. */
  restore(copy: ReadonlyMap<string, Uint8Array>): void {
    this.#seen = new Map([...copy].map(([name, bytes]) => [name, new VirtualFile(bytes)]))
    this.#durable = new Map(this.#seen)
  }

  /** The process dies: what it was just doing has happened or not. */
  kill(): void {
    for (const effect of this.#underWay) if (this.#random.chance(0.5)) effect()
    this.#underWay.clear()
  }

  /** The power goes: also what was not synced is lost, or torn. */
  losePower(): void {
    if (this.#underWay.size > 0) this.harm.interrupted++
    this.kill()
    const random = this.#random
    for (const name of new Set([...this.#seen.keys(), ...this.#durable.keys()])) {
      const [seen, durable] = [this.#seen.get(name), this.#durable.get(name)]
      if (seen === durable || random.chance(0.5)) continue
      if (durable) this.#seen.set(name, durable)
      else this.#seen.delete(name)
    }
    this.#durable = new Map(this.#seen)
    for (const file of this.#seen.values()) {
      file.losePower(
        unsynced => (random.chance(0.7) ? random.below(unsynced + 1) : 0),
        length => {
          if (random.chance(0.5)) return undefined
          const from = random.below(length)
          return [from, from + 1 + random.below(64)]
        },
      )
    }
  }

  #appendFile(file: VirtualFile, life: Life): AppendFile {
    return {
      append: bytes => {
        const fits = Math.min(bytes.length, this.mood.freeBytes)
        this.mood.freeBytes -= fits
        return this.#operation(life, 0.05, () => {
          file.append(life.alive ? bytes.subarray(0, fits) : bytes.subarray(0, this.#random.below(fits + 1)))
          if (fits < bytes.length) throw this.#noSpace()
        })
      },
      sync: () => {
        const covered = file.length
        const fails = this.#random.chance(this.mood.failure)
        return this.#operation(life, this.mood.syncMs, () => {
          if (fails) throw this.#failed('fdatasync')
          if (!this.mood.lies) file.sync(covered)
        })
      },
      truncate: length => this.#operation(life, this.mood.syncMs, () => file.truncate(length, !this.mood.lies)),
      close: async () => undefined,
    }
  }

  #failed(call: string): Error {
    this.harm.failed++
    return new Error(`EIO: i/o error, ${call}`)
  }

  #noSpace(): Error {
    this.harm.refused++
    return new Error('ENOSPC: no space left on device, write')
  }

  #operation<T>(life: Life, longestMs: number, effect: () => T): Promise<T> {
    if (!life.alive) return never
    const trap = this.trap?.operation === ++this.#operations ? this.trap : undefined
    if (trap?.instant === 'before') return this.#behind(trap, life, longestMs, effect)
    return new Promise((resolve, reject) => {
      const interrupted = () => {
        try {
          effect()
        } catch {
          // nobody is left who could be told that it failed
        }
      }
      this.#underWay.add(interrupted)
      const lastsMs = this.#random.between(longestMs / 20, longestMs)
      if (trap?.instant === 'during') this.#time.after(lastsMs / 2, () => trap.spring(), life)
      const end = () => {
        this.#underWay.delete(interrupted)
        try {
          const result = effect()
          if (trap?.instant === 'after') trap.spring()
          if (life.alive) resolve(result)
        } catch (error) {
          reject(error)
        }
      }
      this.#time.after(lastsMs, end, life)
    })
  }

  /** Springs the trap, not in this turn, in which the process may have answered somebody. Whom that leaves alive, as all is mended just then, goes on. */
  #behind<T>(trap: Trap, life: Life, longestMs: number, effect: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const strike = () => {
        trap.spring()
        if (life.alive) this.#operation(life, longestMs, effect).then(resolve, reject)
      }
      this.#time.after(0, strike, life)
    })
  }
}
