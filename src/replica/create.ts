/** Builds the replicated registry of a peer from its journal. */
import { type Batch, makeBatch, maxBatchBytes, maxBatchLeaves, openBatch, type Verify } from '../crdt/batch.ts'
import { type Hlc, maxHlc, nextHlc } from '../crdt/hlc.ts'
import { decodeLeaf, encodeLeaf } from '../crdt/leaf-codec.ts'
import type { Leaf } from '../crdt/leaves.ts'
import { list } from '../crdt/plain.ts'
import { Registry } from '../crdt/registry.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import type { Dot, Head, Vector } from '../crdt/vector.ts'
import { decode } from '../lib/cbor.ts'
import type { Clock } from '../lib/clock.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import type { PeerKey, Signer } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import { maxMessageBytes, type Transport } from '../mesh/transport.ts'
import type { Disk } from '../store/disk.ts'
import type { Journal, JournalEntry, OpenJournal } from '../store/journal.ts'
import { damagedSuffix, openOrSalvage } from '../store/salvage.ts'
import { answerSync } from './answer-sync.ts'
import { BatchLog } from './batch-log.ts'
import { Completeness } from './completeness.ts'
import { Fence } from './fence.ts'
import { Intake, type Received } from './intake.ts'
import { JournalledFacts } from './local-facts.ts'
import { Neighbours } from './neighbours.ts'
import { Outbox } from './outbox.ts'
import { RemovalFence, type RemovalNotice } from './removal-fence.ts'
import type { BuildLeaves, Replica } from './replica.ts'
import { syncProtocol } from './sync-messages.ts'
import { Turns } from './turns.ts'
import { unitOf } from './unit.ts'
import { Watchers } from './watchers.ts'
import { Witness } from './witness.ts'

