/**
 * The records that count, by slot. A slot is the place that one record can supersede another in; its content decides the
 * digest, so that two peers with the same records have the same digest (I2).
 */
import { sha256, toHex } from '../lib/bytes.ts'
import { compareHlc, type Hlc } from './hlc.ts'
import type { Leaf } from './leaves.ts'
import { compareDots, type Dot } from './vector.ts'

/** A leaf as it was received. */
export interface LeafRecord<L = Leaf> {
  readonly dot: Dot
  readonly hlc: Hlc
  readonly leaf: L
  /** SHA-256 of its bytes, hex. */
  readonly hash: string
}

export class LiveSet {
  readonly #slots = new Map<string, string>()

  set(slot: string, record: LeafRecord<unknown>): void {
    this.#slots.set(slot, `${record.dot.counter}:${record.hash}`)
  }

  delete(slot: string): void {
    this.#slots.delete(slot)
  }

  get size(): number {
    return this.#slots.size
  }

  /** SHA-256 over the slots in order, hex. */
  digest(): string {
    const lines = [...this.#slots].map(([slot, content]) => `${slot}=${content}\n`).sort()
    return toHex(sha256(Buffer.from(lines.join(''))))
  }
}

/** Registers with one writer each: the writer's latest record wins. The slot must name the writer. */
export class OwnRegisters<L> {
  readonly #records = new Map<string, LeafRecord<L>>()
  readonly #live: LiveSet

  constructor(live: LiveSet) {
    this.#live = live
  }

  /** Stores the record if it is later than what the slot holds; says whether, and what it replaced. */
  put(slot: string, record: LeafRecord<L>): { stored: boolean; before?: LeafRecord<L> } {
    const before = this.#records.get(slot)
    if (before && before.dot.counter >= record.dot.counter) return { stored: false, before }
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
}

/** Registers that anybody may write: the last record by HLC, then writer, then counter, wins. */
export class SharedRegisters<L> {
  readonly #records = new Map<string, LeafRecord<L>>()
  readonly #live: LiveSet

  constructor(live: LiveSet) {
    this.#live = live
  }

  /** Stores the record if it wins over what the slot holds. */
  put(slot: string, record: LeafRecord<L>): void {
    const held = this.#records.get(slot)
    if (held && (compareHlc(held.hlc, record.hlc) || compareDots(held.dot, record.dot)) >= 0) return
    this.#records.set(slot, record)
    this.#live.set(slot, record)
  }

  get(slot: string): LeafRecord<L> | undefined {
    return this.#records.get(slot)
  }
}
