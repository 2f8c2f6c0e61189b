/**
 * The records of removals (R9): who started one, who acknowledged it, how it was declared to end, what was asserted. They are
 * kept whatever became of their writers; what takes effect is computed in removal-outcome.ts.
 */
import type { PeerKey } from '../lib/keys.ts'
import { compareHlc, type Hlc } from './hlc.ts'
import type { HostDownLeaf, KnownLeaf, RemovalAckLeaf, RemovalEndLeaf, RemovalLeaf } from './leaves.ts'
import { compareRecords, type LeafRecord } from './live-set.ts'
import type { Listing } from './majority.ts'
import { keep } from './order.ts'
import { isProven, type RemovalProof, type Tally, tallyOf } from './removal-proof.ts'
import { type Dot, dotText } from './vector.ts'

/** What was said about one removal. */
export interface Process {
  readonly record: LeafRecord<RemovalLeaf>
  readonly targets: readonly PeerKey[]
  /** The first of each writer, ascending by dot. */
  readonly acks: readonly LeafRecord<RemovalAckLeaf>[]
  /** The starter's first declaration, if it is heeded. */
  readonly end: LeafRecord<RemovalEndLeaf> | undefined
  /** The starter took it back: it never becomes effective, whether that is heeded or not. */
  readonly isLifted: boolean
  /** Since when the targets are said to be down; undefined if nobody said so. */
  readonly assertedAt: Hlc | undefined
}

export class RemovalTable {
  readonly #removals = new Map<string, LeafRecord<RemovalLeaf>>()
  readonly #acks = new Map<string, LeafRecord<RemovalAckLeaf>>()
  readonly #ends = new Map<string, LeafRecord<RemovalEndLeaf>>()
  readonly #hostDowns = new Map<string, LeafRecord<HostDownLeaf>>()
  readonly #known = new Map<string, KnownLeaf>()
  readonly #proven = new Map<string, boolean>()
  #trusted: ReadonlySet<string> = new Set()
  #promised: ReadonlyMap<PeerKey, number> = new Map()
  #founder: PeerKey | undefined
  #processes: Map<string, Process> | undefined

  /** No removal was ever started: everything about them can be skipped. */
  get isEmpty(): boolean {
    return this.#removals.size === 0
  }

