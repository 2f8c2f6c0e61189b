/** Rosters and lists: content that other records name by its hash. */
import type { PeerKey } from '../lib/keys.ts'
import type { KnownLeaf, RosterLeaf } from './leaves.ts'
import type { LeafRecord, LiveSet } from './live-set.ts'
import { dotText } from './vector.ts'

export class ContentTable {
  readonly #live: LiveSet
  readonly #content = new Map<string, LeafRecord<KnownLeaf | RosterLeaf>>()

  constructor(live: LiveSet) {
    this.#live = live
  }

  /** Of several records of the same content the lowest dot counts, so that the order of arrival does not. Says if this does. */
  put(record: LeafRecord<KnownLeaf | RosterLeaf>): boolean {
    const held = this.#content.get(record.hash)
    if (held && dotText(held.dot) <= dotText(record.dot)) return false
    this.#content.set(record.hash, record)
    this.#live.set(`content:${record.hash}`, { ...record, dot: { writer: '', counter: 0 } })
    return true
  }

  has(hash: string): boolean {
    return this.#content.has(hash)
  }

  roster(hash: string): readonly PeerKey[] | undefined {
    const leaf = this.#content.get(hash)?.leaf
    return leaf?.kind === 'roster' ? leaf.keys : undefined
  }
}
