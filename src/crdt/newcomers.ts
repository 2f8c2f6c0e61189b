/**
 * Who was let in above a limit alone, or by who was: no member where that limit holds, whoever else sees it as one (R9 b). A function of the
 * admissions that are held and of the limits of their writers, so that it does not matter in which order they came.
 */
import type { PeerKey } from '../lib/keys.ts'
import { guestsOf } from './guests.ts'
import type { Leaf } from './leaves.ts'
import type { LeafRecord } from './live-set.ts'
import type { Dot } from './vector.ts'

export interface Limits {
  /** Another number whenever a limit may be another. */
  readonly version: number
  /** The counter above which a writer's records wait; undefined for none. */
  limit(writer: PeerKey): number | undefined
  /** Nothing hides its own records from it. */
  readonly self: PeerKey | undefined
}

export class Newcomers {
  readonly #limits: Limits
  readonly #admissions = new Map<PeerKey, Dot[]>()
  #unseen: { readonly keys: ReadonlySet<PeerKey>; readonly version: number } | undefined

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** Notes the admissions among them, whatever becomes of these. False if there are none. */
  note(records: readonly LeafRecord<Leaf | undefined>[]): boolean {
    let isAny = false
    for (const { leaf, dot } of records) {
      if (leaf?.kind !== 'admission') continue
      isAny = true
      const known = this.#admissions.get(leaf.key) ?? []
      const isKnown = known.some(({ writer, counter }) => writer === dot.writer && counter === dot.counter)
      if (isKnown) continue
      this.#admissions.set(leaf.key, [...known, dot])
      this.#unseen = undefined
    }
    return isAny
  }

  /** True if all that let it in is above a limit, or was written by who is unseen. */
  isUnseen(key: PeerKey): boolean {
    return this.#admissions.has(key) && this.#unseenKeys().has(key)
  }

  /** Nothing was received. */
  clear(): void {
    this.#admissions.clear()
    this.#unseen = undefined
  }

  #unseenKeys(): ReadonlySet<PeerKey> {
    const { version } = this.#limits
    if (this.#unseen?.version !== version) this.#unseen = { keys: this.#find(), version }
    return this.#unseen.keys
  }

  /** Those whom no chain of admissions within the limits leads to, from whoever was not let in by a record. */
  #find(): Set<PeerKey> {
    const { self } = this.#limits
    const admissions = [...this.#admissions].flatMap(([key, dots]) => dots.map(dot => ({ key, dot })))
    const within = admissions.filter(({ dot }) => dot.counter <= (this.#limits.limit(dot.writer) ?? dot.counter))
    const isFirst = (writer: PeerKey) => writer === self || !this.#admissions.has(writer)
    const hosts = within.map(({ dot }) => dot.writer).filter(isFirst)
    const seen = guestsOf(hosts, within)
    return new Set([...this.#admissions.keys()].filter(key => !seen.has(key)))
  }
}
