/** The replica whose records are in a journal: a write is in it before the call returns, what members wrote before it takes effect. */
import { openPart, type Part } from '../crdt/compact-unit.ts'
import type { Leaf } from '../crdt/leaves.ts'
import { Registry } from '../crdt/registry.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import type { Dot, Vector } from '../crdt/vector.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Journal, JournalEntry } from '../store/journal.ts'
import { Adoption } from './adoption.ts'
import { Agreement, type Difference } from './agreement.ts'
import { BatchLog } from './batch-log.ts'
import { Collection, type CollectionStatus } from './collection.ts'
import { Compactor, latestHlc } from './compactor.ts'
import { Completeness } from './completeness.ts'
import { Contests, type Contradicted } from './contests.ts'
import type { ReplicaDeps } from './deps.ts'
import { Durable } from './durable.ts'
import { Exchange } from './exchange.ts'
import { Intake, type Received } from './intake.ts'
import { factEntry, partEntry, unitEntry } from './journal-entries.ts'
import { JournalRewriter } from './journal-rewriter.ts'
import { collectedBefore } from './journal-selection.ts'
import { JournalledFacts } from './local-facts.ts'
import { bytesAt, leavesAfter, partsOf } from './log-readings.ts'
import { Orphans } from './orphans.ts'
import { Outbox } from './outbox.ts'
import { readProof } from './outdated-proof.ts'
import { OwnChain } from './own-chain.ts'
import type { RemovalNotice } from './removal-fence.ts'
import type { BuildLeaves, Replica } from './replica.ts'
import { Restating, restatement } from './restated.ts'
import { RightToWrite } from './right-to-write.ts'
import { unitOf } from './unit.ts'
import { Watchers } from './watchers.ts'
import { Witness } from './witness.ts'
import { createSignatureWatch, type SignatureWatch, type WrongSignatures } from './wrong-signatures.ts'

/** So long a write waits for a newcomer to hear from its mesh, ms. */
const completeWaitMs = 5000

