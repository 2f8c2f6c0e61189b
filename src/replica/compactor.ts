/** Gives effect to the checkpoints of all writers in the log and in the registry, as soon as they are durable. */
import type { Verify } from '../crdt/batch.ts'
import { recordOf } from '../crdt/checkpoint.ts'
import { type CompactUnit, leavesOf, openPart, type Part, type PlacedLeaf } from '../crdt/compact-unit.ts'
import { applyCheckpoints, type HeldPart, remake } from '../crdt/compaction.ts'
import type { Registry } from '../crdt/registry.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { BatchLog } from './batch-log.ts'
import { type Unit, unitOf } from './unit.ts'
import { unmade } from './unmade.ts'

export interface CompactorDeps {
  self: PeerKey
  registry: Registry
  log: BatchLog
  verify: Verify
  /** False while this peer is a newcomer, which does not yet hold what a checkpoint may rest on. */
  isComplete(): boolean
  /** True of an old copy: what a checkpoint rests on members saw another machine with its key hold, and never waited for this one. */
  isOutdated(): boolean
}

export class Compactor {
  readonly #deps: CompactorDeps
  /** Writers of whom a checkpoint waits for something, or is unjust. */
  #waiting: Set<PeerKey> = new Set()
  readonly #seen = new Map<PeerKey, unknown>()
  /** Something that was held is not on the history that a unit stands for, or may not be. */
  #isStale = false
  /** Records of some history went that the unit in their place does not stand for, or members may be others than before. */
  #hasLost = false
  readonly #expelled = new Set<PeerKey>()
  /** Version of the members that were last looked at. */
  #members = 0

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

