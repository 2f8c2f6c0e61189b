/** Tenants: alive while some write of the name is covered by no deletion; an unseen write revives the whole object. */
import type { Drops } from './droppable.ts'
import type { TenantLeaf, TenantRmLeaf } from './leaves.ts'
import { compareRecords, type LeafRecord, type LiveSet, recordName } from './live-set.ts'
import { keep } from './order.ts'
import { compareDots, type Dot, dotText } from './vector.ts'

export class TenantTable {
  readonly #writes = new Map<string, Map<string, Dot>>()
  readonly #removed = new Map<string, Map<string, LeafRecord<TenantRmLeaf>>>()
  readonly #live: LiveSet

  constructor(live: LiveSet) {
    this.#live = live
  }

  put(record: LeafRecord<TenantLeaf>): void {
    const writes = this.#writes.get(record.leaf.name) ?? new Map()
    this.#writes.set(record.leaf.name, writes.set(dotText(record.dot), record.dot))
    this.#live.add(`tenant:${dotText(record.dot)}`, record)
  }

  remove(record: LeafRecord<TenantRmLeaf>): void {
    const removed = this.#removed.get(record.leaf.name) ?? new Map()
    keep(removed, record)
    this.#removed.set(record.leaf.name, removed)
    this.#live.add(`tenant-rm:${dotText(record.dot)}`, record)
  }

  /** A write goes when a deletion has seen it; a deletion, when all that it has seen is gone. */
  mayDrop(
    { leaf, dot }: LeafRecord<TenantLeaf | TenantRmLeaf>,
    drops: Drops,
    collected: (dot: Dot) => boolean,
  ): boolean {
    // a checkpoint of an act that waits for something itself does not count yet: it may be this deletion that it needs
    const isHeld = (seen: Dot) => this.#writes.get(leaf.name)?.has(dotText(seen)) === true
    if (leaf.kind === 'tenant-rm') return leaf.seen.every(seen => collected(seen) && !isHeld(seen))
    return [...(this.#removed.get(leaf.name)?.values() ?? [])].some(
      removed => drops.stable(removed.dot) && removed.leaf.seen.some(seen => dotText(seen) === dotText(dot)),
    )
  }

  drop(record: LeafRecord<TenantLeaf | TenantRmLeaf>): void {
    const { leaf, dot } = record
    if (leaf.kind === 'tenant') this.#writes.get(leaf.name)?.delete(dotText(dot))
    else this.#removed.get(leaf.name)?.delete(recordName(record))
    this.#live.drop(`${leaf.kind}:${dotText(dot)}`, record)
  }

  /** Writes that no deletion covers, ascending by dot. */
  acts(name: string): Dot[] {
    const seen = new Set<string>()
    for (const { leaf } of this.#removed.get(name)?.values() ?? []) for (const dot of leaf.seen) seen.add(dotText(dot))
    const writes = [...(this.#writes.get(name) ?? [])].filter(([text]) => !seen.has(text))
    return writes.map(([, dot]) => dot).sort(compareDots)
  }

  names(): string[] {
    return [...this.#writes.keys()].filter(name => this.acts(name).length > 0)
  }

  /** The deletion of a tenant that has no uncovered write, for the condition about its children. */
  deletion(name: string): LeafRecord<TenantRmLeaf> | undefined {
    const removed = [...(this.#removed.get(name)?.values() ?? [])]
    return this.acts(name).length > 0 ? undefined : removed.sort(compareRecords)[0]
  }
}
