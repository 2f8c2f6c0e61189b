/**
 * Who was let in above a limit alone: no member where that limit holds, whoever else sees it as one (R9 b). A function of the admissions
 * that are held and of the limits of their writers, so that it does not matter in which order they came.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { Leaf } from './leaves.ts'
import type { LeafRecord } from './live-set.ts'
import type { Dot } from './vector.ts'

export class Newcomers {
  readonly #limitOf: (writer: PeerKey) => number | undefined
  readonly #admissions = new Map<PeerKey, Dot[]>()

  /** @param limitOf the counter above which a writer's records wait; undefined for none */
  constructor(limitOf: (writer: PeerKey) => number | undefined) {
    this.#limitOf = limitOf
  }

  /** Notes the admissions among them, whatever becomes of these. False if there are none. */
  note(records: readonly LeafRecord<Leaf | undefined>[]): boolean {
    let isAny = false
    for (const { leaf, dot } of records) {
      if (leaf?.kind !== 'admission') continue
      isAny = true
      const known = this.#admissions.get(leaf.key) ?? []
      const isKnown = known.some(({ writer, counter }) => writer === dot.writer && counter === dot.counter)
      if (!isKnown) this.#admissions.set(leaf.key, [...known, dot])
    }
    return isAny
  }

  /** True if all that let it in is above a limit. */
  isUnseen(key: PeerKey): boolean {
    return (
      this.#admissions.get(key)?.every(({ writer, counter }) => {
        const limit = this.#limitOf(writer)
        return limit !== undefined && counter > limit
      }) ?? false
    )
  }

  /** Nothing was received. */
  clear(): void {
    this.#admissions.clear()
  }
}
