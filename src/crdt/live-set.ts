/**
 * The records that count, by slot. A slot is the place that one record can supersede another in; its content decides the
 * digest, so that two peers with the same records have the same digest (I2). The digest is a sum over the slots, so that
 * one change costs the same however many there are.
 */
import { sha256Latin1 } from '../lib/bytes.ts'
import type { Drops } from './droppable.ts'
import { compareHlc, type Hlc } from './hlc.ts'
import type { Leaf } from './leaves.ts'
import { SlotSum } from './slot-sum.ts'
import { compareDots, type Dot, dotText } from './vector.ts'

/** A leaf as it was received. */
export interface LeafRecord<L = Leaf> {
  readonly dot: Dot
  readonly hlc: Hlc
  readonly leaf: L
  /** SHA-256 of its bytes, hex. */
  readonly hash: string
}

/** Names one record: a forked writer has several at one dot. */
export function recordName(record: LeafRecord<unknown>): string {
  return `${dotText(record.dot)}:${record.hash}`
}

/**
 * Orders records by dot, then hash, then HLC: in an order that does not depend on that of arrival, also of a forked
 * writer's, who may have written the same in both of its histories.
 */
export function compareRecords(a: LeafRecord<unknown>, b: LeafRecord<unknown>): number {
  return compareDots(a.dot, b.dot) || (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : compareHlc(a.hlc, b.hlc))
}

export class LiveSet {
  readonly #slots = new Map<string, string>()
  readonly #sum = new SlotSum()
  #size = 0

  set(slot: string, record: LeafRecord<unknown>): void {
    this.#put(slot, contentOf(record))
  }

  /** Of a slot that is named by a dot: keeps what it holds, if that is another record (a forked writer's). */
  add(slot: string, record: LeafRecord<unknown>): void {
    const held = this.#slots.get(slot)?.split(',') ?? []
    this.#put(slot, [...new Set([...held, contentOf(record)])].sort().join(','))
  }

  /** The inverse of `add`. */
  drop(slot: string, record: LeafRecord<unknown>): void {
    const held = this.#slots.get(slot)?.split(',') ?? []
    const left = held.filter(content => content !== contentOf(record))
    if (left.length > 0) this.#put(slot, left.join(','))
    else this.delete(slot)
  }

  delete(slot: string): void {
    this.exchange(slot, this.#slots.get(slot), undefined)
    this.#slots.delete(slot)
  }

  /**
   * Changes a slot from one content (`contentOf`) to another, for tables that know what they hold: nothing is kept of it
   * here, so a slot that is changed so always must be.
   */
  exchange(slot: string, before: string | undefined, after: string | undefined): void {
    if (before !== undefined) this.#sum.subtract(sha256Latin1(`${slot}=${before}`))
    if (after !== undefined) this.#sum.add(sha256Latin1(`${slot}=${after}`))
    this.#size += (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1)
  }

  get size(): number {
    return this.#size
  }

  /** Sum of the SHA-256 of all lines `slot=content`, modulo 2^256, hex. */
  digest(): string {
    return this.#sum.hex()
  }

  #put(slot: string, content: string): void {
    const held = this.#slots.get(slot)
    if (held === content) return
    this.exchange(slot, held, content)
    this.#slots.set(slot, content)
  }
}

/** What of a record is part of the digest. */
export function contentOf(record: { dot: Pick<Dot, 'counter'>; hash: string }): string {
  return `${record.dot.counter}:${record.hash}`
}

/**
 * Registers with one writer each: the writer's latest record wins, and of two that a forked writer has at one counter the
 * one with the lower hash. The slot must name the writer.
 */
export class OwnRegisters<L> {
  readonly #records = new Map<string, LeafRecord<L>>()
  /** Counters of superseded records that nobody has let go of yet, where there are any. */
  readonly #older = new Map<string, Set<number>>()
  readonly #live: LiveSet

  constructor(live: LiveSet) {
    this.#live = live
  }

  /** Stores the record if it is later than what the slot holds; says whether, and what it replaced. */
  put(slot: string, record: LeafRecord<L>): { stored: boolean; before?: LeafRecord<L> } {
    const before = this.#records.get(slot)
    if (before && !isLater(record, before)) {
      if (before.dot.counter > record.dot.counter) this.#supersede(slot, record)
      return { stored: false, before }
    }
    if (before && before.dot.counter < record.dot.counter) this.#supersede(slot, before)
    this.#records.set(slot, record)
    this.#live.set(slot, record)
    return before ? { stored: true, before } : { stored: true }
  }

