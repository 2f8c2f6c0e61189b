/** Facts of this host alone, in the journal beside the batches. */
import { decode, encode } from '../lib/cbor.ts'
import { SkeinError } from '../lib/errors.ts'
import type { LocalFacts } from './replica.ts'

/** Of one encoded fact. */
const maxFactBytes = 64 * 1024
/** What the encoding adds to key and value, about. */
const frameBytes = 5

export class JournalledFacts implements LocalFacts {
  readonly #facts = new Map<string, string>()
  readonly #append: (entries: Uint8Array[]) => Promise<void>
  #newest: Promise<void> = Promise.resolve()
  #characters = 0

  constructor(append: (entries: Uint8Array[]) => Promise<void>) {
    this.#append = append
  }

  /** Takes over one entry of the journal at start. */
  replay(bytes: Uint8Array): void {
    const fact = openFact(bytes)
    if (fact) this.#put(fact.key, fact.value)
  }

  /** How many there are, and about how many bytes they take as they are stored. */
  weight(): { bytes: number; count: number } {
    const { size } = this.#facts
    return { bytes: this.#characters + frameBytes * size, count: size }
  }

  get(key: string): string | undefined {
    return this.#facts.get(key)
  }

  entries(prefix: string): [key: string, value: string][] {
    return [...this.#facts].filter(([key]) => key.startsWith(prefix))
  }

  async set(pairs: readonly (readonly [key: string, value: string | undefined])[]): Promise<void> {
    const changed = pairs.filter(([key, value]) => this.#facts.get(key) !== value)
    const entries = changed.map(([key, value]) => encode([key, value ?? null]))
    const size = Math.max(0, ...entries.map(entry => entry.length))
    if (size > maxFactBytes) throw new SkeinError('invalid', `a local fact of ${size} bytes is too large`)
    for (const [key, value] of changed) this.#put(key, value)
    if (changed.length > 0) {
      this.#newest = this.#append(entries)
      this.#newest.catch(() => undefined) // the caller below has the error
    }
    await this.#newest // an equal value may itself be on its way to the disk
  }

  #put(key: string, value: string | undefined): void {
    const before = this.#facts.get(key)
    if (before !== undefined) this.#characters -= key.length + before.length
    if (value !== undefined) {
      this.#facts.set(key, value)
      this.#characters += key.length + value.length
    } else this.#facts.delete(key)
  }
}

/** What an entry of the journal says of a fact: `value` undefined when it is forgotten. Undefined if it says nothing. */
export function openFact(bytes: Uint8Array): { key: string; value: string | undefined } | undefined {
  const entry = decode(bytes, maxFactBytes)
  if (!Array.isArray(entry) || typeof entry[0] !== 'string') return undefined
  return { key: entry[0], value: typeof entry[1] === 'string' ? entry[1] : undefined }
}
