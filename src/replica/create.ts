/** Builds the replicated registry of a peer from its journal. */
import { openPart, type Part } from '../crdt/compact-unit.ts'
import type { Leaf } from '../crdt/leaves.ts'
import { Registry } from '../crdt/registry.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import type { Dot, Vector } from '../crdt/vector.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Journal, JournalEntry } from '../store/journal.ts'
import { damagedSuffix, openOrSalvage } from '../store/salvage.ts'
import { answerSync } from './answer-sync.ts'
import { BatchLog } from './batch-log.ts'
import { Collection, type CollectionStatus } from './collection.ts'
import { Compactor, latestHlc } from './compactor.ts'
import { Completeness } from './completeness.ts'
import type { ReplicaDeps } from './deps.ts'
import { Durable } from './durable.ts'
import { Fence } from './fence.ts'
import { createFencedTurns, type FencedTurns } from './fenced-turns.ts'
import { createHearing } from './hearing.ts'
import { Intake, type Received } from './intake.ts'
import { JournalRewriter } from './journal-rewriter.ts'
import { collectedBefore } from './journal-selection.ts'
import { JournalledFacts } from './local-facts.ts'
import { bytesAt, leavesAfter, partsOf } from './log-readings.ts'
import { Neighbours } from './neighbours.ts'
import { Outbox } from './outbox.ts'
import { OwnChain } from './own-chain.ts'
import { RemovalFence, type RemovalNotice } from './removal-fence.ts'
import type { BuildLeaves, Replica } from './replica.ts'
import { syncProtocol } from './sync-messages.ts'
import { Turns } from './turns.ts'
import { unitOf } from './unit.ts'
import { Watchers } from './watchers.ts'
import { Witness } from './witness.ts'
import { createSignatureWatch, type SignatureWatch, type WrongSignatures } from './wrong-signatures.ts'

/** Name of the journal on the peer's disk. */
export const journalName = 'journal'

/** So long a member may keep others from being pulled from, ms. */
const pullTurnMs = 5000
/** So long a write waits for a newcomer to hear from its mesh, ms. */
const completeWaitMs = 5000

/** Opens the journal, replays it and connects it with the transport. With a damaged one, or an old copy, it is fenced. */
export async function createReplica(deps: ReplicaDeps): Promise<Replica> {
  const { journal, entries, damaged } = await openOrSalvage(deps.openJournal, deps.disk, journalName)
  const replica = new JournalledReplica(deps, journal)
  for (const entry of entries) replica.replay(entry.kind, entry.bytes)
  if (damaged !== undefined) deps.log.error({ err: damaged }, `journal kept as ${journalName}${damagedSuffix}`)
  await replica.judge(damaged !== undefined)
  return replica
}

class JournalledReplica implements Replica {
  readonly self: PeerKey
  readonly local: JournalledFacts
  readonly #deps: ReplicaDeps
  readonly #durable: Durable
  readonly #rewriter: JournalRewriter
  readonly #registry: Registry
  readonly #log: BatchLog
  readonly #compactor: Compactor
  readonly #collection: Collection
  readonly #intake: Intake
  readonly #outbox: Outbox
  readonly #neighbours: Neighbours
  readonly #chain: OwnChain
  readonly #watchers: Watchers
  readonly #fence: Fence
  readonly #fencedTurns: FencedTurns
  readonly #removal: RemovalFence
  readonly #signatures: SignatureWatch
  readonly #witness: Witness | undefined
  readonly #completeness: Completeness
  readonly #shownListeners = new Set<(peer: PeerKey, vector: Vector) => void>()

