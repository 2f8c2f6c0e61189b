/** Which hosts hear which: links are cut one way or both, by any number of faults at once, each of which mends its own. */

/** A link in one direction. */
export type Way = readonly [from: string, to: string]

export class Links {
  /** How many faults cut a way. */
  readonly #cuts = new Map<string, number>()
  /** Grows when everything is mended: what was cut before is not mended twice. */
  #age = 0

  /** True if what `from` sends reaches `to`. */
  carries(from: string, to: string): boolean {
    return !this.#cuts.has(nameOf([from, to]))
  }

  /** True if both hear each other. */
  linked(a: string, b: string): boolean {
    return this.carries(a, b) && this.carries(b, a)
  }

  /** Cuts these ways; gives what mends them. */
  cut(ways: readonly Way[]): () => void {
    const age = this.#age
    for (const way of ways) this.#count(way, 1)
    let isMended = false
    return () => {
      if (isMended || age !== this.#age) return
      isMended = true
      for (const way of ways) this.#count(way, -1)
    }
  }

  mendAll(): void {
    this.#cuts.clear()
    this.#age++
  }

  #count(way: Way, by: number): void {
    const name = nameOf(way)
    const count = (this.#cuts.get(name) ?? 0) + by
    if (count > 0) this.#cuts.set(name, count)
    else this.#cuts.delete(name)
  }
}

function nameOf([from, to]: Way): string {
  return `${from} ${to}`
}
