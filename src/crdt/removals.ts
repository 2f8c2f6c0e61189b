/**
 * What removals do to everything else, on one peer: the limits of writers, who has whose addresses, and what to show (R9).
 * The limit of a writer that is gone is its cut, everywhere. While a removal is undecided, whoever acknowledged or started
 * it gives no effect to the target's records above the counter that it named itself.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { CustodyRules } from './custody.ts'
import { mootOf } from './moot.ts'
import type { Removal } from './registry-view.ts'
import { type Gone, type Outcomes, outcomesOf } from './removal-outcome.ts'
import { cutOf, type Process, type RemovalTable } from './removal-table.ts'
import type { Departures } from './sure.ts'
import { type InEffect, untoldOf } from './told.ts'
import { type Dot, dotText } from './vector.ts'

/** What this peer was told of removals when it was settled. */
interface Told {
  readonly isHeld: boolean
  /** By dot, as text: those that are undecided. They bind it as if it had acknowledged them (R4). */
  readonly open: ReadonlySet<string>
  /** The targets of these. */
  readonly doubtful: ReadonlySet<PeerKey>
}

const none: Outcomes = { of: new Map(), gone: new Map(), waitsFor: new Set() }

export interface RemovalContext {
  readonly self: PeerKey | undefined
  /** Last counter that is held of a writer; 0 for none. */
  held(writer: PeerKey): number
  /** Hashes of the lists that settled this peer. */
  settledBy(): readonly string[]
  /** True if some admission of this key is in effect; at this dot, if one is given. */
  isAdmitted(key: PeerKey, dot?: Dot): boolean
}

export class Removals implements CustodyRules {
  readonly self: PeerKey | undefined
  readonly #table: RemovalTable
  readonly #context: RemovalContext
  #outcomes = none
  #fences: ReadonlyMap<PeerKey, number> = new Map()
  #voters: ReadonlySet<PeerKey> = new Set()
  #stillOpen: ReadonlyMap<string, Process> | undefined
  #told: Told | undefined
  #version = 0
  #goneBefore = none.gone
  #departures = 0

  constructor(table: RemovalTable, context: RemovalContext) {
    this.#table = table
    this.#context = context
    this.self = context.self
  }

  get version(): number {
    return this.#version
  }

  get gone(): ReadonlyMap<PeerKey, Gone> {
    return this.#outcomes.gone
  }

