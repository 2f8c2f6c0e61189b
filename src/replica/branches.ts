/**
 * Which histories of a forked writer are kept (R8, decision 0023). Who has the key can make any number, and show different ones to
 * different peers; so what is kept is a choice that comes out the same whatever of them was met first: of the batches that
 * follow on one and the same those with the lowest hashes, compacted runs first, so many at the first parting on a path, fewer at the next.
 */
import { noBatch } from '../crdt/batch.ts'
import type { Unit } from './unit.ts'

/** So many branches are kept at the first parting on a path, and at the second; behind that one. Together `maxTips`. */
export const widths: readonly number[] = [16, 4]

/** Where a branch leaves the history. */
interface Parting {
  /** What follows on one batch; or, off a run that was compacted, on any batch within it. */
  readonly group: string
  /** The run goes on besides. */
  readonly isInside: boolean
  readonly parent: Unit | undefined
}

export class Branches {
  /** Partings on the path to a unit. */
  readonly #levels = new Map<string, number>()
  /** Of what is known to follow, as `orderOf`. */
  readonly #groups = new Map<string, string[]>()
  readonly #parentOf: (unit: Unit) => Unit | undefined
  /** What is not kept. */
  readonly surplus: readonly Unit[]

  /** @param units of one writer, parents first */
  constructor(units: readonly Unit[], parentOf: (unit: Unit) => Unit | undefined) {
    this.#parentOf = parentOf
    for (const unit of units) this.#join(unit)
    this.surplus = units.filter(unit => !this.#place(unit))
  }

  /** True if the unit, which follows on one that is kept, is to be kept beside what there is. */
  fits(unit: Unit): boolean {
    const { group, isInside, parent } = this.#partingOf(unit)
    const known = this.#groups.get(group) ?? []
    return (known.length === 0 && !isInside) || this.#rank(known, unit) < this.#width(parent, isInside)
  }

  /** Takes in a unit that follows on a tip. */
  extend(unit: Unit): void {
    this.#join(unit)
    this.#place(unit)
  }

  #join(unit: Unit): void {
    const { group } = this.#partingOf(unit)
    this.#groups.set(group, [...(this.#groups.get(group) ?? []), orderOf(unit)])
  }

  /** Notes how deep the unit lies, if it is kept. */
  #place(unit: Unit): boolean {
    const { group, isInside, parent } = this.#partingOf(unit)
    const level = parent ? this.#levels.get(parent.hash) : 0
    if (level === undefined) return false // what it follows on is not kept
    const known = this.#groups.get(group) ?? []
    const isParting = known.length > 1 || isInside
    if (isParting && this.#rank(known, unit) >= this.#width(parent, isInside)) return false
    this.#levels.set(unit.hash, level + (isParting ? 1 : 0))
    return true
  }

  #partingOf(unit: Unit): Parting {
    const parent = unit.previous === noBatch ? undefined : this.#parentOf(unit)
    const isInside = parent !== undefined && parent.hash !== unit.previous
    return { group: isInside ? `in ${parent.hash}` : unit.previous, isInside, parent }
  }

  #rank(known: readonly string[], unit: Unit): number {
    const order = orderOf(unit)
    return known.filter(other => other < order).length
  }

  #width(parent: Unit | undefined, isInside: boolean): number {
    const width = widths[(parent && this.#levels.get(parent.hash)) ?? 0] ?? 1
    return isInside ? width - 1 : width
  }
}

/** A run that was compacted comes before batches: its own first hash is forgotten, and it stays wherever it was made while the others are met. */
function orderOf({ compact, hash }: Unit): string {
  return `${compact ? 0 : 1}${hash}`
}
