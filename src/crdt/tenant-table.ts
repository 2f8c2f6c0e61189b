/** Tenants: alive while some write of the name is covered by no deletion; an unseen write revives the whole object. */
import type { TenantLeaf, TenantRmLeaf } from './leaves.ts'
import { compareRecords, type LeafRecord, type LiveSet } from './live-set.ts'
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
