/**
 * What a list tells whom it lets in (R4): names of admissions and removals, by which the newcomer is settled only once it has them in
 * effect. What it says itself then lists them, and whoever relies on that asks whom they are about.
 */
import type { PeerKey } from '../lib/keys.ts'
import { guestsOf } from './guests.ts'
import type { KnownLeaf } from './leaves.ts'
import type { Dot } from './vector.ts'

/** What has effect here. */
export interface InEffect {
  readonly founder: PeerKey | undefined
  /** True if some admission of this key is in effect; at this dot, if one is given. */
  isAdmitted(key: PeerKey, dot?: Dot): boolean
  isDecided(removal: Dot): boolean
  /** Of a writer that was removed: above it none of its records counts. */
  cut(writer: PeerKey): number | undefined
}

export interface Untold {
  readonly admissions: readonly Dot[]
  readonly removals: readonly Dot[]
}

/** What of a list is not in effect here, and not void. */
export function untoldOf(list: Pick<KnownLeaf, 'admissions' | 'removals'>, inEffect: InEffect): Untold {
  const missing = list.admissions.filter(({ key, dot }) => !inEffect.isAdmitted(key, dot))
  const removals = list.removals.filter(dot => !inEffect.isDecided(dot))
  if (missing.length === 0 && removals.length === 0) return { admissions: [], removals: [] }
  const hosts = hostsOf(list, inEffect)
  const mayCount = (dot: Dot) => hosts.has(dot.writer) && isBelowCut(inEffect, dot)
  return { admissions: missing.map(({ dot }) => dot).filter(mayCount), removals: removals.filter(mayCount) }
}

/**
 * Who may have written what counts. What another wrote is void, as what lies above the cut of its writer: the list knows only such
 * admissions of it as are void themselves. It never takes effect, and perhaps nobody has it any more.
 */
function hostsOf({ admissions, removals }: Pick<KnownLeaf, 'admissions' | 'removals'>, inEffect: InEffect) {
  const listed = new Set(admissions.map(({ key }) => key))
  const isKnown = (key: PeerKey) => key === inEffect.founder || inEffect.isAdmitted(key) || !listed.has(key)
  const writers = [...admissions.map(({ dot }) => dot), ...removals].map(({ writer }) => writer)
  const known = writers.filter(isKnown)
  const below = admissions.filter(({ dot }) => isBelowCut(inEffect, dot))
  return new Set([...known, ...guestsOf(known, below)])
}

function isBelowCut(inEffect: InEffect, { writer, counter }: Dot): boolean {
  return counter <= (inEffect.cut(writer) ?? counter)
}
