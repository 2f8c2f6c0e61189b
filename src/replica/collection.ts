/**
 * Writes this peer's checkpoints: when enough of its own records may go, or some of them for an hour. What may go is what
 * everybody is known to have moved past (stability.ts).
 */
import { planCollection } from '../crdt/collection-plan.ts'
import { openPart } from '../crdt/compact-unit.ts'
import type { Leaf } from '../crdt/leaves.ts'
import { type HistoryKept, usualHistory } from '../crdt/policy-collection.ts'
import type { Registry } from '../crdt/registry.ts'
import type { Vector } from '../crdt/vector.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { errorText } from '../lib/errors.ts'
import type { PeerKey, Signer } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { BatchLog } from './batch-log.ts'
import { type Counters, Stability } from './stability.ts'

export interface CollectionPace {
  /** Between two looks, ms. */
  readonly periodMs: number
  /** So many records that may go are reason enough. */
  readonly enough: number
  /** At least so often all that may go does, ms. */
  readonly patienceMs: number
  /** A deleted network, or group, is left alone so long after its last endpoint, ms: Docker restarts a crashing container within a minute. */
  readonly quietMs: number
  /** How much of what happened to policies is told. */
  readonly kept: HistoryKept
  /** What everybody is known to have moved past. */
  readonly newStability: () => Stability
}

export const usualPace: CollectionPace = {
  ...{ periodMs: 60_000, enough: 256, patienceMs: 3_600_000, quietMs: 600_000 },
  kept: usualHistory,
  newStability: () => new Stability(),
}

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
  /** @default usualPace */
  pace?: CollectionPace
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
  readonly #pace: CollectionPace
  readonly #stability: Stability
  readonly #shown = new Map<PeerKey, number>()
  /** What members showed since the last look: by then this peer has what it lacked of it, and can tell whether it is the same. */
  readonly #sights = new Map<PeerKey, Vector>()
  readonly #quiet = new Map<string, { version: number; sinceMs: number }>()
  /** The stable counter of this peer at the last look at its records. */
  #lookedAt = 0
  /** When to look whatever is new, monotonic ms. */
  #dueMs: number
  #timer: Timer | undefined
  #stopped = false

  constructor(deps: CollectionDeps) {
    this.#deps = deps
    this.#pace = deps.pace ?? usualPace
    this.#stability = this.#pace.newStability()
    this.#dueMs = deps.clock.monotonic() + this.#pace.patienceMs
  }

  /** A member was seen to hold exactly this. */
  shown(peer: PeerKey, vector: Vector): void {
    this.#shown.set(peer, this.#deps.clock.now())
    if (this.#stability.awaits(peer)) this.#sights.set(peer, vector)
  }

  start(): void {
    this.#timer = this.#deps.clock.after(this.#pace.periodMs, () => {
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
    const { self, mayWrite, write, clock, logger } = this.#deps
    this.#advance()
    if (!mayWrite() || this.#isUnsure()) return
    const now = clock.monotonic()
    const isDue = now >= this.#dueMs
    const stable = this.#stability.counter(self)
    // a look at all own records is not for every minute
    if (!isDue && stable - this.#lookedAt < this.#pace.enough) return
    this.#lookedAt = stable
    if (isDue) this.#dueMs = now + this.#pace.patienceMs
    try {
      await write(() => {
        const { leaves, dropped } = this.#plan(isDue)
        return isDue || dropped >= this.#pace.enough ? leaves : []
      })
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
        // of a writer with several histories one was stable: that says nothing of what another has at that counter
        stable: dot => !log.isForked(dot.writer) && this.#stability.covers(dot.writer, dot.counter),
        quiet: network => this.#isQuiet(network),
        quietGroup: (group, network) => this.#isQuietGroup(group, network),
      },
      all,
    )
  }

  #isQuiet(network: string): boolean {
    const { registry } = this.#deps
    const isUsed = registry.endpoints(network).length > 0 || registry.heldBy(network).length > 0
    return this.#hasRested(network, isUsed, registry.endpointsVersion(network))
  }

  #isQuietGroup(group: string, network: string): boolean {
    const { registry } = this.#deps
    const isUsed = registry.endpoints(network).some(endpoint => endpoint.group === group)
    return this.#hasRested(group, isUsed, registry.checkpoints.startsIn(group))
  }

  /** Said of a network or a group when it is asked about again after its last endpoint is long gone. */
  #hasRested(id: string, isUsed: boolean, version: number): boolean {
    const now = this.#deps.clock.monotonic()
    if (isUsed) {
      this.#quiet.delete(id)
      return false
    }
    const known = this.#quiet.get(id)
    if (known?.version === version) return now - known.sinceMs >= this.#pace.quietMs
    this.#quiet.set(id, { version, sinceMs: now })
    this.#dueMs = Math.min(this.#dueMs, now + this.#pace.quietMs)
    return false
  }

  #advance(): void {
    const { self, log } = this.#deps
    const members = this.#members()
    this.#stability.advance(members)
    this.#sights.set(self, log.vector())
    for (const [peer, vector] of this.#sights) this.#stability.saw(peer, countersOf(log, vector))
    this.#sights.clear()
    this.#stability.advance(members)
  }

  /**
   * Alone there is nobody to spare anything, and two copies of one data directory could each let go of what the other has not
   * seen. While a removal is undecided some records have no effect on some members (R9).
   */
  #isUnsure(): boolean {
    const { registry } = this.#deps
    return this.#members().length < 2 || registry.removals().some(({ outcome }) => outcome === 'undecided')
  }

  #members(): PeerKey[] {
    return this.#deps.registry.members().map(member => member.key)
  }
}

/** Of a writer with several histories, or another one than is held here, nothing counts: who has it may not know the other. */
function countersOf(log: BatchLog, vector: Vector): Counters {
  return new Map(
    [...vector].map(([writer, tips]) => {
      const [only, more] = tips
      return [writer, only && !more && log.holds(writer, only) ? only.counter : 0]
    }),
  )
}
