/** What happened in a simulation: told line by line, kept for the report of a failure, and hashed for comparing runs. */
import type { VirtualTime } from './virtual-clock.ts'

/** Lines that a report can show. */
const keptLines = 400

export class History {
  readonly #time: VirtualTime
  readonly #print: ((line: string) => void) | undefined
  readonly #ring: string[] = []
  #lines = 0
  #low = 0x811c9dc5
  #high = 0x01000193

  constructor(time: VirtualTime, print?: (line: string) => void) {
    this.#time = time
    this.#print = print
  }

  note(text: string): void {
    const line = `#${this.#time.step} ${(this.#time.nowMs / 1000).toFixed(4)}s ${text}`
    // two 32-bit FNV-1a hashes with different starts: enough to tell two runs apart
    for (let i = 0; i < line.length; i++) {
      this.#low = Math.imul(this.#low ^ line.charCodeAt(i), 0x01000193)
      this.#high = Math.imul(this.#high ^ (line.charCodeAt(i) + 1), 0x01000193)
    }
    this.#ring[this.#lines++ % keptLines] = line
    this.#print?.(line)
  }

  /** Names the whole history. */
  get hash(): string {
    return [this.#low, this.#high].map(half => (half >>> 0).toString(16).padStart(8, '0')).join('')
  }

  /** The newest lines, oldest first. */
  last(count: number): string[] {
    const from = Math.max(0, this.#lines - Math.min(count, keptLines))
    return Array.from({ length: this.#lines - from }, (_, i) => this.#ring[(from + i) % keptLines] as string)
  }
}

/** A broken invariant. */
export class Violation extends Error {
  override readonly name = 'Violation'
  /** `I1`, `I2`, `I3`, or which promise. */
  readonly invariant: string

  constructor(invariant: string, details: string) {
    super(`${invariant} violated: ${details}`)
    this.invariant = invariant
  }
}
