/**
 * Versions of what is read, as numbers for whoever looks at each change: a table counts its own changes, and in another era it may show another
 * thing though it counted none. Eras change with removals, with who succeeds whom, and when tables are made anew.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { MembershipTable } from './membership-table.ts'
import type { Removals } from './removals.ts'
import { Lineage, successionsOf } from './successions.ts'

/** Numbers of versions in one era: more changes than a process lives to see. */
const perEra = 2 ** 32

export class Eras {
  /** How often the tables were made anew. */
  rebuilds = 0
  /** How often of these since a limit fell: what is shown may be another then in a way that no table tells. */
  overruns = 0
  readonly #removals: Removals
  readonly #membership: () => MembershipTable
  #successions: ReadonlyMap<PeerKey, PeerKey> = new Map()
  #lineage: Lineage
  /** How often who succeeds whom became another, and what it was last computed from. */
  #lineages = 0
  readonly #lineageOf = { membership: -1, removals: -1, rebuilds: -1 }
  #changes = 0

  constructor(removals: Removals, membership: () => MembershipTable) {
    this.#removals = removals
    this.#membership = membership
    this.#lineage = new Lineage(removals.self, this.#successions)
  }

  /** Who came back in whose place. */
  get successions(): ReadonlyMap<PeerKey, PeerKey> {
    this.#follow()
    return this.#successions
  }

  get lineage(): Lineage {
    this.#follow()
    return this.#lineage
  }

  /** What is read may be another though no table is. */
  changed(): void {
    this.#changes++
  }

  /** A version that a table counts, as a number that also changes with removals, or with tables made anew. */
  numbered(version: number): number {
    this.#follow()
    return (this.rebuilds + this.#removals.version + this.#lineages + this.#changes) * perEra + version
  }

  /** A version of a network's endpoints, as a number that also changes where others of them may be shown, which no table tells. */
  numberedEndpoints(version: number): number {
    return this.#showing() * perEra + version
  }

  /** The inverse of `numberedEndpoints`; undefined for a number from before such a change. */
  endpointsVersion(numbered: number): number | undefined {
    return Math.floor(numbered / perEra) === this.#showing() ? numbered % perEra : undefined
  }

  /** What is shown of the endpoints that are held follows from who is gone, and who came back in whose place. */
  #showing(): number {
    this.#follow()
    return this.overruns + this.#removals.departures() + this.#lineages + this.#changes
  }

  /** Who succeeds whom follows from who is a member, and who is gone. */
  #follow(): void {
    const seen = this.#lineageOf
    const membership = this.#membership()
    const removals = this.#removals.version
    if (seen.membership === membership.version && seen.removals === removals && seen.rebuilds === this.rebuilds) return
    Object.assign(seen, { membership: membership.version, removals, rebuilds: this.rebuilds })
    const all = membership.successions()
    if (all.length === 0 && this.#successions.size === 0) return
    const next = successionsOf(all, key => this.#removals.gone.has(key))
    if (next.size === this.#successions.size && [...next].every(([key, by]) => this.#successions.get(key) === by))
      return
    this.#successions = next
    this.#lineage = new Lineage(this.#removals.self, next)
    this.#lineages++
  }
}
