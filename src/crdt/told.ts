/**
 * What a list tells whom it lets in (R4): names of admissions and removals, by which the newcomer is settled only once it has them in
 * effect. What it says itself then lists them, and whoever relies on that asks whom they are about.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { KnownLeaf } from './leaves.ts'
import type { Dot } from './vector.ts'

/** What has effect here. */
export interface InEffect {
  readonly founder: PeerKey | undefined
  /** True if some admission of this key is in effect; at this dot, if one is given. */
  isAdmitted(key: PeerKey, dot?: Dot): boolean
  isHeld(removal: Dot): boolean
  /** Of a writer that was removed: above it none of its records counts. */
  cut(writer: PeerKey): number | undefined
}

export interface Untold {
  readonly admissions: readonly Dot[]
  readonly removals: readonly Dot[]
}

/** What of a list is not in effect here, and not void. */
export function untoldOf(list: Pick<KnownLeaf, 'admissions' | 'removals'>, inEffect: InEffect): Untold {
  const isVoid = (dot: Dot) => isVoidIn(list, inEffect, dot, [])
  const admissions = list.admissions.filter(({ key, dot }) => !inEffect.isAdmitted(key, dot) && !isVoid(dot))
  return {
    admissions: admissions.map(({ dot }) => dot),
    removals: list.removals.filter(dot => !inEffect.isHeld(dot) && !isVoid(dot)),
  }
}

/**
 * Above the cut of its writer, or by one whom only what is void itself has let in: it never takes effect, and perhaps nobody has it
 * any more.
 */
function isVoidIn(
  list: Pick<KnownLeaf, 'admissions'>,
  inEffect: InEffect,
  { writer, counter }: Dot,
  path: readonly PeerKey[],
): boolean {
  if (counter > (inEffect.cut(writer) ?? counter)) return true
  if (writer === inEffect.founder || inEffect.isAdmitted(writer) || path.includes(writer)) return false
  const admissions = list.admissions.filter(({ key }) => key === writer)
  return admissions.length > 0 && admissions.every(({ dot }) => isVoidIn(list, inEffect, dot, [...path, writer]))
}
