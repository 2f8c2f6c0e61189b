/** How units of one writer stand to each other. */
import { noBatch } from '../crdt/batch.ts'
import type { Head } from '../crdt/vector.ts'
import type { Unit } from './unit.ts'

export function headOf(unit: Unit): Head {
  return { counter: unit.last, hash: unit.hash }
}

export function isNext(unit: Unit, before: Unit): boolean {
  return unit.first === before.last + 1 && unit.previous === before.hash
}

export function isWithin(unit: Unit, other: Unit): boolean {
  return other.first <= unit.first && unit.last <= other.last
}

export function isSameRun(a: Unit, b: Unit): boolean {
  return a.first === b.first && a.last === b.last
}

/** True of compact units of one run of two histories: each is kept. */
export function isTwin(a: Unit, b: Unit): boolean {
  return a.compact === true && b.compact === true && isSameRun(a, b) && a.hash !== b.hash
}

export function byPlace(a: Unit, b: Unit): number {
  return a.last - b.last || (a.hash < b.hash ? -1 : 1)
}

/** Without what follows on nothing that is among them: others show it again, with what it follows on. */
export function rooted(units: readonly Unit[]): Unit[] {
  const ends = new Set<string>([`0:${noBatch}`])
  const runs = units.filter(({ compact }) => compact)
  const left = units.filter(({ first, last, previous, hash }) => {
    const before = first - 1
    const isHeld = ends.has(`${before}:${previous}`) || runs.some(run => run.first <= before && before <= run.last)
    if (isHeld) ends.add(`${last}:${hash}`)
    return isHeld
  })
  // a run that others hang on may have gone itself
  return left.length < units.length ? rooted(left) : left
}
