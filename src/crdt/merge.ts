/**
 * What was received, and what of it takes effect: records in any order, any number of times. Those above the limit of a
 * writer wait (removals.ts); when a limit falls below what took effect, the tables are made anew from the history.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import type { Verify } from './batch.ts'
import { leavesOf, type Part } from './compact-unit.ts'
import { Eras } from './eras.ts'
import { Gate } from './gate.ts'
import { compareHlc, type Hlc } from './hlc.ts'
import { decodeLeaf } from './leaf-codec.ts'
import type { EndpointLeaf, Leaf } from './leaves.ts'
import type { LeafRecord } from './live-set.ts'
import { Newcomers } from './newcomers.ts'
import type { HistoryKept } from './policy-collection.ts'
import { RecordTables } from './record-tables.ts'
import type { Endpoint } from './registry-view.ts'
import { RemovalTable } from './removal-table.ts'
import { Removals } from './removals.ts'
import { type Showing, shownEndpoints } from './shown-endpoints.ts'
import type { Dot } from './vector.ts'

/** What removals are decided by. */
const deciding = new Set<Leaf['kind']>(['mesh', 'known', 'removal', 'removal-ack', 'removal-end', 'host-down'])
/**
 * What takes effect also above its writer's limit: what removals are decided by, evidence, content that is named by its hash,
 * and what was let go of, which nobody who did so could take back.
 */
const unlimited = new Set<Leaf['kind']>([...deciding, 'ack', 'roster', 'checkpoint'])

export interface MergeOptions {
  readonly meshId: string
  readonly verify: Verify
  /** Whose own promises about undecided removals hold here. */
  readonly self: PeerKey | undefined
  /** All batches that were applied, each writer's in order. Default: kept here. */
  readonly history: (() => Iterable<Part>) | undefined
  /** How much of what happened to policies is told. */
  readonly kept: HistoryKept
}

export class Merge {
  readonly removals: Removals
  /** Who came back in whose place, and what versions are numbered in. */
  readonly eras: Eras
  readonly #options: MergeOptions
  readonly #remembered: Part[] = []
  readonly #gate = new Gate()
  readonly #newcomers: Newcomers
  readonly #removalTable = new RemovalTable()
  readonly #heads = new Map<PeerKey, { counter: number; hlc: Hlc }>()
  #tables: RecordTables
  #listVersion = 0