export class JournalledReplica implements Replica {
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
  readonly #adoption: Adoption
  readonly #contests: Contests
  readonly #restating: Restating
  readonly #outbox: Outbox
  readonly #agreement: Agreement
  readonly #exchange: Exchange
  readonly #chain: OwnChain
  readonly #watchers: Watchers
  readonly #right: RightToWrite
  readonly #signatures: SignatureWatch
  readonly #witness: Witness | undefined
  readonly #completeness: Completeness

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
    this.#right = new RightToWrite(this.self, this.#registry, this.local, noteFacts, deps.log)
    this.#signatures = createSignatureWatch(deps.clock)
    const { witnessDisk, clock, log } = deps
    this.#witness = witnessDisk && new Witness({ disk: witnessDisk, self: this.self, clock, log })
    const held = { self: this.self, registry: this.#registry, log: this.#log }
    this.#compactor = new Compactor({
      ...held,
      verify: deps.verify,
      isComplete: () => this.isComplete,
      isOutdated: () => this.#right.isOutdated,
    })
    this.#intake = new Intake({
      add: (part, from) => this.#add(part, from),
      mayTake: unit => this.#compactor.mayTake(unit),
      ...held,
      verify: deps.verify,
      journal: parts => this.#durable.put(parts.map(partEntry)),
      applied: parts => this.#applied(parts),
      wrongSignature: this.#signatures.wrong,
      unknownOwn: (_, batch) => void this.#right.close({ kind: 'members', counter: batch.last }),
      logger: deps.log,
    })
    this.#restating = new Restating(this.#log)
    this.#contests = new Contests({
      ...held,
      ...{ compactor: this.#compactor, verify: deps.verify, clock: deps.clock, logger: deps.log },
      journal: (writer, units) =>
        this.#durable.put([factEntry(restatement(writer, units.length)), ...units.map(unitEntry)]),
      applied: parts => this.#applied(parts),
    })
    this.#adoption = new Adoption({
      ...{ compactor: this.#compactor, contests: this.#contests, intake: this.#intake, logger: deps.log },
      meshId: deps.meshId,
      journal: unit => this.#durable.put([partEntry(unit)]),
      applied: unit => this.#applied([unit]),
    })
    this.#collection = new Collection({
      ...held,
      signer: deps.signer,
      mayWrite: () => this.isComplete && !this.#durable.failure && !this.fenced,
      write: build => this.write(build),
      ...(deps.collection ? { pace: deps.collection } : {}),
      clock: deps.clock,
      logger: deps.log,
    })
    this.#rewriter = new JournalRewriter({
      ...{ journal, registry: this.#registry, log: this.#log, compactor: this.#compactor, facts: this.local },
      ...{ clock: deps.clock, logger: deps.log },
      mayRewrite: () => this.isComplete && !this.#durable.failure && !this.fenced && !this.#contests.isBusy,
      ...(deps.rewriting ? { pace: deps.rewriting } : {}),
    })
    this.#outbox = new Outbox(deps.transport, deps.clock)
    this.#completeness = new Completeness({
      ...{ self: this.self, log: this.#log, facts: this.local },
      hasRefused: writer => this.#intake.hasRefused(writer),
      journal: bytes => noteFacts([bytes]),
      completed: () => this.#watchers.notify(),
    })
    this.#agreement = new Agreement({
      ...{ registry: this.#registry, log: this.#log, clock: deps.clock, logger: deps.log },
      isMember: peer => this.#registry.member(peer) !== undefined,
      unwritten: () => this.unwritten,
    })
    this.#exchange = new Exchange(deps, {
      ...{ log: this.#log, completeness: this.#completeness, right: this.#right },
      ...{ orphans: new Orphans(this.#registry, this.#log, () => this.#contests.settled()), contests: this.#contests },
      agreement: this.#agreement,
      receive: (...sent) => this.#receive(...sent),
      adopt: (...given) => this.#adoption.take(...given),
    })
    this.#exchange.onShown((...shown) => this.#collection.shown(...shown))
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
    this.#exchange.onShown(listener)
  }

  /** Takes over one entry of the journal. */
  replay(kind: JournalEntry['kind'], bytes: Uint8Array): void {
    if (kind === 'local') {
      if (!this.#restating.replayFact(bytes)) this.local.replay(bytes)
      return
    }
    const part = openPart(bytes)
    this.#chain.saw(latestHlc(part))
    const restated = this.#restating.replay(part)
    if (restated.isTaken && !restated.isWhole) return
    if (restated.isWhole) this.#compactor.reread()
    else if (this.#log.standing(part) !== 'known') this.#compactor.add(part)
    // what was known when it was journalled was adopted; what else is known stands in the journal twice
    else if (!('survivors' in part && this.#compactor.adopt(part))) return
    this.#compactor.look(false)
    if (part.writer === this.self) this.#chain.resume(this.#log.head(this.self))
  }

  /** Whether what was read is the newest of this peer's key, as far as can be said without meeting anybody (R8). */
  async judge(damaged: boolean): Promise<void> {
    this.#registry.checkpoints.remember(collectedBefore(this.local))
    this.#compactor.look()
    const noted = await this.#witness?.check(this.#log.head(this.self).counter)
    await this.#right.judge(this.#deps.machine ?? '', damaged, noted)
  }

  get fenced(): SkeinError | undefined {
    return this.#right.refusal
  }

  get maySucceed(): boolean {
    return this.#right.maySucceed
  }

  get isOffForGood(): boolean {
    return this.#right.isOffForGood
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
    const durable = this.#decided([partEntry(batch)])
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
    return this.#exchange.neighbours.syncAll(limitMs)
  }

  whoHas(dot: Dot, limitMs: number): Promise<{ have: PeerKey[]; missing: PeerKey[] }> {
    return this.#exchange.neighbours.whoHas(dot, limitMs)
  }

  syncStatus() {
    return this.#exchange.neighbours.status()
  }

  collectionStatus(): CollectionStatus {
    return this.#collection.status()
  }

  contradicted(): readonly Contradicted[] {
    return this.#contests.contradicted()
  }

  differences(): readonly Difference[] {
    return this.#agreement.differences()
  }

  wrongSignatures(): readonly WrongSignatures[] {
    return this.#signatures.list()
  }

  start(): void {
    this.#exchange.start()
    this.#collection.start()
    void this.#rewriter.consider()
  }

  async stop(): Promise<void> {
    this.#exchange.stop()
    this.#collection.stop()
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

  batchAt(dot: Dot): Uint8Array | undefined {
    return bytesAt(this.#log, dot)
  }

  written(after: number): Leaf[] {
    return leavesAfter(this.#log, this.self, after)
  }

  get removedBy(): RemovalNotice | undefined {
    return this.#right.removedBy
  }

  async fence(notice: RemovalNotice): Promise<void> {
    if (await this.#right.remove(notice)) this.#watchers.notify()
  }

  async takeProof(bytes: Uint8Array): Promise<void> {
    const { verify, meshId } = this.#deps
    const counter = readProof(bytes, { self: this.self, meshId, verify, log: this.#log })
    await this.#right.close({ kind: 'members', counter })
    this.#watchers.notify()
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

  #add(part: Part, from: PeerKey | undefined): void {
    // of another member it may be what all have let go of: this directory may be an old copy that nobody has found out
    if ('survivors' in part && part.writer === from && this.#compactor.judges) this.#contests.cameLate(part)
    this.#compactor.add(part)
  }

  #applied(parts: readonly Part[]): void {
    for (const part of parts) this.#chain.saw(latestHlc(part))
    this.#compactor.look()
    this.#watchers.notify()
    void this.#rewriter.consider()
  }
}
