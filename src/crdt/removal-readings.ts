/** What is read of removals, and of the members that they are about. */
import type { PeerKey } from '../lib/keys.ts'
import type { RegistryView, Removal } from './registry-view.ts'

/** Keys that have a successor and are members still, with who admitted that. */
export function succeededMembers(view: RegistryView): { former: PeerKey; admitter: PeerKey }[] {
  return view.successions().filter(({ isInEffect, former }) => isInEffect && view.member(former) !== undefined)
}

/** True if more who are settled stay than these are: a newcomer that is not settled yet decides nothing. */
export function isMajorityWithout(view: RegistryView, targets: readonly PeerKey[]): boolean {
  return view.members().filter(({ key, settled }) => settled && !targets.includes(key)).length > targets.length
}

export function isPromised(removal: Removal, self: PeerKey): boolean {
  return removal.starter === self || removal.ackedBy.includes(self)
}

export function aimsAt(removal: Removal, peer: PeerKey): boolean {
  return removal.targets.some(({ key }) => key === peer)
}
