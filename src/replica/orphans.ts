/**
 * Orphaned units: compact units that others with the same heads may hold the records of, and not make. Those whose checkpoint is not here, since
 * whoever had it may be gone, or there may be none; of writers with several histories all, since each of these may have let go of what another one
 * keeps (unmade.ts, decision 0018). And what is held where a checkpoint is not given effect to: others may have its unit (contests.ts).
 */
import { isMadeBy } from '../crdt/checkpoint.ts'
import { type CompactUnit, openPart } from '../crdt/compact-unit.ts'
import type { Registry } from '../crdt/registry.ts'
import type { Head, Vector } from '../crdt/vector.ts'
import { sha256, toHex } from '../lib/bytes.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { BatchLog } from './batch-log.ts'
import { maxChainBytes, type Stretch } from './contests.ts'
import type { Unit } from './unit.ts'
import { byPlace } from './unit-order.ts'

/** Of what is contested of one writer so much is shown. */
const maxContested = 16

/** A unit, or what is shown in the place of one. */
export interface Shown {
  /** Names it, hex: the writer signed this and nothing else with it. */
  readonly signature: string
  readonly bytes: Uint8Array
}

interface Orphan extends Shown {
  readonly unit: Pick<CompactUnit, 'first' | 'last' | 'signature'>
}

type RegistryPart = Pick<Registry, 'membersVersion' | 'checkpoints'>

export class Orphans {
  readonly #registry: RegistryPart
  readonly #log: BatchLog
  readonly #settled: () => readonly Stretch[]
  /** Of each writer, as of these tips, which are another array after each change. */
  #ofWriters = new Map<PeerKey, { tips: readonly Head[]; orphans: readonly Orphan[] }>()
  #all: readonly Orphan[] = []
  /** To open one costs as much as it is long. */
  readonly #known = new WeakMap<Unit, Orphan>()
  /** What `#all` was last looked for in. */
  #seen: { vector: Vector; members: number } | undefined

  /** @param settled what took the place of units that others may hold still */
  constructor(registry: RegistryPart, log: BatchLog, settled: () => readonly Stretch[]) {
    this.#settled = settled
    this.#registry = registry
    this.#log = log
  }

  /** Ascending by signature. Looks again only at writers of whom something has changed. */
  all(): readonly Shown[] {
    const [vector, members] = [this.#log.vector(), this.#registry.membersVersion()]
    if (this.#seen?.vector === vector && this.#seen.members === members) return this.#all
    this.#ofWriters = new Map(
      [...vector].map(([writer, tips]) => {
        const known = this.#ofWriters.get(writer)
        return [writer, known?.tips === tips ? known : { tips, orphans: this.#orphansOf(writer) }]
      }),
    )
    const found = [...this.#ofWriters.values()].flatMap(({ orphans }) => orphans)
    this.#all = found.sort((a, b) => (a.signature < b.signature ? -1 : 1))
    this.#seen = { vector, members }
    return this.#all
  }

  /** Of these writers, whom a member has several histories of, the units that are no orphans here: it is nobody else's matter. */
  besides(writers: readonly PeerKey[]): Shown[] {
    return writers.flatMap(writer => (this.#log.isForked(writer) ? [] : this.#unitsOf(writer)))
  }

  /** What is held in the place of units: by checkpoints that cannot be given effect to, or must not, and of what was contested here. Each run's parts in their order. */
  contested(): Shown[] {
    const counts = new Map<PeerKey, number>()
    const shown = new Set<Unit>()
    let size = 0
    const unjust = this.#registry.checkpoints.unjust().map(({ leaf, dot }) => ({ ...leaf, writer: dot.writer }))
    // of a writer with several histories each has checkpoints that cannot be given effect to on the others
    const own = unjust.filter(({ writer }) => !this.#log.isForked(writer))
    for (const { writer, first, last } of [...own, ...this.#settled()]) {
      const count = (counts.get(writer) ?? 0) + 1
      counts.set(writer, count)
      if (count > maxContested) continue
      for (const unit of this.#log.overlapping(writer, first, last).flat()) {
        if (!shown.has(unit)) size += unit.bytes.length
        if (size <= maxChainBytes) shown.add(unit)
      }
    }
    const ordered = [...shown].sort((a, b) => (a.writer === b.writer ? byPlace(a, b) : a.writer < b.writer ? -1 : 1))
    return ordered.map(unit => this.#opened(unit))
  }

  /** SHA-256 of the signatures of all these, ascending. */
  hash(): Uint8Array {
    return sha256(
      Buffer.from(
        [...this.all(), ...this.contested()]
          .map(({ signature }) => signature)
          .sort()
          .join(''),
        'hex',
      ),
    )
  }

  /** Another text whenever there are others, or members are others: these may take now what they did not before. */
  version(): string {
    return `${this.#registry.membersVersion()} ${toHex(this.hash())}`
  }

  #orphansOf(writer: PeerKey): Orphan[] {
    const checkpoints = this.#registry.checkpoints.of(writer)
    const isMade = (orphan: Orphan) => checkpoints.some(({ leaf }) => isMadeBy(orphan.unit, leaf))
    return this.#unitsOf(writer).filter(orphan => this.#log.isForked(writer) || !isMade(orphan))
  }

  #unitsOf(writer: PeerKey): Orphan[] {
    if (this.#log.compactUnits(writer) === 0) return []
    return [...(this.#log.missing(writer, []) ?? [])].filter(({ compact }) => compact).map(unit => this.#opened(unit))
  }

  #opened(held: Unit): Orphan {
    const known = this.#known.get(held)
    if (known) return known
    const { first, last, signature } = openPart(held.bytes)
    const orphan = { signature: toHex(signature), bytes: held.bytes, unit: { first, last, signature } }
    this.#known.set(held, orphan)
    return orphan
  }
}
