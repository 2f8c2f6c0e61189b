/**
 * The stable vector (I3, H13): every member was seen to cover it, and later to cover the join of what all were then seen to
 * hold. So nobody can bring anything any more that was written without knowing it. Pure: what is seen is told to it.
 */
import type { PeerKey } from '../lib/keys.ts'

/** Counter per writer that somebody holds everything up to. */
export type Counters = ReadonlyMap<PeerKey, number>

interface Round {
  /** Who had to be asked. */
  members: string
  /** What every member was seen to cover when the round began. */
  covered: Counters
  /** All that any of them was seen to hold then. */
  join: Counters
}

export class Stability {
  readonly #seen = new Map<PeerKey, Counters>()
  #round: Round | undefined
  #stable: Counters = new Map()

  /** A member showed what it holds, durably. A later sight counts, also where it shows less. */
  saw(member: PeerKey, counters: Counters): void {
    this.#seen.set(member, counters)
  }

  /**
   * Takes what was seen into account. `members`: all who may write or hold records, settled and pending, this peer too, as
   * it knows them now. Says whether the stable vector moved on.
   */
  advance(members: readonly PeerKey[]): boolean {
    const asked = [...members].sort().join()
    for (const key of this.#seen.keys()) if (!members.includes(key)) this.#seen.delete(key)
    const sights = members.map(key => this.#seen.get(key))
    if (sights.includes(undefined)) {
      // who is new may have written without knowing anything: begin again when it was seen
      if (this.#round?.members !== asked) this.#round = undefined
      return false
    }
    const all = sights as Counters[]
    const round = this.#round
    if (round?.members === asked) {
      if (!all.every(counters => covers(counters, round.join))) return false
      const moved = [...round.covered].some(([writer, counter]) => counter > (this.#stable.get(writer) ?? 0))
      this.#stable = round.covered
      this.#round = { members: asked, covered: meet(all), join: join(all) }
      return moved
    }
    this.#round = { members: asked, covered: meet(all), join: join(all) }
    return false
  }

  /** True if the dot is in the stable vector. */
  covers(writer: PeerKey, counter: number): boolean {
    return counter <= (this.#stable.get(writer) ?? 0)
  }

  /** Members that the round waits for: not seen yet, or not with all that was seen when it began. */
  waitingFor(members: readonly PeerKey[]): PeerKey[] {
    const { join: wanted } = this.#round ?? { join: new Map<PeerKey, number>() }
    return members.filter(key => {
      const counters = this.#seen.get(key)
      return !counters || !covers(counters, wanted)
    })
  }
}

function covers(counters: Counters, wanted: Counters): boolean {
  return [...wanted].every(([writer, counter]) => (counters.get(writer) ?? 0) >= counter)
}

function meet(all: readonly Counters[]): Counters {
  const [first = new Map<PeerKey, number>(), ...others] = all
  const least = [...first].map(([writer, counter]) => {
    return [writer, Math.min(counter, ...others.map(other => other.get(writer) ?? 0))] as const
  })
  return new Map(least.filter(([, counter]) => counter > 0))
}

function join(all: readonly Counters[]): Counters {
  const most = new Map<PeerKey, number>()
  for (const counters of all) {
    for (const [writer, counter] of counters) most.set(writer, Math.max(counter, most.get(writer) ?? 0))
  }
  return most
}
