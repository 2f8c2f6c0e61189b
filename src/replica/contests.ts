/**
 * Compact units that others contradict. With equal heads nobody asks for anything, and still one may hold what a writer said of a run in the stead of
 * what it was. So members show each other what they have in the place of a unit that they do not take: the better founded chain takes the other's
 * place (grounds.ts). What can be made of their records, and they hold for unjust, who joined later cannot judge: then so many of them count (decision 0031).
 */
import type { Verify } from '../crdt/batch.ts'
import { isSignedPart, leavesOf, openPart, type Part } from '../crdt/compact-unit.ts'
import type { Registry } from '../crdt/registry.ts'
import type { Clock } from '../lib/clock.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { BatchLog } from './batch-log.ts'
import { areBatches, checkpointsIn, contradict, isCut, isShorter, nameOf, nameOfEnd } from './chains.ts'
import type { Compactor } from './compactor.ts'
import { differing, type Grounds, groundOf, isLinked, weigh } from './grounds.ts'
import { Owed } from './owed.ts'
import { type Unit, unitOf } from './unit.ts'

/** Of a chain that a member shows, and of all that one is shown, bytes: an honest unit's run fits into one message. */
export const maxChainBytes = 4 * 1024 * 1024
/** Members that show something at a time: what others began is forgotten. */
const maxShowing = 16
/** Chains of one message that are weighed. */
const maxMet = 64
/** So often what is held of one writer is put together anew: each time costs that the state is built again. */
const maxRestated = 64
/** Writers of whom it is told that they were contradicted. */
const maxTold = 64
/** Units of whom it is known who holds them for unjust, or that came late. */
const maxUnits = 256

export interface ContestsDeps {
  self: PeerKey
  registry: Pick<Registry, 'checkpoints' | 'members'>
  log: BatchLog
  compactor: Pick<Compactor, 'reread' | 'judges'>
  verify: Verify
  /** Makes durable that these are all that is held of the writer. */
  journal(writer: PeerKey, units: readonly Unit[]): Promise<void>
  applied(parts: readonly Part[]): void
  clock: Pick<Clock, 'now'>
  logger: Logger
}

/** Neighbouring parts, and their bytes. */
interface Chain {
  readonly parts: Part[]
  size: number
}

/** Part of a writer's chain, by counters. */
export interface Stretch {
  readonly writer: PeerKey
  readonly first: number
  readonly last: number
}

/** A writer that said something else of its records to this peer than it wrote. */
export interface Contradicted {
  readonly writer: PeerKey
  /** Who showed that first. */
  readonly by: PeerKey
  /** Wall clock, ms. */
  readonly sinceMs: number
}

export class Contests {
  readonly #deps: ContestsDeps
  /** What each member is showing, until that is whole. */
  readonly #open = new Map<PeerKey, Chain>()
  readonly #owed = new Owed(maxChainBytes)
  /** How often what is held of a writer was put together anew. */
  readonly #restated = new Map<PeerKey, number>()
  readonly #settled: Stretch[] = []
  /** Who holds a unit, by its signature, for unjust. */
  readonly #against = new Map<string, Set<PeerKey>>()
  /** Units that their writer gave to this peer, which lacked what they are of. */
  readonly #late = new Set<string>()
  /** Units for whose sake this peer let go of what it held. */
  readonly #judged = new Set<string>()
  /** Units that something else took the place of. */
  readonly #aside = new Set<string>()
  readonly #contradicted = new Map<PeerKey, Contradicted>()
  /** While the journal may have what the log has not yet. */
  isBusy = false

  constructor(deps: ContestsDeps) {
    this.#deps = deps
  }

  /** It may have forgotten what it was shown. */
  connected(peer: PeerKey): void {
    this.#open.delete(peer)
    this.#owed.forget(peer)
  }