  get(slot: string): LeafRecord<L> | undefined {
    return this.#records.get(slot)
  }

  values(): IterableIterator<LeafRecord<L>> {
    return this.#records.values()
  }

  /** True if a later record has taken its place. */
  isSuperseded(slot: string, { dot }: LeafRecord<unknown>, drops: Drops): boolean {
    const current = this.#records.get(slot)
    return current !== undefined && current.dot.counter > dot.counter && drops.stable(current.dot)
  }

  /** True if it is what the slot holds, and nothing older would come to light without it. */
  isAlone(slot: string, { dot }: LeafRecord<unknown>, drops: Drops): boolean {
    if (this.#records.get(slot)?.dot.counter !== dot.counter) return false
    return [...(this.#older.get(slot) ?? [])].every(counter => drops.goes({ writer: dot.writer, counter }))
  }

  /** Forgets the record; says whether it was the one that counts. */
  drop(slot: string, record: LeafRecord<unknown>): boolean {
    const { counter } = record.dot
    const older = this.#older.get(slot)
    older?.delete(counter)
    if (older?.size === 0) this.#older.delete(slot)
    const current = this.#records.get(slot)
    if (current?.dot.counter !== counter || current.hash !== record.hash) return false
    this.#records.delete(slot)
    this.#live.delete(slot)
    return true
  }

  #supersede(slot: string, { dot }: LeafRecord<unknown>): void {
    const older = this.#older.get(slot)
    if (older) older.add(dot.counter)
    else this.#older.set(slot, new Set([dot.counter]))
  }
}

function isLater(a: LeafRecord<unknown>, b: LeafRecord<unknown>): boolean {
  return a.dot.counter > b.dot.counter || (a.dot.counter === b.dot.counter && compareRecords(a, b) < 0)
}

/**
 * Registers that anybody may write: the last record by HLC, then writer, then counter, then hash, wins. What it wins over is kept
 * until its writer lets go of it: when the winner goes first, the next one counts, as for a newcomer who never saw the winner. Of a
 * forked writer's equal records at one dot the earlier counts: neither supersedes the other.
 */
export class SharedRegisters<L> {
  /** By slot, the winner first. */
  readonly #records = new Map<string, readonly LeafRecord<L>[]>()
  readonly #live: LiveSet

  constructor(live: LiveSet) {
    this.#live = live
  }

  put(slot: string, record: LeafRecord<L>): void {
    const held = this.#records.get(slot) ?? []
    const twin = held.find(other => isSameRecord(other, record))
    if (twin && compareHlc(twin.hlc, record.hlc) <= 0) return
    this.#keep(slot, [...held.filter(other => other !== twin), record].sort(byWin))
  }

  get(slot: string): LeafRecord<L> | undefined {
    return this.#records.get(slot)?.[0]
  }

  /** True if a record that wins over it is held. */
  isSuperseded(slot: string, record: LeafRecord<unknown>, drops: Drops): boolean {
    const held = this.get(slot)
    return held !== undefined && !isSameRecord(held, record) && drops.stable(held.dot)
  }

  drop(slot: string, record: LeafRecord<unknown>): void {
    const held = this.#records.get(slot) ?? []
    this.#keep(
      slot,
      held.filter(other => !isSameRecord(other, record)),
    )
  }

  #keep(slot: string, records: readonly LeafRecord<L>[]): void {
    const [winner] = records
    const before = this.get(slot)
    if (winner) this.#records.set(slot, records)
    else this.#records.delete(slot)
    if (winner === before) return
    if (winner) this.#live.set(slot, winner)
    else this.#live.delete(slot)
  }
}

function byWin(a: LeafRecord<unknown>, b: LeafRecord<unknown>): number {
  return compareHlc(b.hlc, a.hlc) || compareRecords(b, a)
}

/** A forked writer may have written the same leaf at the same counter in both of its histories, at other times. */
function isSameRecord(a: LeafRecord<unknown>, b: LeafRecord<unknown>): boolean {
  return recordName(a) === recordName(b)
}