  /** As if nothing had been said. */
  clear(): void {
    for (const map of [this.#removals, this.#acks, this.#ends, this.#hostDowns, this.#known]) map.clear()
    this.#trusted = new Set()
    this.#promised = new Map()
    this.#founder = undefined
    this.#forget()
  }

  get founder(): PeerKey | undefined {
    return this.#founder
  }

  set founder(key: PeerKey | undefined) {
    this.#founder = key
    this.#forget()
  }

  put(record: LeafRecord<RemovalLeaf>): void {
    const { targets } = record.leaf
    const keys = new Set(targets.map(target => target.key))
    const isSound = keys.size === targets.length && keys.size > 0 && !keys.has(record.dot.writer)
    if (isSound && targets.every(target => !keys.has(target.heir))) keep(this.#removals, record)
    this.#forget()
  }

  putAck(record: LeafRecord<RemovalAckLeaf>): void {
    keep(this.#acks, record)
    this.#forget()
  }

  putEnd(record: LeafRecord<RemovalEndLeaf>): void {
    keep(this.#ends, record)
    this.#forget()
  }

  putHostDown(record: LeafRecord<HostDownLeaf>): void {
    keep(this.#hostDowns, record)
    this.#forget()
  }

  /** `name` is the hash that acknowledgements name the list by. */
  putKnown(name: string, leaf: KnownLeaf): void {
    this.#known.set(name, leaf)
    this.#forget()
  }

  /** By dot, ascending; of two that a forked writer started at one dot the one with the lower hash. */
  processes(): Map<string, Process> {
    if (this.#processes) return this.#processes
    const first = new Map<string, LeafRecord<RemovalLeaf>>()
    for (const record of [...this.#removals.values()].sort(compareRecords)) {
      if (!first.has(dotText(record.dot))) first.set(dotText(record.dot), record)
    }
    this.#processes = new Map([...first].map(([name, record]) => [name, this.#processOf(record)]))
    return this.#processes
  }

  /** Declarations above these counters of their writers are not heeded (b). */
  heedUpTo(limits: ReadonlyMap<PeerKey, number>): void {
    const isNone = limits.size === 0 && this.#promised.size === 0
    this.#promised = limits
    if (!isNone) this.#forget()
  }

  #endedBy(dot: Dot): Process | undefined {
    return [...this.processes().values()].find(({ end }) => end && dotText(end.dot) === dotText(dot))
  }

  /** What a list says, as an acknowledgement of `key`; without `list` while it or a removal that it rests on is not held. */
  listing(key: PeerKey, hash: string): Listing {
    const known = this.#known.get(hash)
    if (!known) return { key, list: undefined }
    const gone: PeerKey[] = []
    for (const dot of known.ends) {
      const process = this.#endedBy(dot)
      if (!process || !this.isEffective(process)) return { key, list: undefined }
      gone.push(...process.targets)
    }
    return { key, list: known.admissions.map(item => item.key), gone, pending: known.pending }
  }

  /**
   * Whoever the starter or one who acknowledged it lists: they have to acknowledge it, too. And whose acknowledgements its end cites: the
   * lists that name them may be their own.
   */
  votersOf({ record, acks, end }: Process): PeerKey[] {
    const lists = [record.leaf.known, ...acks.map(ack => ack.leaf.known)]
    const listed = lists.flatMap(hash => this.#known.get(hash)?.admissions.map(({ key }) => key) ?? [])
    return [...listed, ...(end?.leaf.acks.map(({ writer }) => writer) ?? [])]
  }

  /** A list, by its hash; undefined while it is not held. */
  list(hash: string): KnownLeaf | undefined {
    return this.#known.get(hash)
  }

  /** These declarations count though what they cite is not all held: their starters were removed as down (f). By removal. */
  trust(removals: ReadonlySet<string>): void {
    this.#trusted = removals
    this.#proven.clear()
  }

  /** True if the starter declared it effective, and nothing that is held speaks against it, but something cited is not held. */
  lacksProof(process: Process, held: (writer: PeerKey) => number): boolean {
    const { end } = process
    if (!end?.leaf.effective || this.isEffective(process)) return false
    const cited = new Set(end.leaf.acks.map(dotText))
    const acks = process.acks.filter(ack => cited.has(dotText(ack.dot)))
    if (acks.length < cited.size) {
      const found = new Set(acks.map(ack => dotText(ack.dot)))
      return end.leaf.acks.every(dot => found.has(dotText(dot)) || dot.counter > held(dot.writer))
    }
    const { starter, acks: listings } = this.#proof(process, acks)
    return [starter, ...listings].some(({ list }) => !list)
  }

  /** True if the starter declared it effective, with acknowledgements that make it so, and the cut is their maximum. */
  isEffective(process: Process): boolean {
    const { record, end } = process
    if (!end?.leaf.effective) return false
    const name = dotText(record.dot)
    if (this.#trusted.has(name)) return true
    const held = this.#proven.get(name)
    if (held !== undefined) return held
    this.#proven.set(name, false) // a list that names the very removal that it is to prove proves nothing
    const cited = new Set(end.leaf.acks.map(dotText))
    const acks = process.acks.filter(ack => cited.has(dotText(ack.dot)))
    const isExact = acks.length === cited.size && cutOf(process, acks).every((cut, i) => cut === end.leaf.cut[i])
    const proven = isExact && isProven(this.#proof(process, acks))
    this.#proven.set(name, proven)
    return proven
  }

  /**
   * True if an acknowledgement rests on an end by a target, above the counter that the starter named: the starter's own promise keeps it
   * from heeding that end, and so from counting that acknowledgement.
   */
  isBehind({ record, acks }: Process): boolean {
    const isAbove = ({ writer, counter }: Dot) =>
      record.leaf.targets.some(target => target.key === writer && counter > target.counter)
    return acks.some(({ leaf }) => this.#known.get(leaf.known)?.ends.some(isAbove))
  }

  /** Who has still to acknowledge, by all acknowledgements that are held. */
  tally(process: Process): Tally | undefined {
    return tallyOf(this.#proof(process, process.acks))
  }

  #proof(process: Process, acks: readonly LeafRecord<RemovalAckLeaf>[]): RemovalProof {
    const { leaf, dot } = process.record
    return {
      founder: this.#founder ?? '',
      starter: this.listing(dot.writer, leaf.known),
      targets: process.targets,
      heirs: leaf.targets.map(target => target.heir),
      assertion: leaf.assertion,
      acks: acks.map(ack => this.listing(ack.dot.writer, ack.leaf.known)),
    }
  }

  #processOf(record: LeafRecord<RemovalLeaf>): Process {
    const { dot, leaf, hlc } = record
    const targets = leaf.targets.map(target => target.key)
    const isIts = ({ leaf: said }: LeafRecord<{ removal: Dot }>) => dotText(said.removal) === dotText(dot)
    const stays = ({ dot: { writer } }: LeafRecord<unknown>) => !targets.includes(writer)
    const acks = new Map<PeerKey, LeafRecord<RemovalAckLeaf>>()
    for (const ack of [...this.#acks.values()].filter(isIts).sort(compareRecords)) {
      const isFirst = !acks.has(ack.dot.writer) && ack.dot.writer !== dot.writer
      if (isFirst && stays(ack) && ack.leaf.counters.length === targets.length) acks.set(ack.dot.writer, ack)
    }
    const ends = [...this.#ends.values()].filter(
      end => isIts(end) && end.dot.writer === dot.writer && end.dot.counter > dot.counter,
    )
    const [first] = ends.sort(compareRecords)
    const end = first && first.dot.counter <= (this.#promised.get(dot.writer) ?? first.dot.counter) ? first : undefined
    const said = [...this.#hostDowns.values()].filter(down => isIts(down) && stays(down)).map(down => down.hlc)
    const [assertedAt] = leaf.assertion > 0 ? [hlc] : said.sort(compareHlc)
    const isLifted = first?.leaf.effective === false
    return { record, targets, acks: [...acks.values()], end, isLifted, assertedAt }
  }

  #forget(): void {
    this.#processes = undefined
    this.#proven.clear()
  }
}

/** Per target the highest counter that the starter and these acknowledgements name. */
export function cutOf({ record }: Process, acks: readonly LeafRecord<RemovalAckLeaf>[]): number[] {
  return record.leaf.targets.map(({ counter }, i) => Math.max(counter, ...acks.map(ack => ack.leaf.counters[i] ?? 0)))
}