  /** Since this peer was started, the first first. */
  contradicted(): readonly Contradicted[] {
    return [...this.#contradicted.values()]
  }

  /** What took the place of a unit here since this peer was started: others may hold that still. */
  settled(): readonly Stretch[] {
    return this.#settled
  }

  /** A complete peer was given a unit of a run that it did not hold whole by its writer: no honest one lets go of what a member lacks. */
  cameLate(unit: Part): void {
    const { writer } = unit
    // of a copy's history, or where something was put aside here, it may be an honest one's all the same
    if (this.#deps.log.isForked(writer) || this.#restated.has(writer)) return
    remember(this.#late, unit)
  }

  /** This peer held what the unit is of, and judged that the rest of it may go. */
  adopted(unit: Part): void {
    remember(this.#judged, unit)
  }

  /** True if something else took the unit's place here since this peer was started. */
  wasPutAside(unit: Part): boolean {
    return this.#aside.has(nameOf(unit))
  }

  /** What the member is to be shown; it is taken for shown. */
  owedTo(peer: PeerKey): readonly Unit[] {
    return this.#owed.take(peer)
  }

  /** True if there is something to show to the member. */
  owes(peer: PeerKey): boolean {
    return this.#owed.has(peer)
  }

  /** Weighs what a member shows, neighbouring parts behind each other. Rejects only when the journal does. */
  async take(from: PeerKey, parts: readonly Part[]): Promise<void> {
    const { self, log, verify } = this.#deps
    // looked at first: what nobody signed does not cost that anything is opened
    const signed = parts.filter(part => part.writer !== self && isSignedPart(part, verify))
    const chains: Chain[] = []
    let open = this.#open.get(from) ?? { parts: [], size: 0 }
    for (const part of signed) {
      const before = open.parts.at(-1)
      const goesOn = before?.writer === part.writer && isLinked([before, part])
      // what goes on behind a chain that is too long follows on nothing
      if (!goesOn || open.size > maxChainBytes) open = { parts: [], size: 0 }
      if (!chains.includes(open)) chains.push(open)
      open.parts.push(part)
      open.size += part.bytes.length
    }
    this.#open.delete(from)
    if (open.parts.length > 0) this.#open.set(from, open)
    for (const oldest of this.#open.keys()) if (this.#open.size > maxShowing) this.#open.delete(oldest)
    const isMet = ({ parts: all }: Chain) => {
      const end = all.at(-1)
      return end !== undefined && log.holds(end.writer, { counter: end.last, hash: end.hash })
    }
    for (const chain of chains.filter(isMet).slice(-maxMet)) await this.#meet(from, [...chain.parts])
  }

  async #meet(from: PeerKey, chain: readonly Part[]): Promise<void> {
    const { compactor } = this.#deps
    const writer = chain[0]?.writer ?? ''
    const found = this.#differing(writer, chain)
    if (!found) return
    const { theirs, mine, held } = found
    // of a unit that begins before them nothing can be said by these
    if (theirs[0]?.first !== mine[0]?.first) return this.#owed.add(from, held)
    const verdict = weigh(theirs, mine, this.#grounds(writer, theirs))
    if (verdict === 'same') return
    if (verdict === 'theirs' || (verdict === 'doubt' && !mine.some(part => this.#judged.has(nameOf(part))))) {
      const isLate = this.#isLate(mine)
      const isProved =
        isLate || (verdict === 'theirs' && isLinked(mine) && (areBatches(theirs) || contradict(theirs, mine)))
      const units = this.#exchanged({ writer, held, mine, theirs, isProved })
      if (units) {
        const isTaken = verdict === 'theirs' || isLate || this.#isUnjust(from, mine)
        if (isTaken) await this.#restate({ writer, from, isLie: isProved, units, theirs, mine })
        return
      }
    }
    if (verdict !== 'made' || compactor.judges) this.#owed.add(from, held)
  }

  /** What would be held with theirs; undefined if they follow on nothing that stays, or something else were lost than units. */
  #exchanged(found: {
    writer: PeerKey
    held: readonly Unit[]
    mine: readonly Part[]
    theirs: readonly Part[]
    isProved: boolean
  }): readonly Unit[] | undefined {
    const { log } = this.#deps
    const { writer, held, mine, theirs, isProved } = found
    const shown = new Set(theirs.map(nameOf))
    // a batch is what its writer wrote: it goes by a checkpoint alone, which is judged
    const lost = mine.filter(part => !('survivors' in part) && !shown.has(nameOf(part)))
    if (lost.length > 0 && !this.#mayLose(lost, theirs)) return undefined
    const names = new Set(mine.map(nameOf))
    const gone = new Set(held.filter(unit => names.has(nameOf(openPart(unit.bytes)))))
    const [first, own] = [theirs[0], mine[0]]
    const before = first && log.within(writer, first.first - 1, first.first - 1).filter(unit => !gone.has(unit))
    const isPlaced =
      first?.first === 1 ||
      first?.previous === own?.previous ||
      before?.some(unit => unit.last + 1 === first?.first && unit.hash === first.previous)
    const units = isPlaced ? log.exchanged(writer, gone, theirs.map(unitOf)) : undefined
    // what hangs on a unit that is proved to be a lie goes with it
    if (isProved && areBatches(theirs)) return units
    const ends = new Set(units?.map(nameOfEnd))
    const tips = log.tips(writer).map(({ counter, hash }) => nameOfEnd({ last: counter, hash }))
    if (!tips.every(tip => ends.has(tip))) return undefined
    // of a writer with several histories units win over others by a rule of their own (unmade.ts), but where it is shown that one is none
    if (tips.length < 2 || areBatches(theirs) || isProved) return units
    const inner = new Set(theirs.slice(0, -1).map(nameOfEnd))
    return tips.some(tip => inner.has(tip)) && !isShorter(theirs, mine) ? units : undefined
  }

  /** True if each of these batches lies in the run of a unit that a checkpoint makes, which says the same of it and lets go of what it may. */
  #mayLose(lost: readonly Part[], theirs: readonly Part[]): boolean {
    const { registry } = this.#deps
    const writer = theirs[0]?.writer ?? ''
    const grounds = this.#grounds(writer, theirs)
    const units = theirs.filter(part => 'survivors' in part)
    const made = units.filter(unit => Number.isFinite(groundOf(unit, grounds)))
    const kept = new Map(made.flatMap(leavesOf).map(({ counter, hash }) => [counter, hash]))
    if (!lost.every(batch => made.some(({ first, last }) => first <= batch.first && batch.last <= last))) return false
    const leaves = lost.flatMap(leavesOf)
    if (leaves.some(({ counter, hash }) => (kept.get(counter) ?? hash) !== hash)) return false
    return registry.checkpoints.mayCollect(
      writer,
      leaves.filter(({ counter }) => !kept.has(counter)),
    )
  }

  async #restate(found: {
    writer: PeerKey
    from: PeerKey
    isLie: boolean
    units: readonly Unit[]
    theirs: readonly Part[]
    mine: readonly Part[]
  }): Promise<void> {
    const { log, clock, logger, journal, compactor, applied } = this.#deps
    const { writer, from, isLie, units, theirs, mine } = found
    const times = this.#restated.get(writer) ?? 0
    if (times >= maxRestated) return
    this.#restated.set(writer, times + 1)
    if (isLie) {
      logger.error({ writer, from }, 'a writer said something else of its records than it wrote')
      const { size } = this.#contradicted
      if (!this.#contradicted.has(writer) && size < maxTold) {
        this.#contradicted.set(writer, { writer, by: from, sinceMs: clock.now() })
      }
    } else
      logger.warn({ writer, from }, 'what others hold takes the place of what a writer says is left of its records')
    this.#settled.push({ writer, first: theirs[0]?.first ?? 0, last: theirs.at(-1)?.last ?? 0 })
    if (this.#settled.length > maxUnits) this.#settled.shift()
    this.isBusy = true
    try {
      await journal(writer, units)
      log.restate(writer, units)
      compactor.reread()
      const taken = new Set(theirs.map(nameOf))
      for (const part of mine) if ('survivors' in part && !taken.has(nameOf(part))) remember(this.#aside, part)
      applied(theirs)
    } finally {
      this.isBusy = false
    }
  }

  /** The parts in which what is held differs; undefined if it does not, or is not as long, or passes through another history's unit. */
  #differing(writer: PeerKey, chain: readonly Part[]) {
    const { log } = this.#deps
    const [start, end] = [chain[0], chain.at(-1)]
    if (!start || !end) return undefined
    const path = log.overlapping(writer, start.first, end.last).find(units => units.at(-1)?.hash === end.hash)
    if (path?.at(-1)?.last !== end.last) return undefined
    const opened = path.map(unit => openPart(unit.bytes))
    // what follows on something else than is held there is of another history
    if (opened.some((part, i) => isCut(opened[i - 1], part))) return undefined
    // parts that overlap do not hang together, and say something else of what follows on what is the same
    const { theirs, mine } = isLinked(opened) ? differing(chain, opened) : { theirs: chain, mine: opened }
    if (theirs.length === 0 || mine.length === 0) return undefined
    return { theirs, mine, held: path }
  }

  #grounds(writer: PeerKey, theirs: readonly Part[]): Grounds {
    const { registry, verify } = this.#deps
    return { checkpoints: [...registry.checkpoints.of(writer), ...checkpointsIn(theirs)], verify }
  }

  #isLate(mine: readonly Part[]): boolean {
    return mine.some(part => this.#late.has(nameOf(part)))
  }

  /** True if most others hold what is held here for unjust. */
  #isUnjust(from: PeerKey, mine: readonly Part[]): boolean {
    const { registry, self } = this.#deps
    const others = registry.members().filter(({ key }) => key !== self)
    const names = mine.filter(part => 'survivors' in part).map(nameOf)
    return names.some(name => {
      const against = this.#against.get(name) ?? new Set()
      this.#against.delete(name)
      this.#against.set(name, against.add(from))
      for (const oldest of this.#against.keys()) if (this.#against.size > maxUnits) this.#against.delete(oldest)
      const { length } = others.filter(({ key }) => against.has(key))
      // of two who say different things nobody knows which one is right
      return length > 1 && 2 * length > others.length
    })
  }
}

function remember(names: Set<string>, unit: Part): void {
  names.add(nameOf(unit))
  for (const oldest of names) if (names.size > maxUnits) names.delete(oldest)
}
