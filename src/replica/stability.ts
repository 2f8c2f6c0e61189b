/**
 * The stable vector (I3, H13): every member was seen to cover it, and later to cover the join of what all were then seen to
 * hold. So nobody can bring anything any more that was written without knowing it. Pure: what is seen is told to it.
 */
import type { PeerKey } from '../lib/keys.ts'

/** Counter per writer that somebody holds everything up to. */
export type Counters = ReadonlyMap<PeerKey, number>

/** In a round every member is seen once, at whatever moment; the end of one round is the beginning of the next. */
interface Round {
  /** All that any member was seen to hold in the round before: who does not cover it is seen again later. */
  readonly wanted: Counters
  /** What every member was seen to cover in the round before: stable at the end of this one. */
  readonly candidate: Counters
  readonly seen: Set<PeerKey>
  covered: Counters | undefined
  readonly join: Map<PeerKey, number>
}

export class Stability {
  #members = ''
  #round = newRound()
  readonly #stable = new Map<PeerKey, number>()

  /** True if it is not known yet in this round what the member holds. */
  awaits(member: PeerKey): boolean {
    return !this.#round.seen.has(member)
  }

  /** A member showed what it holds, durably. */
  saw(member: PeerKey, counters: Counters): void {
    const { wanted, seen, join } = this.#round
    if (seen.has(member) || !covers(counters, wanted)) return
    seen.add(member)
    this.#round.covered = meet(this.#round.covered ?? counters, counters)
    raise(join, counters)
  }

  /**
   * To be called after what was seen was told. `members`: all who may write or hold records, settled and pending, this peer
   * too, as it knows them now: one that is new may have written without knowing anything, and begins it all again.
   */
  advance(members: readonly PeerKey[]): void {
    const asked = [...members].sort().join()
    if (asked !== this.#members) {
      this.#members = asked
      this.#round = newRound()
      return
    }
    const { seen, candidate, covered = new Map(), join } = this.#round
    if (!members.every(key => seen.has(key))) return
    raise(this.#stable, candidate)
    this.#round = newRound(join, covered)
  }

  /** Of the writer in the stable vector; 0 for none. */
  counter(writer: PeerKey): number {
    return this.#stable.get(writer) ?? 0
  }

  /** True if the dot is in the stable vector. */
  covers(writer: PeerKey, counter: number): boolean {
    return counter <= this.counter(writer)
  }

  /** Members that the round waits for: not seen yet, or not with all that was seen in the round before. */
  waitingFor(members: readonly PeerKey[]): PeerKey[] {
    return members.filter(key => this.awaits(key))
  }
}

function newRound(wanted: Counters = new Map(), candidate: Counters = new Map()): Round {
  return { wanted, candidate, seen: new Set(), covered: undefined, join: new Map() }
}

function covers(counters: Counters, wanted: Counters): boolean {
  return [...wanted].every(([writer, counter]) => (counters.get(writer) ?? 0) >= counter)
}

function meet(a: Counters, b: Counters): Counters {
  const least = [...a].map(([writer, counter]) => [writer, Math.min(counter, b.get(writer) ?? 0)] as const)
  return new Map(least.filter(([, counter]) => counter > 0))
}

function raise(target: Map<PeerKey, number>, counters: Counters): void {
  for (const [writer, counter] of counters) target.set(writer, Math.max(counter, target.get(writer) ?? 0))
}
