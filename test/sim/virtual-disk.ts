/**
 * A disk on virtual time. A process that dies leaves what it had appended in the page cache, whether synced or not; when
 * the power goes, of what no sync covered only a torn rest stays.
 */
import type { AppendFile, Disk } from '../../src/store/disk.ts'
import type { Random } from './random.ts'
import type { Life, VirtualTime } from './virtual-clock.ts'

interface Content {
  bytes: Uint8Array
  /** This many bytes survive the loss of power. */
  durable: number
}

/** How the disk behaves; may be changed while it runs. */
export interface DiskMood {
  /** Longest time a sync takes, ms. */
  syncMs: number
  /** Probability that a sync fails. */
  failure: number
  /** Planted fault: syncs do nothing and say they did. */
  lies: boolean
}

export class VirtualDisk {
  readonly mood: DiskMood = { syncMs: 3, failure: 0, lies: false }
  /** Called once, when the next append begins: faults like to strike in the middle of a write. */
  onAppend: (() => void) | undefined
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #files = new Map<string, Content>()
  /** What a process had asked for and not been told is done; what the bytes would be if it happened. */
  readonly #underWay = new Set<() => void>()

  constructor(time: VirtualTime, random: Random) {
    this.#time = time
    this.#random = random
  }

  /** The disk as a process sees it; once the process is dead its operations never end. */
  open(life: Life): Disk {
    return {
      read: async name => this.#files.get(name)?.bytes.slice(),
      open: name => this.#operation(life, 0.5, () => this.#appendFile(name, life)),
      replace: (name, bytes) =>
        this.#operation(life, this.mood.syncMs, () => {
          this.#files.set(name, { bytes: bytes.slice(), durable: bytes.length })
        }),
      remove: name => this.#operation(life, 0.5, () => void this.#files.delete(name)),
    }
  }

  /** What a loss of power now would leave of a file for sure. */
  durable(name: string): Uint8Array {
    const file = this.#files.get(name)
    return file ? file.bytes.slice(0, file.durable) : new Uint8Array()
  }

  /** The process dies: what it was just doing has happened or not. */
  kill(): void {
    for (const effect of this.#underWay) if (this.#random.chance(0.5)) effect()
    this.#underWay.clear()
  }

  /** The power goes: also what was not synced is lost, or torn. */
  losePower(): void {
    this.kill()
    for (const file of this.#files.values()) {
      const unsynced = file.bytes.length - file.durable
      const kept = unsynced > 0 && this.#random.chance(0.7) ? this.#random.below(unsynced + 1) : 0
      file.bytes = file.bytes.slice(0, file.durable + kept)
      if (kept > 1 && this.#random.chance(0.5)) this.#tear(file.bytes, file.durable)
      file.durable = file.bytes.length
    }
  }

  /** Pages reach the disk in any order: one before the last may be missing. */
  #tear(bytes: Uint8Array, from: number): void {
    const start = from + this.#random.below(bytes.length - from)
    bytes.fill(0, start, start + 1 + this.#random.below(64))
  }

  #appendFile(name: string, life: Life): AppendFile {
    const file = this.#files.get(name) ?? { bytes: new Uint8Array(), durable: 0 }
    this.#files.set(name, file)
    return {
      append: bytes => {
        this.onAppend?.()
        this.onAppend = undefined
        return this.#operation(life, 0.05, () => {
          const torn = life.alive ? bytes : bytes.subarray(0, this.#random.below(bytes.length + 1))
          file.bytes = new Uint8Array(Buffer.concat([file.bytes, torn]))
        })
      },
      sync: () => this.#sync(file, life),
      truncate: length =>
        this.#operation(life, this.mood.syncMs, () => {
          file.bytes = file.bytes.slice(0, length)
          file.durable = Math.min(this.mood.lies ? file.durable : length, length)
        }),
      close: async () => undefined,
    }
  }

  #sync(file: Content, life: Life): Promise<void> {
    const covered = file.bytes.length
    if (this.#random.chance(this.mood.failure)) {
      return this.#operation(life, this.mood.syncMs, () => {
        throw new Error('EIO: i/o error, fdatasync')
      })
    }
    return this.#operation(life, this.mood.syncMs, () => {
      if (!this.mood.lies) file.durable = Math.max(file.durable, Math.min(covered, file.bytes.length))
    })
  }

  #operation<T>(life: Life, longestMs: number, effect: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const interrupted = () => {
        try {
          effect()
        } catch {
          // nobody is left who could be told that it failed
        }
      }
      this.#underWay.add(interrupted)
      this.#time.after(
        this.#random.between(longestMs / 20, longestMs),
        () => {
          this.#underWay.delete(interrupted)
          try {
            resolve(effect())
          } catch (error) {
            reject(error)
          }
        },
        life,
      )
    })
  }
}