  constructor(deps: ReplicaDeps, journal: Journal) {
    this.#deps = deps
    this.#durable = new Durable(journal, deps.log)
    this.#chain = new OwnChain(deps)
    this.self = deps.signer.key
    this.#log = deps.batchLog ?? new BatchLog()
    const history = () => this.#history()
    this.#registry = new Registry(deps.meshId, deps.verify, { self: this.self, history, kept: deps.collection?.kept })
    this.#watchers = new Watchers(this.#registry, deps.clock, deps.log)
    this.#log.onFork((writer, since) => {
      if (since) deps.log.error({ writer }, 'a writer has several histories and is fenced')
      this.#registry.noteFork(writer, since)
    })
    this.local = new JournalledFacts(entries => this.#decided(entries.map(factEntry)))
    const noteFacts = (entries: readonly Uint8Array[]) => this.#durable.put(entries.map(factEntry))
    this.#fence = new Fence(noteFacts, this.local, deps.log)
    this.#signatures = createSignatureWatch(deps.clock)
    this.#removal = new RemovalFence(bytes => noteFacts([bytes]), this.local, deps.log)
    const { witnessDisk, clock, log } = deps
    this.#witness = witnessDisk && new Witness({ disk: witnessDisk, self: this.self, clock, log })
    this.#compactor = new Compactor({
      self: this.self,
      registry: this.#registry,
      log: this.#log,
      verify: deps.verify,
      judges: () => this.isComplete,
    })
    this.#intake = new Intake({
      add: part => this.#compactor.add(part),
      mayTake: unit => this.#compactor.mayTake(unit),
      self: this.self,
      registry: this.#registry,
      log: this.#log,
      verify: deps.verify,
      journal: parts => this.#durable.put(parts.map(entryOf)),
      applied: parts => this.#applied(parts),
      wrongSignature: this.#signatures.wrong,
      unknownOwn: (_, batch) => void this.#fence.close({ kind: 'members', counter: batch.last }),
      logger: deps.log,
    })
    this.#collection = new Collection({
      ...{ self: this.self, signer: deps.signer, registry: this.#registry, log: this.#log },
      mayWrite: () => this.isComplete && !this.#durable.failure && !this.fenced,
      write: build => this.write(build),
      ...(deps.collection ? { pace: deps.collection } : {}),
      clock: deps.clock,
      logger: deps.log,
    })
    this.#rewriter = new JournalRewriter({
      ...{ journal, registry: this.#registry, log: this.#log, compactor: this.#compactor, facts: this.local },
      ...{ clock: deps.clock, logger: deps.log },
      mayRewrite: () => this.isComplete && !this.#durable.failure && !this.fenced,
      ...(deps.rewriting ? { pace: deps.rewriting } : {}),
    })
    this.#outbox = new Outbox(deps.transport, deps.clock)
    this.#completeness = new Completeness({
      self: this.self,
      log: this.#log,
      facts: this.local,
      journal: bytes => noteFacts([bytes]),
      completed: () => this.#watchers.notify(),
    })
    const turns = new Turns(deps.clock, pullTurnMs)
    const isFenced = () => this.#fence.refusal !== undefined
    this.#fencedTurns = createFencedTurns(deps.clock, isFenced, () => deps.transport.reconnect())
    this.#neighbours = new Neighbours({
      transport: deps.transport,
      log: this.#log,
      receive: this.#receive.bind(this),
      rolledBack: (_, counter) => void this.#fence.close({ kind: 'members', counter }),
      shown: (peer, vector) => {
        this.#completeness.begin(vector)
        this.#shown(peer, vector)
      },
      pulled: () => this.#completeness.look(),
      inTurn: pull => turns.run(pull),
      clock: deps.clock,
      random: deps.random,
      logger: deps.log,
    })
    const answering = {
      log: this.#log,
      isComplete: () => this.isComplete,
      offered: this.#neighbours.offered.bind(this.#neighbours),
      shown: (peer: PeerKey, vector: Vector) => {
        this.#neighbours.equal(peer)
        this.#shown(peer, vector)
      },
    }
    deps.transport.handle(syncProtocol, (...asked) => answerSync(answering, ...asked))
    deps.transport.onBroadcast(
      createHearing({
        receive: this.#receive.bind(this),
        behind: from => void this.#neighbours.syncSoon(from),
        log: deps.log,
      }),
    )
    deps.transport.onConnect(peer => this.#neighbours.connected(peer))
  }

  get view(): RegistryView {
    return this.#registry
  }

  get unwritten(): number {
    return this.#chain.unwritten.size
  }

  get isComplete(): boolean {
    return this.#completeness.isComplete
  }

  vector(): Vector {
    return this.#log.vector()
  }

  onShown(listener: (peer: PeerKey, vector: Vector) => void): void {
    this.#shownListeners.add(listener)
  }

  /** Takes over one entry of the journal. */
  replay(kind: JournalEntry['kind'], bytes: Uint8Array): void {
    if (kind === 'local') {
      this.local.replay(bytes)
      return
    }
    const part = openPart(bytes)
    // a snapshot may hold what the journal behind it begins with
    if (this.#log.standing(part) === 'known') return
    this.#compactor.add(part)
    this.#compactor.look(false)
    this.#chain.saw(latestHlc(part))
    if (part.writer === this.self) this.#chain.resume(this.#log.head(this.self))
  }

  /** Whether what was read is the newest of this peer's key, as far as can be said without meeting anybody (R8). */
  async judge(damaged: boolean): Promise<void> {
    this.#registry.checkpoints.remember(collectedBefore(this.local))
    this.#compactor.look()
    const noted = await this.#witness?.check(this.#log.head(this.self).counter)
    const { machine = '' } = this.#deps
    const recorded = this.#registry.everMember(this.self)?.machine ?? ''
    if (machine !== '' && recorded !== '' && machine !== recorded) await this.#fence.close({ kind: 'machine' })
    else if (damaged) await this.#fence.close({ kind: 'damage' })
    else if (noted !== undefined) await this.#fence.close({ kind: 'witness', counter: noted })
  }

  get fenced(): SkeinError | undefined {
    return this.#removal.refusal ?? this.#fence.refusal ?? this.#removed()
  }

  get maySucceed(): boolean {
    return this.#fence.maySucceed && !this.#removal.notice
  }

  get isOffForGood(): boolean {
    const isTwin = this.#fence.refusal !== undefined || this.#registry.isFenced(this.self)
    return this.#removal.notice !== undefined && !isTwin
  }

  async seal(): Promise<void> {
    await this.#witness?.seal()
  }

  async write(build: BuildLeaves, asFounder = false): Promise<Dot | undefined> {
    this.#checkOpen()
    if (!this.isComplete && !asFounder) await this.#untilComplete()
    const leaves = build(this.#registry, this.#chain.next)
    if (leaves.length === 0) {
      await this.#durable.newest // what made it unnecessary may itself be on its way to the disk (R7)
      return undefined
    }
    const batch = this.#chain.extend(leaves)
    // applied at once, so that the next write decides on it; shown to nobody before it is durable (R2)
    this.#registry.apply(batch)
    const durable = this.#decided([entryOf(batch)])
    this.#watchers.notify() // a listener may write: its batch must follow this one in the journal too
    await durable
    this.#chain.unwritten.delete(batch)
    if (this.#log.add(unitOf(batch)).length > 0) this.#registry.restart()
    this.#witness?.note(batch.last)
    this.#compactor.look()
    this.#outbox.send(batch)
    return { writer: this.self, counter: batch.last }
  }

  onChange(listener: () => void): () => void {
    return this.#watchers.add(listener)
  }

  waitFor(test: (view: RegistryView) => boolean, limitMs: number): Promise<void> {
    return this.#watchers.waitFor(test, limitMs)
  }

  syncNow(limitMs: number): Promise<void> {
    return this.#neighbours.syncAll(limitMs)
  }

  whoHas(dot: Dot, limitMs: number): Promise<{ have: PeerKey[]; missing: PeerKey[] }> {
    return this.#neighbours.whoHas(dot, limitMs)
  }

  syncStatus() {
    return this.#neighbours.status()
  }

  collectionStatus(): CollectionStatus {
    return this.#collection.status()
  }

  wrongSignatures(): readonly WrongSignatures[] {
    return this.#signatures.list()
  }

  start(): void {
    this.#neighbours.start()
    this.#collection.start()
    this.#fencedTurns.start()
    void this.#rewriter.consider()
  }

  async stop(): Promise<void> {
    this.#neighbours.stop()
    this.#collection.stop()
    this.#fencedTurns.stop()
    await this.#durable.close()
    await this.#witness?.close()
    this.#outbox.stop()
  }

  /** All that is applied, each writer's in order. */
  *#history(): Iterable<Part> {
    yield* partsOf(this.#log)
    yield* this.#chain.unwritten
  }

  /** A newcomer that is not complete decides on too little. */
  async #untilComplete(): Promise<void> {
    await this.waitFor(() => this.isComplete, completeWaitMs).catch(() => {
      const text = 'this host has joined and has not heard from its mesh yet: try again when skein peer ls shows it'
      throw new SkeinError('unavailable', text)
    })
    this.#checkOpen()
  }

  #shown(peer: PeerKey, vector: Vector): void {
    this.#collection.shown(peer, vector)
    for (const listener of this.#shownListeners) listener(peer, vector)
  }

  batchAt(dot: Dot): Uint8Array | undefined {
    return bytesAt(this.#log, dot)
  }

  written(after: number): Leaf[] {
    return leavesAfter(this.#log, this.self, after)
  }

  get removedBy(): RemovalNotice | undefined {
    return this.#removal.notice
  }

  async fence(notice: RemovalNotice): Promise<void> {
    if (await this.#removal.close(notice)) this.#watchers.notify()
  }

  /** Before it has fenced itself a peer may hold the records of its own removal or succession: it writes nothing more then. */
  #removed(): SkeinError | undefined {
    const { self } = this
    if (this.#registry.succeededBy(self) !== undefined) {
      const text = 'this host has come back under another key; for this data directory, another one'
      return new SkeinError('forbidden', `${text}: run skein peer invite on another host, and here: skein join TOKEN`)
    }
    const isGone = this.#registry.everMember(self) && !this.#registry.member(self)
    return isGone ? new SkeinError('forbidden', 'this host was removed from its mesh: see skein status') : undefined
  }

  #checkOpen(): void {
    const refusal = this.#durable.failure ?? this.fenced
    if (refusal) throw refusal
  }

  /** Makes what this peer itself decided durable. */
  async #decided(entries: JournalEntry[]): Promise<void> {
    this.#checkOpen()
    await this.#durable.decided(entries)
    void this.#rewriter.consider()
  }

  async #receive(from: PeerKey, batches: readonly Uint8Array[]): Promise<Received> {
    if (this.#durable.failure) throw this.#durable.failure
    return this.#intake.receive(from, batches)
  }

  #applied(parts: readonly Part[]): void {
    for (const part of parts) this.#chain.saw(latestHlc(part))
    this.#compactor.look()
    this.#watchers.notify()
    void this.#rewriter.consider()
  }
}

function factEntry(bytes: Uint8Array): JournalEntry {
  return { kind: 'local', bytes }
}

function entryOf(part: Part): JournalEntry {
  return { kind: 'survivors' in part ? 'unit' : 'batch', bytes: part.bytes }
}
