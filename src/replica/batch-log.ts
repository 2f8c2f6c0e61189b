/**
 * The durable units of every writer: what may be shown to others. A writer's units are a tree by `previous`; a writer that
 * keeps to one history has one tip, and two tips are the proof of a fork (R8). What is held is a function of the set of
 * units that were added, whatever their order.
 */
import { noBatch } from '../crdt/batch.ts'
import type { Hlc } from '../crdt/hlc.ts'
import { type Head, sameHead, type Vector, vectorHash } from '../crdt/vector.ts'
import type { PeerKey } from '../lib/keys.ts'
import { History } from './history.ts'
import type { Unit } from './unit.ts'

/**
 * How a unit stands to what is held. `next`: it continues some batch that is held, at a tip or further down. `known`: it is
 * held, or lies in a run that was compacted. `gap`: what it follows on is missing. `full`: it would be a history too many.
 */
export type Standing = 'next' | 'known' | 'gap' | 'full'

/** `since`: when the writer's histories first parted; undefined when only one is left. */
export type ForkListener = (writer: PeerKey, since: Hlc | undefined) => void

export class BatchLog {
  /** In the order in which the writers were met: each one's admission stands in the records of those before it. */
  readonly #histories = new Map<PeerKey, History>()
  readonly #forkListeners: ForkListener[] = []
  #vector: { map: Vector; hash?: Uint8Array } | undefined