  /** Another number whenever others are gone, or said to be down, than when this was asked last: not at each step of a removal. */
  departures(): number {
    if (this.gone !== this.#goneBefore && !isSameGone(this.gone, this.#goneBefore)) this.#departures++
    this.#goneBefore = this.gone
    return this.#departures
  }

  /** True if further records of this writer may decide a removal. */
  isAwaited(writer: PeerKey): boolean {
    return this.#outcomes.waitsFor.has(writer)
  }

  /** Decides anew on what is held. */
  decide(): void {
    this.#version++
    this.forget()
    this.#fences = new Map()
    this.#voters = new Set()
    this.#stillOpen = undefined
    this.#outcomes = none
    if (this.#table.isEmpty) return
    // as in test/model/view.ts: a promise hides declarations too, and what is declared says which promises still bind
    for (let left = this.#table.processes().size + 1; left > 0; left--) {
      this.#table.heedUpTo(this.#fences)
      this.#outcomes = outcomesOf(this.#table, writer => this.#context.held(writer))
      const fences = this.#fencesNow()
      if (isSame(fences, this.#fences)) break
      this.#fences = fences
    }
    this.#voters = new Set(this.#binding().flatMap(process => this.#table.votersOf(process)))
  }

  /**
   * True for who has to acknowledge a removal that binds this peer, or did: perhaps somebody whom a target let in, above what this peer gives effect to.
   * That one is no member here until the removal is decided, and what decides it are records of its own.
   */
  isVoter(key: PeerKey): boolean {
    return this.#voters.has(key)
  }

  /** Membership changed: what settled this peer may have. */
  forget(): void {
    this.#told = undefined
  }

  /** True for who is gone from the lists; on its own host its containers stay where they are. */
  hides(owner: PeerKey): boolean {
    return owner !== this.self && this.gone.has(owner)
  }

  limit(writer: PeerKey): number | undefined {
    if (writer === this.self) return undefined // nothing hides a peer's own records from itself
    return this.gone.get(writer)?.cut ?? this.#fences.get(writer)
  }

  heirs(owner: PeerKey): readonly PeerKey[] {
    const found: PeerKey[] = []
    for (let gone = this.gone.get(owner); gone?.asserted; gone = this.gone.get(gone.heir)) {
      if (found.includes(gone.heir)) break
      found.push(gone.heir)
    }
    return found
  }

  successor(owner: PeerKey): { owner: PeerKey; quarantined: boolean } {
    if (this.gone.size === 0) return { owner, quarantined: false }
    let holder = owner
    let quarantined = false
    for (const heir of this.heirs(owner)) {
      // an heir that has not seen all that its predecessor gave away might give it once more
      quarantined ||= this.#context.held(holder) < (this.gone.get(holder)?.cut ?? 0)
      holder = heir
    }
    return { owner: holder, quarantined: quarantined || this.gone.has(holder) }
  }

  get mayOwn(): boolean {
    return this.#adopted().isHeld
  }

  /** Who wrote what this list names and is not decided here (told.ts), or is to acknowledge it; nobody while the list itself is not held. */
  untold(hash: string): PeerKey[] {
    const list = this.#table.list(hash)
    if (!list) return []
    const { admissions, removals } = untoldOf(list, this.#inEffect)
    return [...new Set([...[...admissions, ...removals].map(({ writer }) => writer), ...this.#missingFrom(removals)])]
  }

  /** Who has still to acknowledge these. */
  #missingFrom(removals: readonly Dot[]): PeerKey[] {
    const held = removals.flatMap(dot => this.#table.processes().get(dotText(dot)) ?? [])
    return held.flatMap(process => this.#table.tally(process)?.missing ?? [])
  }

  /** Who is gone, or may be. */
  leaving(): Departures {
    const open = [...this.#open().values()].flatMap(({ record }) => record.leaf.targets)
    const { gone } = this
    return { open, isGone: key => gone.has(key) }
  }

  get hasDoubts(): boolean {
    return this.#adopted().doubtful.size > 0
  }

  isDoubtful(giver: PeerKey): boolean {
    return this.#adopted().doubtful.has(giver)
  }

  /** All removals, ascending by dot. */
  list(): Removal[] {
    return [...this.#table.processes().values()].map(process => this.#show(process))
  }

  #show(process: Process): Removal {
    const { record, end, acks, isLifted, assertedAt } = process
    const outcome = this.#outcomes.of.get(dotText(record.dot)) ?? 'undecided'
    const tally = outcome === 'undecided' ? this.#table.tally(process) : undefined
    const isComplete = tally?.isMajority === true && tally.missing.length === 0
    const isTold = this.#adopted().open.has(dotText(record.dot))
    return {
      dot: record.dot,
      since: record.hlc,
      starter: record.dot.writer,
      assertion: record.leaf.assertion,
      targets: record.leaf.targets,
      outcome,
      ...(assertedAt ? { assertedAt } : {}),
      ...(end ? { end: end.dot } : {}),
      ackedBy: acks.map(ack => ack.dot.writer),
      ...(isTold ? { isTold } : {}),
      ...(outcome === 'undecided' && isLifted ? { isLifted } : {}),
      ...(outcome === 'undecided' && !this.#open().has(dotText(record.dot)) ? { isMoot: true as const } : {}),
      ...(outcome === 'undecided' && this.#isUnproven(process) ? { isUnproven: true as const } : {}),
      waitingFor: tally?.missing ?? [],
      isMajority: tally?.isMajority ?? false,
      ...(outcome === 'effective' ? { cut: end?.leaf.cut ?? [] } : {}),
      ...(outcome === 'undecided' && !tally && this.#table.isBehind(process) ? { isBehind: true } : {}),
      ...(isComplete ? { complete: { acks: acks.map(ack => ack.dot), cut: cutOf(process, acks) } } : {}),
    }
  }

  #isUnproven(process: Process): boolean {
    return process.end?.leaf.effective === true && !this.#table.lacksProof(process, this.#context.held)
  }

  #undecided(): Process[] {
    return [...this.#table.processes()].flatMap(([name, process]) =>
      this.#outcomes.of.get(name) === 'undecided' ? [process] : [],
    )
  }

  /** Undecided ones that may become effective yet, by dot. */
  #open(): ReadonlyMap<string, Process> {
    if (this.#stillOpen) return this.#stillOpen
    const seen = (writer: PeerKey) => Math.min(this.#context.held(writer), this.#fences.get(writer) ?? Infinity)
    const moot = mootOf(this.#table.processes(), this.#outcomes, seen)
    const open = this.#undecided().filter(({ record }) => !moot.has(dotText(record.dot)))
    this.#stillOpen = new Map(open.map(process => [dotText(process.record.dot), process]))
    return this.#stillOpen
  }

  /** Undecided ones that this peer started or acknowledged; not those that were taken back, though above a cut, where that counts for nothing. */
  #binding(): Process[] {
    return this.#undecided().filter(({ record, acks, isLifted }) => {
      if (isLifted) return false
      return record.dot.writer === this.self || acks.some(ack => ack.dot.writer === this.self)
    })
  }

  #fencesNow(): Map<PeerKey, number> {
    const fences = new Map<PeerKey, number>()
    for (const { record, acks, targets } of this.#binding()) {
      const own = acks.find(ack => ack.dot.writer === this.self)
      targets.forEach((key, i) => {
        const counter = own ? (own.leaf.counters[i] ?? 0) : (record.leaf.targets[i]?.counter ?? 0)
        fences.set(key, Math.min(counter, fences.get(key) ?? counter))
      })
    }
    return fences
  }

  #adopted(): Told {
    this.#told ??= this.#read(this.#context.settledBy())
    return this.#told
  }

  #read(lists: readonly string[]): Told {
    const open = new Set<string>()
    const doubtful = new Set<PeerKey>()
    let isHeld = true
    for (const list of lists.map(hash => this.#table.list(hash))) {
      if (!list || untoldOf(list, this.#inEffect).removals.length > 0) isHeld = false
      for (const name of list?.removals.map(dotText) ?? []) {
        const process = this.#open().get(name)
        if (!process) continue
        open.add(name)
        for (const key of process.targets) doubtful.add(key)
      }
    }
    return { isHeld, open, doubtful }
  }

  get #inEffect(): InEffect {
    const open = this.#open()
    return {
      founder: this.#table.founder,
      isAdmitted: (key, dot) => this.#context.isAdmitted(key, dot),
      isDecided: removal => this.#table.processes().has(dotText(removal)) && !open.has(dotText(removal)),
      cut: writer => this.gone.get(writer)?.cut,
    }
  }
}

function isSame(a: ReadonlyMap<PeerKey, number>, b: ReadonlyMap<PeerKey, number>): boolean {
  return a.size === b.size && [...a].every(([key, counter]) => b.get(key) === counter)
}

function isSameGone(a: ReadonlyMap<PeerKey, Gone>, b: ReadonlyMap<PeerKey, Gone>): boolean {
  return a.size === b.size && [...a].every(([key, { asserted }]) => b.get(key)?.asserted === asserted)
}
