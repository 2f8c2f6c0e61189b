/**
 * Objects of several fields, each with its last writer. A write names the writes that it replaces (`seen`), so that two
 * writes that knew nothing of each other are known as such: the later by HLC counts, and the other is shown as lost.
 * A removal names what it saw; a write that none saw revives the whole object, with the fields of writes that are hidden.
 */
import type { LeafRecord, LiveSet } from './live-set.ts'
import { compareRecords, dotsOf, keep, latest } from './order.ts'
import { type Dot, dotText } from './vector.ts'

/** A write: null leaves a field as it is. */
export interface FieldLeaf {
  readonly kind: string
  readonly seen: readonly Dot[]
}
export interface SeenLeaf {
  readonly kind: string
  readonly seen: readonly Dot[]
}

/** A field that writers gave different values without knowing of each other. */
export interface LostEdit<L> {
  readonly field: string
  readonly kept: LeafRecord<L>
  /** In order. */
  readonly lost: readonly LeafRecord<L>[]
}

interface Held<L, R> {
  readonly writes: Map<string, LeafRecord<L>>
  readonly removals: Map<string, LeafRecord<R>>
}

export class FieldTable<L extends FieldLeaf, R extends SeenLeaf = never> {
  readonly #live: LiveSet
  readonly #fields: readonly (keyof L & string)[]
  readonly #held = new Map<string, Held<L, R>>()

  constructor(live: LiveSet, fields: readonly (keyof L & string)[]) {
    this.#live = live
    this.#fields = fields
  }

  put(object: string, record: LeafRecord<L>): void {
    keep(this.#of(object).writes, record)
    this.#live.add(`${record.leaf.kind}:${dotText(record.dot)}`, record)
  }

  remove(object: string, record: LeafRecord<R>): void {
    keep(this.#of(object).removals, record)
    this.#live.add(`${record.leaf.kind}:${dotText(record.dot)}`, record)
  }

  objects(): string[] {
    return [...this.#held.keys()]
  }

  isAlive(object: string): boolean {
    return this.#current(object, this.removals(object)).length > 0
  }

  /** What a further write or a removal must name, ascending: every write that still gives a field its value, or did not lose it yet. */
  heads(object: string): Dot[] {
    return dotsOf([...this.#current(object, []), ...this.#fields.flatMap(field => this.#rivals(object, field))])
  }

  /** The write that gives a field its value; undefined if none does. */
  winner(object: string, field: keyof L & string): LeafRecord<L> | undefined {
    return latest(this.#rivals(object, field))
  }

  /** Fields whose value is one of several that were written at the same time. */
  lostEdits(object: string): LostEdit<L>[] {
    return this.#fields.flatMap(field => {
      const rivals = [...this.#rivals(object, field)].sort(compareRecords)
      const kept = rivals.at(-1)
      const same = (record: LeafRecord<L>) => JSON.stringify(record.leaf[field]) === JSON.stringify(kept?.leaf[field])
      const lost = rivals.filter(record => !same(record))
      return kept && lost.length > 0 ? [{ field, kept, lost }] : []
    })
  }

  #of(object: string): Held<L, R> {
    let held = this.#held.get(object)
    if (!held) {
      held = { writes: new Map(), removals: new Map() }
      this.#held.set(object, held)
    }
    return held
  }

  removals(object: string): LeafRecord<R>[] {
    return [...(this.#held.get(object)?.removals.values() ?? [])]
  }

  /** Writes that neither another write nor one of these removals names. */
  #current(object: string, removals: readonly LeafRecord<R>[]): LeafRecord<L>[] {
    const writes = [...(this.#held.get(object)?.writes.values() ?? [])]
    const named = namesOf([...writes, ...removals])
    return writes.filter(({ dot }) => !named.has(dotText(dot)))
  }

  /** Writes of a field that no later write of it names; all of them if hostile writers name each other. */
  #rivals(object: string, field: keyof L & string): LeafRecord<L>[] {
    const writes = [...(this.#held.get(object)?.writes.values() ?? [])].filter(({ leaf }) => leaf[field] !== null)
    const named = namesOf(writes)
    const open = writes.filter(({ dot }) => !named.has(dotText(dot)))
    return open.length > 0 ? open : writes
  }
}

function namesOf(records: readonly LeafRecord<SeenLeaf>[]): Set<string> {
  return new Set(records.flatMap(({ leaf }) => leaf.seen.map(dotText)))
}
