/**
 * Whose word settles a newcomer while removals are undecided (R4). If one becomes effective, its targets are nobody's members, nor is
 * whom they let in above the cut: who was settled by these would be unknown to those who go on without them.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { Admitted } from './admissions.ts'
import { guestsOf } from './guests.ts'
import type { RemovalTarget } from './leaves.ts'
import type { Dot } from './vector.ts'

export interface Departures {
  /** Targets of undecided removals, with the counters that their starters named: the cut is no lower. */
  readonly open: readonly RemovalTarget[]
  isGone(key: PeerKey): boolean
}

export class Sure {
  readonly #departures: Departures
  /** Whom admissions that are sure let in, from the founder on. */
  readonly #members: ReadonlySet<PeerKey>

  constructor(founder: PeerKey | undefined, admitted: readonly Admitted[], departures: Departures) {
    this.#departures = departures
    const founders = founder === undefined ? [] : [founder]
    const admissions = admitted.map(({ record: { dot, leaf } }) => ({ key: leaf.key, dot }))
    const below = admissions.filter(({ dot }) => this.#isBelow(dot))
    this.#members = new Set([...founders, ...guestsOf(founders, below)])
  }

  /** False for who is gone or may be, and for whom only an admission that is not sure has let in. */
  mayVote(key: PeerKey): boolean {
    const { open, isGone } = this.#departures
    return !isGone(key) && !open.some(target => target.key === key) && this.#members.has(key)
  }

  /** False for an admission, or the end of a removal, that a removal may cut off. */
  isSure(dot: Dot): boolean {
    return this.#isBelow(dot) && this.#members.has(dot.writer)
  }

  #isBelow({ writer, counter }: Dot): boolean {
    return this.#departures.open.every(target => target.key !== writer || counter <= target.counter)
  }
}
