/**
 * Objects of several fields, each with its last writer. A write names the writes that it replaces (`seen`), so that two
 * writes that knew nothing of each other are known as such: the later by HLC counts, and the other is shown as lost.
 * A removal names what it saw; a write that none saw revives the whole object, with the fields of writes that are hidden.
 */
import { coverOf, within } from './covers.ts'
import type { Drops } from './droppable.ts'
import { type FieldRecords, mayDropRemoval, mayDropWrite, type NamingLeaf, replaces } from './field-collection.ts'
import type { Gone } from './gone.ts'
import { type LeafRecord, type LiveSet, recordName } from './live-set.ts'
import { compareRecords, dotsOf, keep, latest } from './order.ts'
import { type Dot, dotText } from './vector.ts'

/** A write (null leaves a field as it is), or a removal. */
export interface FieldLeaf extends NamingLeaf {
  readonly kind: string
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

export class FieldTable<L extends FieldLeaf, R extends FieldLeaf = never> {
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

  /**
   * Every write of the object that is held, as `covers` reads it, and those that removals saw: they may be held elsewhere.
   * @param held how far each writer has come
   */
  cover(object: string, held: ReadonlyMap<string, number>): Dot[] {
    const writes = [...(this.#held.get(object)?.writes.values() ?? [])].map(({ dot }) => dot)
    const removed = this.removals(object).flatMap(({ leaf }) => [...leaf.seen, ...leaf.covers])
    return coverOf([...writes, ...within(removed, held)])
  }

  /** Writes that give the field this value and that none which may be relied on has replaced: they may still count somewhere. */
  openWrites(object: string, field: keyof L & string, value: L[keyof L & string], drops: Drops): LeafRecord<L>[] {
    const writes = [...(this.#held.get(object)?.writes.values() ?? [])].filter(({ leaf }) => leaf[field] !== null)
    const sure = writes.filter(({ dot }) => drops.stable(dot))
    return writes.filter(write => write.leaf[field] === value && !sure.some(other => replaces(other, write)))
  }

  mayDrop(object: string, record: LeafRecord<L>, drops: Drops, gone: Gone, isUsed = () => false): boolean {
    return mayDropWrite(this.#records(object), record, drops, { gone, isUsed })
  }

  mayDropRemoval(object: string, record: LeafRecord<R>, drops: Drops, gone: Gone): boolean {
    return mayDropRemoval(this.#records(object), record, drops, gone)
  }

  /** Forgets a write or a removal. */
  drop(object: string, record: LeafRecord<L | R>): void {
    this.#live.drop(`${record.leaf.kind}:${dotText(record.dot)}`, record)
    const held = this.#held.get(object)
    held?.writes.delete(recordName(record))
    held?.removals.delete(recordName(record))
    if (held?.writes.size === 0 && held.removals.size === 0) this.#held.delete(object)
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

  #records(object: string): FieldRecords<L, R> {
    const held = this.#held.get(object)
    const [writes, removals] = [[...(held?.writes.values() ?? [])], [...(held?.removals.values() ?? [])]]
    return { writes, removals, fields: this.#fields }
  }

  /** Writes that neither another write nor one of these removals names. */
  #current(object: string, removals: readonly LeafRecord<R>[]): LeafRecord<L>[] {
    const writes = [...(this.#held.get(object)?.writes.values() ?? [])]
    return openOf(writes, [...writes, ...removals])
  }

  /** Writes of a field that no later write of it names; all of them if hostile writers name each other. */
  #rivals(object: string, field: keyof L & string): LeafRecord<L>[] {
    const writes = [...(this.#held.get(object)?.writes.values() ?? [])].filter(({ leaf }) => leaf[field] !== null)
    const open = openOf(writes, writes)
    return open.length > 0 ? open : writes
  }
}

/** Those of the writes that none of the others replaces. Few are left when those are gone that are named one by one. */
function openOf<L>(writes: readonly LeafRecord<L>[], by: readonly LeafRecord<NamingLeaf>[]): LeafRecord<L>[] {
  const named = new Set(by.flatMap(({ leaf }) => leaf.seen.map(dotText)))
  const open = writes.filter(({ dot }) => !named.has(dotText(dot)))
  return open.filter(write => !by.some(other => other !== (write as unknown) && replaces(other, write)))
}
