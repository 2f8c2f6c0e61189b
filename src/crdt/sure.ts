/**
 * Whose word settles a newcomer while removals are undecided (R4). If one becomes effective, its targets are nobody's members, nor is
 * whom they let in above the cut: who was settled by these would be unknown to those who go on without them.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { Admitted } from './admissions.ts'
import type { RemovalTarget } from './leaves.ts'
import type { Dot } from './vector.ts'

export interface Departures {
  /** Targets of undecided removals, with the counters that their starters named: the cut is no lower. */
  readonly open: readonly RemovalTarget[]
  isGone(key: PeerKey): boolean
}

export class Sure {
  readonly #founder: PeerKey | undefined
  readonly #departures: Departures
  readonly #admissions = new Map<PeerKey, Dot[]>()

  constructor(founder: PeerKey | undefined, admitted: readonly Admitted[], departures: Departures) {
    this.#founder = founder
    this.#departures = departures
    for (const { record } of admitted) {
      const { key } = record.leaf
      this.#admissions.set(key, [...(this.#admissions.get(key) ?? []), record.dot])
    }
  }

  /** False for who is gone or may be, and for whom only an admission that is not sure has let in. */
  mayVote(key: PeerKey): boolean {
    const { open, isGone } = this.#departures
    return !isGone(key) && !open.some(target => target.key === key) && this.#isIn(key, [])
  }

  /** False for an admission, or the end of a removal, that a removal may cut off. */
  isSure({ writer, counter }: Dot, path: readonly PeerKey[] = []): boolean {
    const isBelow = this.#departures.open.every(target => target.key !== writer || counter <= target.counter)
    return isBelow && this.#isIn(writer, path)
  }

  #isIn(key: PeerKey, path: readonly PeerKey[]): boolean {
    if (key === this.#founder) return true
    return !path.includes(key) && (this.#admissions.get(key) ?? []).some(dot => this.isSure(dot, [...path, key]))
  }
}