  /** Adds a unit that stands `next`. Gives what is not held from now on, which may be the unit itself (branches.ts). */
  add(unit: Unit): readonly Unit[] {
    const history = this.#histories.get(unit.writer) ?? new History()
    this.#histories.set(unit.writer, history)
    const { branched, surplus } = history.add(unit)
    this.#vector = undefined
    const since = branched ? history.forkedSince : undefined
    if (since) for (const listener of this.#forkListeners) listener(unit.writer, since)
    return surplus
  }

  /** Puts a compact unit in the place of what is held of its run. Says whether another history had something there. */
  replace(unit: Unit): boolean {
    const history = this.#histories.get(unit.writer)
    if (!history) return false
    this.#vector = undefined
    const wasForked = history.tips.length > 1
    const others = history.replace(unit)
    // what follows on a history that went with the run shows the fork from now on
    const isForked = history.tips.length > 1
    if (wasForked || isForked) for (const listener of this.#forkListeners) listener(unit.writer, history.forkedSince)
    return others
  }

  /** What would be held of the writer with others in the place of these units (history.ts); undefined if they cannot be placed. */
  exchanged(writer: PeerKey, gone: ReadonlySet<Unit>, units: readonly Unit[]): readonly Unit[] | undefined {
    return this.#histories.get(writer)?.exchanged(gone, units)
  }

  /** These are all that is held of the writer from now on. */
  restate(writer: PeerKey, units: readonly Unit[]): void {
    const history = this.#histories.get(writer) ?? new History()
    this.#histories.set(writer, history)
    this.#vector = undefined
    history.restate(units)
    for (const listener of this.#forkListeners) listener(writer, history.forkedSince)
  }

  /** Nothing of the writer is held any more. */
  remove(writer: PeerKey): void {
    const wasForked = this.isForked(writer)
    this.#histories.delete(writer)
    this.#vector = undefined
    if (wasForked) for (const listener of this.#forkListeners) listener(writer, undefined)
  }

  /** What is held of the writer, on any of its histories, that has a counter from `first` to `last`. */
  within(writer: PeerKey, first: number, last: number): readonly Unit[] {
    return this.#histories.get(writer)?.within(first, last) ?? []
  }

  /** For each history of the writer that has the counter `last`, and for the only one, its units with one from `first` to there, ascending. */
  overlapping(writer: PeerKey, first: number, last: number): readonly (readonly Unit[])[] {
    return this.#histories.get(writer)?.overlapping(first, last) ?? []
  }

  /** True if the batch of this hash went into a compact unit. */
  isCompacted(part: Pick<Unit, 'writer' | 'last' | 'hash'>): boolean {
    const history = this.#histories.get(part.writer)
    const held = history?.find({ counter: part.last, hash: part.hash })
    return held ? held.compact === true : history?.mayHold({ counter: part.last, hash: part.hash }) === true
  }

  /** How many compact units are held of the writer. */
  compactUnits(writer: PeerKey): number {
    return this.#histories.get(writer)?.compactUnits ?? 0
  }

  /** What all units take as they are stored, and how many they are. */
  weight(): { bytes: number; units: number } {
    let [bytes, units] = [0, 0]
    for (const history of this.#histories.values()) {
      bytes += history.bytes
      units += history.size
    }
    return { bytes, units }
  }

  /** As of now, the histories of the writers that something was compacted of, or put aside. */
  compacted(): Map<PeerKey, ReturnType<History['copy']>> {
    const compacted = [...this.#histories].filter(([, { compactUnits, isRestated }]) => compactUnits > 0 || isRestated)
    return new Map(compacted.map(([writer, history]) => [writer, history.copy()]))
  }

  /** Called when a writer's histories are seen to part, once more for each further tip, or when some of them went. */
  onFork(listener: ForkListener): void {
    this.#forkListeners.push(listener)
  }

  /** @param staged units that are about to be added, by their hashes */
  standing(unit: Unit, staged: ReadonlyMap<string, Unit> = new Map()): Standing {
    const history = this.#histories.get(unit.writer)
    if (staged.has(unit.hash) || history?.covers(unit)) return 'known'
    const parent = staged.get(unit.previous)
    if (parent) return parent.writer === unit.writer && parent.last === unit.first - 1 ? 'next' : 'gap'
    const before = { counter: unit.first - 1, hash: unit.previous }
    const isRoot = unit.first === 1 && unit.previous === noBatch
    if (!isRoot && !history?.mayHold(before)) return 'gap'
    const branches = history && !history.tips.some(tip => sameHead(tip, before))
    return branches && !history.fits(unit) ? 'full' : 'next'
  }

  /** True if the unit that stands `next` makes one more tip of its writer. */
  branches(unit: Unit): boolean {
    const tips = this.#histories.get(unit.writer)?.tips ?? []
    return tips.length > 0 && !tips.some(tip => tip.hash === unit.previous)
  }

  /** The main tip: the highest counter, then the lowest hash. Counter 0 and zeros when nothing is held. */
  head(writer: PeerKey): Head {
    return this.#histories.get(writer)?.tips[0] ?? { counter: 0, hash: noBatch }
  }

  /** In `compareHeads` order; [] when nothing is held. */
  tips(writer: PeerKey): readonly Head[] {
    return this.#histories.get(writer)?.tips ?? []
  }

  /** True if a unit of the writer that is held ends at `head.counter` with that hash. */
  holds(writer: PeerKey, head: Head): boolean {
    return this.find(writer, head) !== undefined
  }

  /** The head at which a unit of the writer ends, with its whole hash; undefined if none is held. */
  find(writer: PeerKey, head: Head): Head | undefined {
    const unit = this.#histories.get(writer)?.find(head)
    return unit && { counter: unit.last, hash: unit.hash }
  }

  /** True unless it is certain that something is missing here of what the head stands for. */
  mayHold(writer: PeerKey, head: Head): boolean {
    return this.#histories.get(writer)?.mayHold(head) === true
  }

  /** Tips of the writer that whoever shows these others may have let go of, and what is held here cannot (history.ts). */
  beside(writer: PeerKey, shown: readonly Head[]): readonly Head[] {
    return this.#histories.get(writer)?.beside(shown) ?? []
  }

  /** True if what ends at the head is held on no history of this writer, as far as that can be told. */
  contradicts(writer: PeerKey, head: Head): boolean {
    return this.#histories.get(writer)?.contradicts(head) !== false
  }

  /** True if the writer is known to have more than one history. */
  isForked(writer: PeerKey): boolean {
    return this.tips(writer).length > 1
  }

  /** Writers in the order in which they were met: nobody's records rest on the membership of one behind it. */
  writers(): PeerKey[] {
    return [...this.#histories.keys()]
  }

  /** Equal on peers that hold the same units. */
  vector(): Vector {
    return this.#current().map
  }

  /** `vectorHash` of the vector; costs nothing while nothing is added. */
  vectorHash(): Uint8Array {
    const current = this.#current()
    current.hash ??= vectorHash(current.map)
    return current.hash
  }

  /**
   * Units of a writer that somebody lacks who holds these heads of it and all before them, parents first. Undefined when
   * none of the heads is held here (and there is one): then what they have in common is unknown.
   */
  missing(writer: PeerKey, heads: readonly Head[]): Iterable<Unit> | undefined {
    const history = this.#histories.get(writer)
    return history ? history.missing(heads) : []
  }

  /** Heads by which another can find the last batch in common: the tips, then ever larger steps back from each. */
  locator(writer: PeerKey): Head[] {
    return this.#histories.get(writer)?.locator() ?? []
  }

  #current(): { map: Vector; hash?: Uint8Array } {
    this.#vector ??= { map: new Map([...this.#histories].map(([writer, history]) => [writer, history.tips])) }
    return this.#vector
  }
}
