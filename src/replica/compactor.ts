/** Gives effect to the checkpoints of all writers in the log and in the registry, as soon as they are durable. */
import type { Verify } from '../crdt/batch.ts'
import { type CompactUnit, leavesOf, openPart, type Part } from '../crdt/compact-unit.ts'
import { applyCheckpoints, type HeldPart } from '../crdt/compaction.ts'
import type { Registry } from '../crdt/registry.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { BatchLog } from './batch-log.ts'
import { type Unit, unitOf } from './unit.ts'

export interface CompactorDeps {
  registry: Registry
  log: BatchLog
  verify: Verify
  /** False while this peer is a newcomer, which does not yet hold what a checkpoint may rest on. */
  judges(): boolean
}

export class Compactor {
  readonly #deps: CompactorDeps
  /** Writers of whom a checkpoint waits for something, or is unjust. */
  #waiting: Set<PeerKey> = new Set()
  readonly #seen = new Map<PeerKey, unknown>()
  /** Something that was held is not on the history that a unit stands for, or may not be. */
  #isStale = false

  constructor(deps: CompactorDeps) {
    this.#deps = deps
  }

  /** Puts a durable part into the log and the registry. */
  add(part: Part): void {
    const { log, registry } = this.#deps
    const { writer, first, last } = part
    if ('survivors' in part && log.within(writer, first, last).length > 0) {
      log.replace(unitOf(part))
      this.#isStale = true
      return
    }
    // other histories of a forked writer may have had to go for it
    if (log.add(unitOf(part)).length > 0) this.#isStale = true
    else registry.apply(part)
  }

  /** False if what is held of the run and not in the unit is needed, as far as can be said here. */
  mayTake(unit: CompactUnit): boolean {
    const { registry, log } = this.#deps
    const named = new Set(unit.survivors.map(leaf => leaf.hash))
    const held = log.within(unit.writer, unit.first, unit.last).flatMap(part => leavesOf(openPart(part.bytes)))
    return registry.checkpoints.mayLose(
      unit,
      held.filter(leaf => !named.has(leaf.hash)),
    )
  }

  /** Looks whether what is in the log now lets anything go. */
  look(): void {
    const { registry } = this.#deps
    if (this.#isStale) registry.restart()
    this.#isStale = false
    // a removal that was decided may have brought some of any writer
    const news = [...registry.checkpoints.byWriter].flatMap(([writer, list]) =>
      list.length > 0 && this.#seen.get(writer) !== list ? [writer] : [],
    )
    if (news.length + this.#waiting.size === 0) return
    this.#waiting = applyCheckpoints(this.#compaction(), new Set([...this.#waiting, ...news]))
    for (const writer of news) this.#seen.set(writer, registry.checkpoints.of(writer))
  }

  #compaction() {
    const { registry, log, verify, judges } = this.#deps
    const overlapping = (writer: PeerKey, first: number, last: number) =>
      log.overlapping(writer, first, last).map(units => units.map(heldPart))
    const replace = (unit: CompactUnit) => log.replace(unitOf(unit))
    return { registry, verify, overlapping, replace, judges: judges() }
  }
}

function heldPart(unit: Unit): HeldPart {
  const { first, last, compact = false } = unit
  return { first, last, compact, open: () => openPart(unit.bytes) }
}

/** The latest clock reading in the part. */
export function latestHlc(part: Part) {
  return 'survivors' in part ? (part.survivors.at(-1)?.hlc ?? part.hlc) : part.hlc
}
