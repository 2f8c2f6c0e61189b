/** Writers of whom several histories are held (R8), since when, and where their endpoints are. */
import type { PeerKey } from '../lib/keys.ts'
import type { Part } from './compact-unit.ts'
import { ForkedPlaces } from './forked-places.ts'
import type { Hlc } from './hlc.ts'
import type { Endpoint } from './registry-view.ts'

export class Forks {
  readonly #since = new Map<PeerKey, Hlc>()
  readonly #places = new Map<PeerKey, ForkedPlaces>()
  readonly #history: () => Iterable<Part>
  readonly #changed: () => void

  /** @param changed told when where endpoints are may be another now */
  constructor(history: () => Iterable<Part>, changed: () => void) {
    this.#history = history
    this.#changed = changed
  }

  get since(): ReadonlyMap<PeerKey, Hlc> {
    return this.#since
  }

  /** `since` undefined: only one history is left. */
  note(writer: PeerKey, since: Hlc | undefined): void {
    if (since) this.#since.set(writer, since)
    else if (!this.#since.delete(writer)) return
    this.#places.delete(writer)
    this.#changed()
  }

  /** A part of anybody's was applied. */
  saw(part: Part): void {
    if (!this.#since.has(part.writer)) return
    if (this.#places.get(part.writer)?.add(part) === false) this.#places.delete(part.writer)
    this.#changed()
  }

  /** The history is another now. */
  forget(): void {
    this.#places.clear()
    if (this.#since.size > 0) this.#changed()
  }

  /** Endpoints that none but another machine of their owner has ended, by the records of the owner's histories. */
  kept(): Endpoint[] {
    return [...this.#since.keys()].flatMap(writer => this.places(writer)?.kept() ?? [])
  }

  /** Undefined of a writer with one history. */
  places(writer: PeerKey): ForkedPlaces | undefined {
    if (!this.#since.has(writer)) return undefined
    const known = this.#places.get(writer)
    if (known) return known
    // rare, and the writer is fenced: it is read once
    const parts = [...this.#history()].filter(part => part.writer === writer)
    const places = new ForkedPlaces(writer, parts)
    this.#places.set(writer, places)
    return places
  }
}
