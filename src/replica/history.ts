/**
 * The units of one writer: a tree by `previous`, kept as a list by counter, since a writer that keeps to one history (all
 * but those of R8) has nothing to be searched for but its end.
 */
import { noBatch } from '../crdt/batch.ts'
import { compareHlc, type Hlc, maxHlc } from '../crdt/hlc.ts'
import { compareHeads, type Head, sameHead } from '../crdt/vector.ts'
import { equalBytes } from '../lib/bytes.ts'
import { Branches } from './branches.ts'
import type { Unit } from './unit.ts'
import { byPlace, headOf, isNext, isSameRun, isTwin, isWithin, rooted } from './unit-order.ts'

/** Steps of a locator double from each head to the next, so that a history of any length takes about as many as bits. */
const locatorSteps = 24
/** A locator of many tips ends here: what it does not find costs that everything is sent. */
export const maxLocatorHeads = 16 * locatorSteps

export class History {
  /** Ascending by (last counter, hash). */
  #units: Unit[] = []
  #tips: readonly Head[] = []
  #forkedSince: Hlc | undefined
  /** Of a writer with several histories. */
  #branches: Branches | undefined
  #bytes = 0
  #compactUnits = 0
  /** Something that was held, and is in the journal, was not what its writer wrote. */
  isRestated = false

  /** In `compareHeads` order. A new array after each change. */
  get tips(): readonly Head[] {
    return this.#tips
  }

