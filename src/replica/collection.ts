/**
 * Writes this peer's checkpoints: when enough of its own records may go, or some of them for an hour. What may go is what
 * everybody is known to have moved past (stability.ts).
 */
import { planCollection } from '../crdt/collection-plan.ts'
import { openPart } from '../crdt/compact-unit.ts'
import type { Leaf } from '../crdt/leaves.ts'
import type { Registry } from '../crdt/registry.ts'
import type { Vector } from '../crdt/vector.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { errorText } from '../lib/errors.ts'
import type { PeerKey, Signer } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { BatchLog } from './batch-log.ts'
import { type Counters, Stability } from './stability.ts'

/** Between two looks, ms. */
export const collectionPeriodMs = 60_000
/** So many records that may go are reason enough. */
const enough = 256
/** So long fewer of them wait, ms. */
const patienceMs = 3_600_000
/** A deleted network is left alone so long after its last endpoint, ms: Docker restarts a crashing container within a minute. */
const quietMs = 600_000
/** Most checkpoints of one write. */
const maxCheckpoints = 16

export interface CollectionDeps {
  self: PeerKey
  signer: Signer
  registry: Registry
  log: BatchLog
  /** False while nothing may be written: a newcomer, or a fenced peer. */
  mayWrite(): boolean
  write(build: () => readonly Leaf[]): Promise<unknown>
  clock: Clock
  logger: Logger
}

/** What keeps records that nobody needs any more from going. */
export interface CollectionStatus {
  /** Members that were not yet seen to hold what the others did; `shownMs`: when they last showed what they hold, wall clock. */
  readonly waitsFor: readonly { peer: PeerKey; shownMs: number | undefined }[]
}

export class Collection {
  readonly #deps: CollectionDeps
  readonly #stability = new Stability()
  readonly #shown = new Map<PeerKey, number>()
  readonly #quiet = new Map<string, { version: number; sinceMs: number }>()
  #waitingSince: number | undefined
  #timer: Timer | undefined
  #stopped = false

  constructor(deps: CollectionDeps) {
    this.#deps = deps
  }

  /** A member was seen to hold exactly this. */
  shown(peer: PeerKey, vector: Vector): void {
    this.#shown.set(peer, this.#deps.clock.now())
    this.#stability.saw(peer, countersOf(vector))
    this.#advance()
  }

  start(): void {
    this.#timer = this.#deps.clock.after(collectionPeriodMs, () => {
      void this.look().finally(() => this.#stopped || this.start())
    })
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  status(): CollectionStatus {
    const members = this.#members().filter(peer => peer !== this.#deps.self)
    const waitsFor = this.#stability.waitingFor(members)
    return { waitsFor: waitsFor.map(peer => ({ peer, shownMs: this.#shown.get(peer) })) }
  }

  /** Writes checkpoints if that is worth while now. Never rejects. */
  async look(): Promise<void> {
    const { mayWrite, write, clock, logger } = this.#deps
    if (!mayWrite()) return
    this.#advance()
    const now = clock.monotonic()
    const plan = this.#plan(true)
    if (plan.leaves.length === 0) {
      this.#waitingSince = undefined
      return
    }
    this.#waitingSince ??= now
    const isDue = now - this.#waitingSince >= patienceMs
    if (!isDue && plan.dropped < enough) return
    try {
      await write(() => this.#plan(isDue).leaves)
      this.#waitingSince = undefined
    } catch (error) {
      logger.warn({ err: errorText(error) }, 'no checkpoint written')
    }
  }

  #plan(all: boolean) {
    const { registry, signer, log, self } = this.#deps
    const [units = []] = log.isForked(self) ? [] : log.overlapping(self, 1, Number.MAX_SAFE_INTEGER)
    const stable = units.filter(unit => this.#stability.covers(self, unit.last))
    const parts = stable.map(unit => openPart(unit.bytes))
    return planCollection(
      {
        ...{ registry, signer, parts, limit: maxCheckpoints },
        stable: dot => this.#stability.covers(dot.writer, dot.counter),
        quiet: network => this.#isQuiet(network),
      },
      all,
    )
  }

  /** Said of a network when it is asked about again after its last endpoint is long gone. */
  #isQuiet(network: string): boolean {
    const { registry, clock } = this.#deps
    const [version, now] = [registry.endpointsVersion(network), clock.monotonic()]
    if (registry.endpoints(network).length > 0 || registry.heldBy(network).length > 0) {
      this.#quiet.delete(network)
      return false
    }
    const known = this.#quiet.get(network)
    if (known?.version === version) return now - known.sinceMs >= quietMs
    this.#quiet.set(network, { version, sinceMs: now })
    return false
  }

  #advance(): void {
    this.#stability.saw(this.#deps.self, countersOf(this.#deps.log.vector()))
    this.#stability.advance(this.#members())
  }

  #members(): PeerKey[] {
    return this.#deps.registry.members().map(member => member.key)
  }
}

/** A writer with several histories counts as not covered: it may have written without knowing anything. */
function countersOf(vector: Vector): Counters {
  return new Map([...vector].map(([writer, tips]) => [writer, tips.length === 1 ? (tips[0]?.counter ?? 0) : 0]))
}
