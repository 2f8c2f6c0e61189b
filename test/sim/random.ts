/** All chance of a simulation: one seed decides everything. Generator: sfc32, its state filled by splitmix32. */

export type Weighted = readonly [name: string, weight: number]

export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number) {
    let state = seed >>> 0
    const next = () => {
      state = (state + 0x9e3779b9) >>> 0
      let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
      return (mixed ^ (mixed >>> 15)) >>> 0
    }
    this.#a = next()
    this.#b = next()
    this.#c = next() ^ Math.floor(seed / 2 ** 32)
    for (let i = 0; i < 12; i++) this.word()
  }

  /** Uniform unsigned 32-bit integer. */
  word(): number {
    const sum = (((this.#a + this.#b) >>> 0) + this.#counter) >>> 0
    this.#counter = (this.#counter + 1) >>> 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) >>> 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) >>> 0
    return sum
  }

  /** Uniform in [0, 1). */
  readonly next = (): number => this.word() / 2 ** 32

  /** Uniform integer in [0, count). */
  below(count: number): number {
    return Math.floor(this.next() * count)
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low)
  }

  /** Between `low` and `high`, both positive, each order of magnitude equally likely. */
  spread(low: number, high: number): number {
    return low * (high / low) ** this.next()
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)]
  }

  /** A name, each as likely as its weight says; undefined when all weigh nothing. */
  weighted(choices: readonly Weighted[]): string | undefined {
    let at = this.next() * choices.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of choices) {
      if (at < weight) return name
      at -= weight
    }
    return undefined
  }

  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items]
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const swapped = shuffled[i] as T
      shuffled[i] = shuffled[j] as T
      shuffled[j] = swapped
    }
    return shuffled
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.word() & 0xff)
  }

  /** A generator of its own, so that one part's use of chance does not shift another's. */
  fork(): Random {
    return new Random(this.word())
  }
}

/** A generator for one thing of a simulation, named by `labels`: what else happens in it does not shift its chance. */
export function derivedRandom(seed: number, ...labels: readonly (string | number)[]): Random {
  let low = 0x811c9dc5
  let high = 0x01000193
  const text = `${seed}/${labels.join('/')}`
  for (let i = 0; i < text.length; i++) {
    low = Math.imul(low ^ text.charCodeAt(i), 0x01000193)
    high = Math.imul(high ^ (text.charCodeAt(i) + 1), 0x01000193)
  }
  return new Random((high & 0x1fffff) * 2 ** 32 + (low >>> 0))
}
