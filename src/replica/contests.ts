/**
 * Compact units that others contradict. With equal heads nobody asks for anything, and still one may hold what a writer said of a run in the stead of
 * what it was. So members show each other what they have in the place of a unit that they do not take: the better founded chain takes the other's
 * place (grounds.ts). What can be made of their records, and they hold for unjust, who joined later cannot judge: then so many of them count (decision 0031).
 */
import type { Verify } from '../crdt/batch.ts'
import { recordOf } from '../crdt/checkpoint.ts'
import { isSignedPart, leavesOf, openPart, type Part } from '../crdt/compact-unit.ts'
import type { CheckpointLeaf } from '../crdt/leaves.ts'
import type { LeafRecord } from '../crdt/live-set.ts'
import type { Registry } from '../crdt/registry.ts'
import { sha256Hex, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { BatchLog } from './batch-log.ts'
import type { Compactor } from './compactor.ts'
import { differing, isLinked, type Verdict, weigh } from './grounds.ts'
import { type Unit, unitOf } from './unit.ts'

/** Of a chain that a member shows, bytes: an honest unit's run fits into one message. */
const maxChainBytes = 8 * 1024 * 1024
/** Members that show something at a time: what others began is forgotten. */
const maxShowing = 8
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
  readonly #open = new Map<PeerKey, Part[]>()
  /** Runs to show to a member, as text; undefined once they were. */
  readonly #owed = new Map<PeerKey, Map<string, readonly Unit[] | undefined>>()
  /** Who holds a unit, by its signature, for unjust. */
  readonly #against = new Map<string, Set<PeerKey>>()
  readonly #late = new Set<string>()
  readonly #contradicted = new Map<PeerKey, Contradicted>()
  /** While the journal may have what the log has not yet. */
  isBusy = false

  constructor(deps: ContestsDeps) {
    this.#deps = deps
  }

  /** It may have forgotten what it was shown. */
  connected(peer: PeerKey): void {
    this.#open.delete(peer)
    this.#owed.delete(peer)
  }

  /** Since this peer was started, the first first. */
  contradicted(): readonly Contradicted[] {
    return [...this.#contradicted.values()]
  }

  /** A unit was taken of a run that was not held whole, by a peer that holds all that may be let go of: no honest writer does that. */
  cameLate(unit: Part): void {
    if (this.#late.size >= maxUnits) this.#late.clear()
    this.#late.add(nameOf(unit))
  }

  /** What the member is to be shown; it is taken for shown. */
  owedTo(peer: PeerKey): Unit[] {
    const owed = this.#owed.get(peer) ?? new Map()
    const units = [...owed.values()].flatMap(list => list ?? [])
    for (const run of owed.keys()) owed.set(run, undefined)
    return units
  }

  /** True if there is something to show to the member. */
  owes(peer: PeerKey): boolean {
    return [...(this.#owed.get(peer)?.values() ?? [])].some(list => list !== undefined)
  }

  /** Weighs what a member shows, neighbouring parts behind each other. Rejects only when the journal does. */
  async take(from: PeerKey, parts: readonly Part[]): Promise<void> {
    for (const part of parts) {
      const open = this.#open.get(from) ?? []
      const goesOn = open.length > 0 && open.at(-1)?.writer === part.writer && isLinked([...open.slice(-1), part])
      if (open.length > 0 && !goesOn) await this.#meet(from, open)
      this.#open.delete(from)
      this.#open.set(from, goesOn ? bounded([...open, part]) : [part])
    }
    for (const oldest of this.#open.keys()) if (this.#open.size > maxShowing) this.#open.delete(oldest)
    const last = this.#open.get(from)
    if (last) await this.#meet(from, last)
  }

  async #meet(from: PeerKey, chain: readonly Part[]): Promise<void> {
    const { self, log, clock, logger, journal, compactor, applied } = this.#deps
    const writer = chain[0]?.writer ?? ''
    const found = writer === self ? undefined : this.#differing(writer, chain)
    if (!found) return
    const { theirs, mine, held } = found
    const verdict = this.#verdict(writer, theirs, mine)
    const isTheirs = (verdict === 'theirs' || verdict === 'doubt') && this.#isSound(writer, theirs)
    if (verdict === 'same') return
    if (!isTheirs && (verdict !== 'made' || compactor.judges)) this.#owe(from, held)
    if (!isTheirs || (verdict === 'doubt' && !this.#isUnjust(from, mine))) return
    logger.error({ writer, from, first: mine[0]?.first }, 'a writer said something else of its records than it wrote')
    if (!this.#contradicted.has(writer) && this.#contradicted.size < maxTold) {
      this.#contradicted.set(writer, { writer, by: from, sinceMs: clock.now() })
    }
    const names = new Set(mine.map(nameOf))
    const gone = new Set(held.filter(unit => names.has(nameOf(openPart(unit.bytes)))))
    const units = log.exchanged(writer, gone, theirs.map(unitOf))
    this.isBusy = true
    try {
      await journal(writer, units)
      log.restate(writer, units)
      compactor.reread()
      if (compactor.judges) for (const part of theirs) if ('survivors' in part) this.cameLate(part)
      applied(theirs)
    } finally {
      this.isBusy = false
    }
  }

  /** The parts in which what is held differs; undefined if it does not, or is not as long. */
  #differing(writer: PeerKey, chain: readonly Part[]) {
    const { log } = this.#deps
    const [start, end] = [chain[0], chain.at(-1)]
    if (!start || !end) return undefined
    const path = log.overlapping(writer, start.first, end.last).find(units => units.at(-1)?.hash === end.hash)
    if (path?.at(-1)?.last !== end.last) return undefined
    const { theirs, mine } = differing(
      chain,
      path.map(unit => openPart(unit.bytes)),
    )
    if (theirs.length === 0 || mine.length === 0) return undefined
    return { theirs, mine, held: path }
  }

  /** True if it follows on what is held, and is all signed by its writer. */
  #isSound(writer: PeerKey, parts: readonly Part[]): boolean {
    const { log, verify } = this.#deps
    const [first] = parts
    if (!first) return false
    const isPlaced = first.first === 1 || log.mayHold(writer, { counter: first.first - 1, hash: first.previous })
    return isPlaced && parts.every(each => isSignedPart(each, verify))
  }

  #verdict(writer: PeerKey, theirs: readonly Part[], mine: readonly Part[]): Verdict {
    const { registry, verify } = this.#deps
    const checkpoints = [...registry.checkpoints.of(writer), ...checkpointsIn(theirs)]
    return weigh(theirs, mine, { checkpoints, verify })
  }

  #owe(peer: PeerKey, held: readonly Unit[]): void {
    const owed = this.#owed.get(peer) ?? new Map<string, readonly Unit[] | undefined>()
    this.#owed.set(peer, owed)
    const name = sha256Hex(Buffer.concat(held.map(({ bytes }) => openPart(bytes).signature)))
    if (!owed.has(name) && owed.size < maxUnits) owed.set(name, held)
  }

  /** True if this peer should have had the records, or most of the others hold what is held here for unjust. */
  #isUnjust(from: PeerKey, mine: readonly Part[]): boolean {
    const { registry, self } = this.#deps
    const names = mine.filter(part => 'survivors' in part).map(nameOf)
    if (names.some(name => this.#late.has(name))) return true
    const others = registry.members().filter(({ key }) => key !== self)
    return names.some(name => {
      const against = this.#against.get(name) ?? new Set()
      if (this.#against.size >= maxUnits) this.#against.clear()
      this.#against.set(name, against.add(from))
      return 2 * others.filter(({ key }) => against.has(key)).length > others.length
    })
  }
}

function nameOf({ signature }: Part): string {
  return toHex(signature)
}

function bounded(chain: Part[]): Part[] {
  let size = 0
  const start = chain.findLastIndex(({ bytes }) => {
    size += bytes.length
    return size > maxChainBytes
  })
  return chain.slice(start + 1)
}

function checkpointsIn(parts: readonly Part[]): LeafRecord<CheckpointLeaf>[] {
  return parts.flatMap(part =>
    leavesOf(part).flatMap(placed => {
      const record = recordOf(part.writer, placed)
      return record?.leaf.kind === 'checkpoint' ? [record as LeafRecord<CheckpointLeaf>] : []
    }),
  )
}