  /**
   * What a unit makes of the records of its run that are here, or the unit, where these lack what it keeps (unmade.ts): undefined if nothing, or if
   * its checkpoint would have to wait, or be unjust.
   * @param wasPutAside by a rule that weighs more than that of units that records lack: the two would undo each other time and again
   */
  judged(unit: CompactUnit, wasPutAside = false): CompactUnit | undefined {
    const { registry } = this.#deps
    const own = remake(this.#compaction(), unit)
    const made = own ?? (wasPutAside ? undefined : this.#unmade(unit))
    // with a checkpoint that is held, as that
    const isTaken = !own && !this.judges
    return made && (isTaken || registry.checkpoints.mayCollect(unit.writer, made.dropped)) ? made.unit : undefined
  }

  /** Puts a durable unit that was judged in the place of the records that it is made of; false if these are not here any more. */
  adopt(unit: CompactUnit): boolean {
    const { registry } = this.#deps
    const { replace, ...held } = this.#compaction()
    const own = remake(held, unit)
    const made = own ?? this.#unmade(unit)
    if (!made) return false
    const uncovers = registry.checkpoints.uncovers(unit.writer, made.dropped)
    registry.checkpoints.letGo(unit.writer, made.dropped)
    // what is kept comes back where it was not made here
    if (replace(made.unit) || !own || uncovers) registry.restart()
    return true
  }

  /** The log holds something else than what was applied. */
  reread(): void {
    this.#isStale = true
  }

  #unmade(unit: CompactUnit): { unit: CompactUnit; dropped: readonly PlacedLeaf[] } | undefined {
    const dropped = unmade(unit, this.#deps)
    return dropped && { unit, dropped }
  }

  /** False if what is held of the run and not in the unit is needed, as far as can be said here. */
  mayTake(unit: CompactUnit): boolean {
    const { registry, log } = this.#deps
    if (this.#isOfTheOnlyOther(unit) || this.#letsStrangersIn(unit)) return true
    const named = new Set(unit.survivors.map(leaf => leaf.hash))
    const held = log.within(unit.writer, unit.first, unit.last).flatMap(part => leavesOf(openPart(part.bytes)))
    return registry.checkpoints.mayLose(
      unit,
      held.filter(leaf => !named.has(leaf.hash)),
    )
  }

  /**
   * True in a mesh that has never had a third host, but such as were removed and said to be down: nobody else can bring what its writer lets go of,
   * nor can be given what it takes back by that. So an old copy of it, or of this host, stays behind for ever if the unit is not taken (decision 0018).
   */
  #isOfTheOnlyOther({ writer }: CompactUnit): boolean {
    const { registry, log, self, isComplete } = this.#deps
    const isThird = (key: PeerKey) => key !== writer && key !== self
    if (!isComplete() || registry.members().some(({ key }) => isThird(key))) return false
    const gone = [...log.writers()].filter(isThird)
    if (gone.length === 0) return true
    const down = registry.removals().filter(({ outcome, assertedAt }) => outcome === 'effective' && assertedAt)
    return gone.every(key => down.some(({ targets }) => targets.some(target => target.key === key)))
  }

  /**
   * True of a unit that lets somebody in who is not known here. The other members of its mesh may have come in like that, so nobody who judged its
   * checkpoint can bring it; and a hostile writer gains nothing: whom it lets in could bring the unit itself (decision 0018, "Known by the unit alone").
   */
  #letsStrangersIn({ writer, survivors }: CompactUnit): boolean {
    return survivors.some(placed => {
      const leaf = recordOf(writer, placed)?.leaf
      return leaf?.kind === 'admission' && !this.#deps.registry.everMember(leaf.key)
    })
  }

  /**
   * Looks whether what is in the log now lets anything go.
   * @param isWhole false while more of the journal is to come: what lets a writer in may stand behind its records there
   */
  look(isWhole = true): void {
    // also without a loss here: who was let in above the cut of a host that was removed is no member any more
    const members = this.#deps.registry.membersVersion()
    this.#hasLost ||= members !== this.#members
    this.#members = members
    this.#compact()
    while (isWhole && this.#hasLost && this.#expel()) this.#compact()
  }

  /** True of a writer all of whose records went since what let it in is on no history that is left, or above a cut, and who was not let in again. */
  hasExpelled(writer: PeerKey): boolean {
    const { registry, log } = this.#deps
    return this.#expelled.has(writer) && log.tips(writer).length === 0 && !registry.everMember(writer)
  }

  /** False while this peer takes checkpoints for just, since it may not hold what they rest on. */
  get judges(): boolean {
    return this.#deps.isComplete() && !this.#deps.isOutdated()
  }

  #compact(): void {
    const { registry } = this.#deps
    if (this.#isStale) {
      registry.restart()
      this.#hasLost = true
    }
    this.#isStale = false
    // a removal that was decided may have brought some of any writer
    const news = [...registry.checkpoints.byWriter].flatMap(([writer, list]) =>
      list.length > 0 && this.#seen.get(writer) !== list && !this.#isUnwritten(writer) ? [writer] : [],
    )
    const due = new Set([...this.#waiting, ...news].filter(writer => !this.#isUnwritten(writer)))
    if (due.size === 0) return
    this.#waiting = applyCheckpoints(this.#compaction(), due)
    for (const writer of news) this.#seen.set(writer, registry.checkpoints.of(writer))
  }

  /**
   * True while a checkpoint of this peer's own is on its way to the disk. What it makes would be shown to others before it, and stay with them when
   * this peer dies now and never has written it (R2).
   */
  #isUnwritten(writer: PeerKey): boolean {
    const { self, registry, log } = this.#deps
    if (writer !== self) return false
    return registry.checkpoints.of(self).some(({ dot }) => dot.counter > log.head(self).counter)
  }

  /**
   * Whoever was let in by records that went or do not count is no member any more, and peers that never held these take none of its own: they
   * go here too. Says whether there were any.
   */
  #expel(): boolean {
    const { registry, log, self } = this.#deps
    this.#hasLost = false
    const strangers = log.writers().filter(writer => writer !== self && !registry.mayWrite(writer))
    for (const writer of strangers) {
      log.remove(writer)
      this.#expelled.add(writer)
    }
    if (strangers.length === 0) return false
    registry.restart()
    this.#hasLost = true // these may have let others in
    return true
  }

  #compaction() {
    const { registry, log, verify } = this.#deps
    const overlapping = (writer: PeerKey, first: number, last: number) =>
      log.overlapping(writer, first, last).map(units => units.map(heldPart))
    const replace = (unit: CompactUnit) => {
      const hasLost = log.replace(unitOf(unit))
      this.#hasLost ||= hasLost
      return hasLost
    }
    return { registry, verify, overlapping, replace, judges: this.judges }
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
