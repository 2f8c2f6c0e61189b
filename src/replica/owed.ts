/** What members are to be shown of what is held here, each run once while it is connected. */
import type { PeerKey } from '../lib/keys.ts'
import type { Unit } from './unit.ts'

interface OfMember {
  /** Runs that it was to be shown since it was connected. */
  readonly names: Set<string>
  /** What these take. */
  bytes: number
  /** Not shown yet. */
  units: readonly Unit[]
}

export class Owed {
  readonly #ofMembers = new Map<PeerKey, OfMember>()
  readonly #maxBytes: number

  /** @param maxBytes that one member is shown while it is connected */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** It may have forgotten what it was shown. */
  forget(peer: PeerKey): void {
    this.#ofMembers.delete(peer)
  }

  add(peer: PeerKey, run: readonly Unit[]): void {
    const owed = this.#ofMembers.get(peer) ?? { names: new Set<string>(), bytes: 0, units: [] }
    this.#ofMembers.set(peer, owed)
    const bytes = owed.bytes + run.reduce((sum, unit) => sum + unit.bytes.length, 0)
    const name = run.map(({ first, hash }) => `${first}:${hash.slice(0, 16)}`).join()
    if (bytes > this.#maxBytes || owed.names.has(name)) return
    owed.names.add(name)
    owed.bytes = bytes
    owed.units = [...owed.units, ...run]
  }

  has(peer: PeerKey): boolean {
    return (this.#ofMembers.get(peer)?.units.length ?? 0) > 0
  }

  /** It is taken for shown. */
  take(peer: PeerKey): readonly Unit[] {
    const owed = this.#ofMembers.get(peer)
    if (!owed) return []
    const { units } = owed
    owed.units = []
    return units
  }
}