export interface ReplicaDeps {
  meshId: string
  signer: Signer
  verify: Verify
  disk: Disk
  /** This machine, as `machineOf` has it: a directory whose records name another was copied. @default not known */
  machine?: string
  /** Outside of the data directory: where the highest own counter is noted (R8). */
  witnessDisk?: Pick<Disk, 'read' | 'replace'>
  openJournal: OpenJournal
  transport: Transport
  clock: Clock
  /** Uniform in [0, 1). */
  random(): number
  log: Logger
}

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
  readonly #journal: Journal
  readonly #registry: Registry
  readonly #log = new BatchLog()
  readonly #intake: Intake
  readonly #outbox: Outbox
  readonly #neighbours: Neighbours
  /** Own batches that are applied and not yet durable, in their order. */
  readonly #unwritten = new Set<Batch>()
  readonly #watchers: Watchers
  /** Newest own batch, durable or not. */
  #tip: Head
  #hlc: Hlc = [0, 0]
  #failure: SkeinError | undefined
  /** Of the newest own record or local fact: resolves when it is durable. */
  #newest: Promise<void> = Promise.resolve()
  readonly #fence: Fence
  readonly #removal: RemovalFence
  readonly #witness: Witness | undefined
  readonly #completeness: Completeness
  readonly #shownListeners = new Set<(peer: PeerKey, vector: Vector) => void>()

  constructor(deps: ReplicaDeps, journal: Journal) {
    this.#deps = deps
    this.#journal = journal
    this.self = deps.signer.key
    const history = () => this.#history()
    this.#registry = new Registry(deps.meshId, deps.verify, { self: this.self, history })
    this.#watchers = new Watchers(this.#registry, deps.clock, deps.log)
    this.#tip = this.#log.head(this.self)
    this.#log.onFork((writer, since) => {
      deps.log.error({ writer }, 'a writer has several histories and is fenced')
      this.#registry.noteFork(writer, since)
    })
    this.local = new JournalledFacts(entries => this.#append(entries.map(bytes => ({ kind: 'local' as const, bytes }))))
    this.#fence = new Fence(
      entries => this.#journalled(entries.map(bytes => ({ kind: 'local' as const, bytes }))),
      this.local,
      deps.log,
    )
    this.#removal = new RemovalFence(bytes => this.#journalled([{ kind: 'local', bytes }]), this.local, deps.log)
    const { witnessDisk, clock, log } = deps
    this.#witness = witnessDisk && new Witness({ disk: witnessDisk, self: this.self, clock, log })
    this.#intake = new Intake({
      self: this.self,
      registry: this.#registry,
      log: this.#log,
      verify: deps.verify,
      journal: batches => this.#journalled(batches.map(batch => ({ kind: 'batch' as const, bytes: batch.bytes }))),
      applied: batches => this.#applied(batches),
      unknownOwn: (_, batch) => void this.#fence.close({ kind: 'members', counter: batch.last }),
      logger: deps.log,
    })
    this.#outbox = new Outbox(deps.transport, deps.clock)
    this.#completeness = new Completeness({
      self: this.self,
      log: this.#log,
      facts: this.local,
      journal: bytes => this.#journalled([{ kind: 'local', bytes }]),
      completed: () => this.#watchers.notify(),
    })
    const turns = new Turns(deps.clock, pullTurnMs)
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
      offered: (peer: PeerKey, vector: Vector) => this.#neighbours.offered(peer, vector),
      shown: (peer: PeerKey, vector: Vector) => {
        this.#neighbours.equal(peer)
        this.#shown(peer, vector)
      },
    }
    deps.transport.handle(syncProtocol, (from, request) => answerSync(answering, from, request))
    deps.transport.onBroadcast((from, bytes) => this.#heard(from, bytes))
    deps.transport.onConnect(peer => this.#neighbours.connected(peer))
  }

  get view(): RegistryView {
    return this.#registry
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
  replay(kind: 'batch' | 'local', bytes: Uint8Array): void {
    if (kind === 'local') {
      this.local.replay(bytes)
      return
    }
    const batch = openBatch(bytes)
    this.#log.add(unitOf(batch))
    this.#registry.apply(batch)
    this.#hlc = maxHlc(this.#hlc, batch.hlc)
    if (batch.writer === this.self) this.#tip = { counter: batch.last, hash: batch.hash }
  }

  /** Whether what was read is the newest of this peer's key, as far as can be said without meeting anybody (R8). */
  async judge(damaged: boolean): Promise<void> {
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

  async seal(): Promise<void> {
    await this.#witness?.seal()
  }

  async write(build: BuildLeaves, asFounder = false): Promise<Dot | undefined> {
    this.#checkOpen()
    if (!this.isComplete && !asFounder) await this.#untilComplete()
    const leaves = build(this.#registry, this.#tip.counter + 1)
    if (leaves.length === 0) {
      await this.#newest // what made it unnecessary may itself be on its way to the disk (R7)
      return undefined
    }
    const batch = this.#make(leaves)
    // applied at once, so that the next write decides on it; shown to nobody before it is durable (R2)
    this.#tip = { counter: batch.last, hash: batch.hash }
    this.#unwritten.add(batch)
    this.#registry.apply(batch)
    const durable = this.#append([{ kind: 'batch', bytes: batch.bytes }])
    this.#watchers.notify() // a listener may write: its batch must follow this one in the journal too
    await durable
    this.#unwritten.delete(batch)
    this.#log.add(unitOf(batch))
    this.#witness?.note(batch.last)
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

  start(): void {
    this.#neighbours.start()
  }

  async stop(): Promise<void> {
    this.#neighbours.stop()
    // what was begun is finished; what comes now is refused before it is applied, and is no failure of the journal
    this.#failure ??= new SkeinError('unavailable', 'this peer is stopping: try again when skeind runs')
    await this.#journal.close()
    await this.#witness?.close()
    this.#outbox.stop()
  }

  /** All that is applied, each writer's in order. */
  *#history(): Iterable<Batch> {
    for (const writer of this.#log.writers()) {
      for (const unit of this.#log.missing(writer, []) ?? []) yield openBatch(unit.bytes)
    }
    yield* this.#unwritten
  }

  /** Makes a batch that every peer can read: what they would refuse must not get into the chain. */
  #make(leaves: readonly Leaf[]): Batch {
    const encoded = leaves.map(encodeLeaf)
    const unreadable = leaves.find((_, i) => !decodeLeaf(encoded[i] as Uint8Array))
    if (unreadable) {
      throw new SkeinError(
        'invalid',
        `a record of kind ${unreadable.kind} cannot be read: a field of it is too long or malformed`,
      )
    }
    this.#hlc = nextHlc(this.#hlc, this.#deps.clock.now())
    const batch = makeBatch(this.#deps.signer, {
      meshId: this.#deps.meshId,
      first: this.#tip.counter + 1,
      previous: this.#tip.hash,
      hlc: this.#hlc,
      leaves: encoded,
    })
    if (batch.bytes.length > maxBatchBytes || leaves.length > maxBatchLeaves) {
      const size = `${batch.bytes.length} bytes and ${leaves.length} records`
      throw new SkeinError('invalid', `a write of ${size} is too large: split it up`)
    }
    return batch
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
    for (const listener of this.#shownListeners) listener(peer, vector)
  }

  batchAt({ writer, counter }: Dot): Uint8Array | undefined {
    for (const unit of this.#log.missing(writer, []) ?? []) {
      if (unit.first <= counter && counter <= unit.last) return unit.compact ? undefined : unit.bytes
    }
    return undefined
  }

  written(after: number): Leaf[] {
    const units = [...(this.#log.missing(this.self, []) ?? [])].filter(unit => unit.last > after && !unit.compact)
    return units.flatMap(({ bytes, first }) =>
      openBatch(bytes).leaves.flatMap((leaf, i) => (first + i > after ? (decodeLeaf(leaf) ?? []) : [])),
    )
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
    const refusal = this.#failure ?? this.fenced
    if (refusal) throw refusal
  }

  /** Makes what this peer itself decided durable. */
  async #append(entries: JournalEntry[]): Promise<void> {
    this.#checkOpen()
    const durable = this.#journalled(entries)
    this.#newest = durable
    durable.catch(() => undefined) // the caller has the error; whoever waits for `#newest` gets it too
    await durable
  }

  /** A journal that failed once is never trusted again: what it holds is unknown until it is read anew. */
  async #journalled(entries: JournalEntry[]): Promise<void> {
    if (this.#failure) throw this.#failure
    try {
      await this.#journal.append(entries)
    } catch (error) {
      this.#failure = new SkeinError('internal', `the journal cannot be written: ${errorText(error)}; restart skeind`, {
        cause: error,
      })
      this.#deps.log.fatal({ err: errorText(error) }, 'journal failed; nothing more is written')
      throw this.#failure
    }
  }

  async #receive(from: PeerKey, batches: readonly Uint8Array[]): Promise<Received> {
    if (this.#failure) throw this.#failure
    return this.#intake.receive(from, batches)
  }

  #heard(from: PeerKey, bytes: Uint8Array): void {
    let batches: Uint8Array[] | undefined
    try {
      batches = list(decode(bytes, maxMessageBytes), 4096, item => (item instanceof Uint8Array ? item : undefined))
    } catch (error) {
      this.#deps.log.warn({ from, err: errorText(error) }, 'malformed gossip ignored')
    }
    if (!batches) return
    this.#receive(from, batches).then(
      ({ behind }) => behind && this.#neighbours.syncSoon(from),
      error => this.#deps.log.warn({ from, err: errorText(error) }, 'gossip not taken in'),
    )
  }

  #applied(batches: readonly Batch[]): void {
    for (const batch of batches) this.#hlc = maxHlc(this.#hlc, batch.hlc)
    this.#watchers.notify()
  }
}