  constructor(options: MergeOptions) {
    const { self } = options
    this.#options = options
    this.removals = new Removals(this.#removalTable, {
      self,
      held: writer => this.#gate.held(writer),
      settledBy: () => (self === undefined ? [] : this.#tables.membership.settledBy(self)),
      isAdmitted: (key, dot) => this.#tables.membership.isAdmitted(key, dot),
    })
    this.#newcomers = new Newcomers(this.removals)
    this.eras = new Eras(this.removals, () => this.#tables.membership)
    this.#tables = this.#newTables()
  }

  /** A network's endpoints as they are shown, sorted by (ip, owner, id). */
  shown(network: NetworkId): Endpoint[] {
    return shownEndpoints(this.#tables.endpoints.endpoints(network), this.showing())
  }

  /** What of endpoints and VTEPs is shown, as of now. */
  showing(): Showing {
    const { endpoints, networks } = this.#tables
    return {
      table: endpoints,
      lineage: this.eras.lineage,
      hides: owner => this.removals.hides(owner),
      isHandedOut: ({ network, ip }) => networks.isHandedOut(network, ip),
    }
  }

  /** What takes effect, as of now: another object after tables were made anew. */
  get tables(): RecordTables {
    return this.#tables
  }

  /** Another number whenever the list of networks may be another. */
  get listVersion(): number {
    return this.#listVersion
  }

  /** Counter and HLC of the newest record of each writer. */
  get heads(): ReadonlyMap<PeerKey, { readonly counter: number; readonly hlc: Hlc }> {
    return this.#heads
  }

  /** How far each writer has come. */
  counters(): Map<PeerKey, number> {
    return new Map([...this.#heads].map(([key, { counter }]) => [key, counter]))
  }

  held(writer: PeerKey): number {
    return this.#gate.held(writer)
  }

  /** All that was applied, each writer's in order. */
  history(): Iterable<Part> {
    return this.#options.history?.() ?? this.#remembered
  }

  /** Applies every leaf of a batch, or of what is left of a run of them, but those above a limit: these wait. */
  apply(part: Part): void {
    if (!this.#options.history) this.#remembered.push(part)
    this.#take(part)
  }

  /**
   * True for who is no member here only since its admission is above what a removal lets this peer see, and who has to acknowledge that
   * removal: what it writes is held, and of it takes effect what is above any limit (R9 b).
   */
  isUnseenVoter(writer: PeerKey): boolean {
    return this.removals.isVoter(writer) && this.#newcomers.isUnseen(writer)
  }

  /** Counter above which nothing of the writer takes effect but what has no limit. Nothing hides a peer's own records from itself. */
  #limit(writer: PeerKey): number | undefined {
    const limit = this.removals.limit(writer)
    if (limit !== undefined || writer === this.removals.self) return limit
    return this.#newcomers.isUnseen(writer) ? 0 : undefined
  }

  /** True if it is above a limit: it has no effect here, for now or for good. */
  isWithheld({ writer, counter }: Dot): boolean {
    return counter > (this.#limit(writer) ?? counter)
  }

  #take(batch: Part): void {
    this.#gate.receive(batch.writer, batch.last)
    const { writer, last: counter, hlc } = batch
    const head = this.#heads.get(writer)
    // a forked writer has several batches that end at one counter; behind every compacted run a batch follows
    if (!head || (counter - head.counter || compareHlc(hlc, head.hlc)) > 0) this.#heads.set(writer, { counter, hlc })
    const records = recordsOf(batch)
    const letsIn = this.#newcomers.note(records)
    const open = records.filter(isUnlimited)
    for (const record of open) this.#put(record as LeafRecord)
    const decides = open.some(({ leaf }) => leaf && deciding.has(leaf.kind)) || this.removals.isAwaited(batch.writer)
    if (decides && this.#decide()) return
    for (const record of records) if (!isUnlimited(record)) this.#applyLimited(record)
    if (letsIn) this.#followLimits()
  }

  /** As if all in the history came now. What is no other than before counts as no change of endpoints. */
  restart(): void {
    const { endpoints } = this.#tables
    const [held, { overruns }] = [this.counters(), this.eras]
    this.#gate.clear()
    this.#heads.clear()
    this.#newcomers.clear()
    this.#removalTable.clear()
    this.removals.decide()
    this.#newEra()
    const fresh: EndpointLeaf[] = []
    for (const part of this.history()) {
      this.#take(part)
      fresh.push(...endpointsAbove(part, held.get(part.writer) ?? 0))
    }
    this.#tables.endpoints.follow(endpoints, fresh)
    // on the way limits fell once more, and what rests on them is compared as well
    this.eras.overruns = overruns
    // what is shown of a former key's endpoints rests on records that are no live endpoints
    if (!this.eras.lineage.isEmpty) this.eras.changed()
  }

  /** Something was let go of: what rests on it is computed again. */
  wentAway(): void {
    this.#listVersion++
    this.removals.forget()
  }

  digest(): string {
    const ready = this.everybodysDigest()
    if (ready !== undefined) return ready
    // neither a promise of this peer's own, nor what only it still sees of itself, is a difference to other peers
    const history = () => this.history()
    const everybodys = new Merge({ ...this.#options, self: undefined, history })
    for (const batch of history()) everybodys.apply(batch)
    return everybodys.#tables.live.digest()
  }

  /** The digest, if this peer sets nothing aside that others see, and sees nothing that others set aside: it costs nothing then. */
  everybodysDigest(): string | undefined {
    // what is above a cut is so for everybody
    const isFenced = this.#gate.withheldWriters().some(writer => !this.removals.gone.has(writer))
    return isFenced || this.#isCut() ? undefined : this.#tables.live.digest()
  }

  /** This peer was removed and wrote more than counts for the others, or was let in by what does not count for them. */
  #isCut(): boolean {
    const { self, gone } = this.removals
    if (self === undefined) return false
    return this.#newcomers.isUnseen(self) || this.held(self) > (gone.get(self)?.cut ?? Number.POSITIVE_INFINITY)
  }

  #applyLimited(record: LeafRecord<Leaf | undefined>): void {
    if (!this.#gate.passes(record, this.#limit(record.dot.writer))) return
    if (record.leaf) this.#put(record as LeafRecord)
    else this.#tables.putUnknown(record)
  }

  #put(record: LeafRecord): void {
    if (!this.#tables.put(record)) return
    this.#listVersion++
    this.removals.forget()
  }

  /** Decides removals anew, and gives and takes effect accordingly. True if all was built again. */
  #decide(): boolean {
    this.removals.decide()
    this.#tables.membership.forget()
    this.#listVersion++
    return this.#followLimits()
  }

  /** Gives and takes effect as the limits are now. True if all was built again. */
  #followLimits(): boolean {
    const limit = (writer: PeerKey) => this.#limit(writer)
    if (this.#gate.isOverrun(limit)) {
      this.#rebuild()
      return true
    }
    for (const record of this.#gate.release(limit)) this.#applyLimited(record as LeafRecord<Leaf | undefined>)
    return false
  }

  /** A limit fell below what was applied: what rests on it cannot be told apart any more. */
  #rebuild(): void {
    this.#gate.reset()
    this.eras.overruns++
    this.#newEra()
    for (const batch of this.history()) {
      for (const record of recordsOf(batch)) {
        if (isUnlimited(record)) this.#put(record as LeafRecord)
        else this.#applyLimited(record)
      }
    }
    this.removals.decide()
    this.#tables.membership.forget()
    this.#listVersion++
  }

  /** Empty tables, but for what was seen to go. */
  #newEra(): void {
    this.eras.rebuilds++
    const { collected } = this.#tables.networks
    this.#tables = this.#newTables()
    for (const id of collected) this.#tables.networks.remember(id)
    this.#listVersion++
  }

  #newTables(): RecordTables {
    const { meshId, verify, kept } = this.#options
    return new RecordTables({
      ...{ meshId, verify, kept, removals: this.#removalTable },
      untold: hash => this.removals.untold(hash),
      departures: () => this.removals.leaving(),
      shown: network => this.shown(network),
      earlier: writer => this.eras.lineage.earlier(writer),
      counters: () => this.counters(),
    })
  }
}

function recordsOf(part: Part): LeafRecord<Leaf | undefined>[] {
  const { writer } = part
  return leavesOf(part).map(({ counter, hlc, hash, bytes }) => {
    return { dot: { writer, counter }, hlc, leaf: decodeLeaf(bytes), hash }
  })
}

/** Endpoints that began above this counter: some may have ended since, or moved. */
function endpointsAbove(part: Part, counter: number): EndpointLeaf[] {
  if (part.last <= counter) return []
  return recordsOf(part).flatMap(({ dot, leaf }) => (dot.counter > counter && leaf?.kind === 'endpoint' ? [leaf] : []))
}

function isUnlimited({ leaf }: LeafRecord<Leaf | undefined>): boolean {
  return leaf !== undefined && unlimited.has(leaf.kind)
}