  /** What the units take as they are stored. */
  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#units.length
  }

  get compactUnits(): number {
    return this.#compactUnits
  }

  /** The same as of now, for who only reads. */
  copy(): Pick<History, 'covers' | 'isCompactedTo' | 'missing'> {
    const copy = new History()
    copy.#units = [...this.#units]
    copy.#tips = this.#tips
    return copy
  }

  /** HLC at which the histories parted: the lowest of the second children of one parent. Undefined with one history. */
  get forkedSince(): Hlc | undefined {
    if (this.#tips.length < 2) return undefined
    this.#forkedSince ??= this.#partedAt()
    return this.#forkedSince
  }

  /**
   * Says whether the unit made one more history, and what is not kept from now on: the unit itself, if what it follows on was
   * given up, or others for its sake.
   */
  add(unit: Unit): { branched: boolean; surplus: readonly Unit[] } {
    if (unit.previous !== noBatch && !this.#parentOf(unit)) return { branched: false, surplus: [unit] }
    this.#weigh(unit)
    const at = this.#behind(unit.last - 1)
    if (at === this.#units.length) this.#units.push(unit)
    else this.#units.splice(this.#place(unit), 0, unit)
    const tips = this.#tips.filter(tip => tip.counter !== unit.first - 1 || tip.hash !== unit.previous)
    // what hung on a run that was compacted may follow on this one
    const isFollowed = at < this.#units.length - 1 && this.#units.some(other => isNext(other, unit))
    const branched = !isFollowed && tips.length > 0 && tips.length === this.#tips.length
    this.#tips = isFollowed ? tips : [...tips, headOf(unit)].sort(compareHeads)
    if (branched || (isFollowed && tips.length > 1)) return { branched, surplus: this.#sortOut() }
    this.#branches?.extend(unit)
    return { branched, surplus: [] }
  }

  /** True if the unit, which follows on one that is held, is to be kept beside what is held. */
  fits(unit: Unit): boolean {
    return (this.#branches ?? this.#newBranches()).fits(unit)
  }

  /**
   * Puts a compact unit in the place of all that lies within its run, on whatever history, but for a unit of the same run of another: who has
   * only the unit cannot tell what others have there from what went. Says whether another history had something there: what goes on behind the
   * run stays, and may be the same as what went, but for what is too much now: others who meet it behind the unit refuse it.
   */
  replace(unit: Unit): boolean {
    const path = new Set(this.#pathTo(this.find(headOf(unit)), unit.first))
    const gone = new Set(this.#units.filter(other => isWithin(other, unit) && !isTwin(other, unit)))
    const left = this.#units.filter(other => !gone.has(other))
    this.#keep([...left, unit].sort(byPlace))
    this.#forkedSince = undefined
    this.#branches = undefined
    const surplus = this.#tips.length < 2 ? [] : this.#sortOut()
    const reaches = ({ first, last }: Unit) => first <= unit.last && last >= unit.first
    return surplus.length > 0 || left.some(reaches) || [...gone].some(other => !path.has(other))
  }

  /**
   * What would be held with others in the place of these, which lead to the same head; undefined if what follows on nothing that stays is among
   * them. What hung on a run that goes, and follows on none of the others, goes with it: members show it again, with what it follows on.
   */
  exchanged(gone: ReadonlySet<Unit>, units: readonly Unit[]): Unit[] | undefined {
    const ends = new Set(units.map(unit => `${unit.last}:${unit.hash}`))
    const runs = units.filter(({ compact }) => compact)
    // what ends where one of these does is not what led there, and what lies in a run that was compacted is not held
    const stays = (unit: Unit) =>
      !gone.has(unit) &&
      !ends.has(`${unit.last}:${unit.hash}`) &&
      !runs.some(run => isWithin(unit, run) && !isTwin(unit, run))
    const left = new Set(rooted([...this.#units.filter(stays), ...units].sort(byPlace)))
    return units.every(unit => left.has(unit)) ? [...left] : undefined
  }

  /** These are all that is held from now on. */
  restate(units: readonly Unit[]): void {
    this.isRestated = true
    this.#keep([...units].sort(byPlace))
    this.#forkedSince = undefined
    this.#branches = undefined
    if (this.#tips.length > 1) this.#sortOut()
  }

  /** The units of all histories that have a counter from `first` to `last`. */
  within(first: number, last: number): Unit[] {
    return this.#units.slice(this.#behind(first - 1)).filter(unit => unit.first <= last)
  }

  /** For each history that has the counter `last`, and for the only one, the units with one from `first` to there, ascending. */
  overlapping(first: number, last: number): Unit[][] {
    const start = this.#behind(first - 1)
    if (this.#tips.length < 2) {
      const end = this.#behind(last)
      const more = this.#units[end]
      return [this.#units.slice(start, more && more.first <= last ? end + 1 : end)]
    }
    const ends = this.#units.slice(start).filter(unit => unit.last >= last && unit.first <= last)
    return ends.map(unit => this.#pathTo(unit, first) ?? [unit])
  }

  /** The unit that ends at the head, whose hash may be cut short. */
  find(head: Head): Unit | undefined {
    for (let i = this.#behind(head.counter - 1); this.#units[i]?.last === head.counter; i++) {
      if (this.#units[i]?.hash.startsWith(head.hash)) return this.#units[i]
    }
    return undefined
  }

  /** True if the unit is held, or can be made of what is, or lies within a run that was compacted: as a part of it, or of a history that ends there. */
  covers(unit: Unit): boolean {
    const held = this.find(headOf(unit))
    if (held && !(unit.compact && this.#isPartial(held, unit.first))) return true
    return this.#compactsAround(unit).some(around => !isTwin(unit, around))
  }

  /** True if of the compact unit's run no more is held than the unit has. */
  isCompactedTo(unit: Unit): boolean {
    return this.#compactsAround(unit).some(around => {
      if (!isSameRun(around, unit)) return true
      const isLess = around.bytes.length < unit.bytes.length || equalBytes(around.bytes, unit.bytes)
      return around.hash === unit.hash && isLess
    })
  }

  /** True if what ends at the head is held, or lies within a run that was compacted and may be a part of it. */
  mayHold(head: Head): boolean {
    return this.find(head) !== undefined || this.#compactAround(head.counter) !== undefined
  }

  /** True if another history than what is held here has that head. False also where a compacted run hides which it is. */
  contradicts(head: Head): boolean {
    if (this.find(head)) return false
    const around = this.#compactAround(head.counter)
    return around === undefined || around.last === head.counter
  }

  /**
   * Tips that whoever shows these others lacks, where what is held of these others is partial: a run of it went into a compact unit on another
   * history. So no checkpoint can be made of it here, and whoever has its unit shows no tip that is not held.
   */
  beside(shown: readonly Head[]): readonly Head[] {
    if (this.#tips.length < 2) return []
    const ends = shown.flatMap(head => this.find(head) ?? [])
    if (!ends.some(end => this.#isPartial(end, 1))) return []
    return this.#tips.filter(tip => !ends.some(end => sameHead(headOf(end), tip)))
  }

  missing(heads: readonly Head[]): Iterable<Unit> | undefined {
    const [only, ...others] = heads
    if (!only) return this.#units
    if (others.length === 0 && this.#tips.length === 1) {
      if (this.find(only)) return from(this.#units, this.#behind(only.counter))
      // a run that was compacted here and not there begins before the head and stands for more
      const around = this.#compactAround(only.counter)
      return around ? from(this.#units, this.#units.indexOf(around)) : undefined
    }
    const known = new Set(heads.flatMap(head => this.find(head) ?? []))
    const inside = heads.some(head => this.mayHold(head))
    if (known.size === 0 && !inside) return undefined
    // Parents come later in this walk than their children. A run that was compacted and ends with another batch than the one that is
    // followed on may be of another history: who holds it shows a head that leads to its end.
    for (let i = this.#units.length - 1; i >= 0; i--) {
      const unit = this.#units[i]
      const parent = unit && known.has(unit) ? this.find({ counter: unit.first - 1, hash: unit.previous }) : undefined
      if (parent) known.add(parent)
    }
    return this.#units.filter(unit => !known.has(unit))
  }

  locator(): Head[] {
    const heads = new Map<string, Head>()
    for (const tip of this.#tips) {
      let unit = this.find(tip)
      let skip = 1
      for (let step = 0; unit && step < locatorSteps && heads.size < maxLocatorHeads; step++) {
        heads.set(unit.hash, headOf(unit))
        for (let i = 0; unit && i < skip; i++) unit = this.#parentOf(unit)
        skip *= 2
      }
    }
    return [...heads.values()]
  }

  #parentOf(unit: Unit): Unit | undefined {
    return this.find({ counter: unit.first - 1, hash: unit.previous }) ?? this.#compactAround(unit.first - 1)
  }

  /** The units from the one that has counter `first` to this one; undefined if it is none. */
  #pathTo(end: Unit | undefined, first: number): Unit[] | undefined {
    const path: Unit[] = []
    for (let unit = end; unit && unit.last >= first; unit = this.#parentOf(unit)) path.unshift(unit)
    return path.length > 0 ? path : undefined
  }

  /** True if what this unit follows on, down to the counter `first`, was compacted on another history and is not held. */
  #isPartial(end: Unit, first: number): boolean {
    for (let unit = end; unit.first > first; ) {
      const parent = this.find({ counter: unit.first - 1, hash: unit.previous })
      if (!parent) return true
      unit = parent
    }
    return false
  }

  /** Leaves out what is too much. */
  #sortOut(): readonly Unit[] {
    this.#forkedSince = undefined
    this.#branches = this.#newBranches()
    const { surplus } = this.#branches
    const gone = new Set(surplus)
    if (gone.size > 0) this.#keep(this.#units.filter(unit => !gone.has(unit)))
    return surplus
  }

  #newBranches(): Branches {
    return new Branches(this.#units, unit => this.#parentOf(unit))
  }

  #weigh(unit: Unit): void {
    this.#bytes += unit.bytes.length
    if (unit.compact) this.#compactUnits++
  }

  #keep(units: Unit[]): void {
    this.#units = units
    this.#bytes = 0
    this.#compactUnits = 0
    for (const unit of units) this.#weigh(unit)
    const parents = new Set(units.map(other => `${other.first - 1}:${other.previous}`))
    this.#tips = units
      .map(headOf)
      .filter(({ counter, hash }) => !parents.has(`${counter}:${hash}`))
      .sort(compareHeads)
  }

  #compactAround(counter: number): Unit | undefined {
    if (counter < 1) return undefined
    for (let i = this.#behind(counter - 1); i < this.#units.length; i++) {
      const unit = this.#units[i] as Unit
      if (unit.compact && unit.first <= counter) return unit
      if (unit.first > counter) return undefined
    }
    return undefined
  }

  /** Compact units whose runs the unit's run lies within. */
  #compactsAround(unit: Unit): Unit[] {
    const around: Unit[] = []
    for (let i = this.#behind(unit.last - 1); i < this.#units.length; i++) {
      const other = this.#units[i] as Unit
      // what lies within a run is not held, so behind a unit that begins later none has this one within its run
      if (other.first > unit.last) break
      if (other.compact && isWithin(unit, other)) around.push(other)
    }
    return around
  }

  #partedAt(): Hlc {
    const children = new Map<string, Hlc[]>()
    for (const { previous, hlc } of this.#units) children.set(previous, [...(children.get(previous) ?? []), hlc])
    const parted = [...children.values()].filter(list => list.length > 1).map(list => list.sort(compareHlc)[1] as Hlc)
    // with no two children of one parent, the parent lies in a run that was compacted
    const roots = this.#units.filter(
      unit => !this.#parentOf(unit) || !this.find({ counter: unit.first - 1, hash: unit.previous }),
    )
    return parted.sort(compareHlc)[0] ?? roots.map(unit => unit.hlc).reduce(maxHlc, [0, 0])
  }

  /** Index of the first unit whose last leaf is behind `counter`. */
  #behind(counter: number): number {
    let low = 0
    let high = this.#units.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#units[middle] as Unit).last > counter) high = middle
      else low = middle + 1
    }
    return low
  }

  #place(unit: Unit): number {
    let at = this.#behind(unit.last - 1)
    while (at < this.#units.length && byPlace(this.#units[at] as Unit, unit) < 0) at++
    return at
  }
}

function* from(units: readonly Unit[], start: number): Iterable<Unit> {
  for (let i = start; i < units.length; i++) yield units[i] as Unit
}
