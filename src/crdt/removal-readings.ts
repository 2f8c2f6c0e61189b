/** What is read of removals, and of the members that they are about. */
import type { PeerKey } from '../lib/keys.ts'
import type { RegistryView, Removal } from './registry-view.ts'

/** Keys that have a successor and are members still, with who admitted that. */
export function succeededMembers(view: RegistryView): { former: PeerKey; admitter: PeerKey }[] {
  return view.successions().filter(({ isInEffect, former }) => isInEffect && view.member(former) !== undefined)
}

/** True if those who stay without these are more than half of who is settled: a newcomer that is not yet decides nothing. */
export function isMajorityWithout(view: RegistryView, targets: readonly PeerKey[]): boolean {
  const settled = view.members().filter(member => member.settled)
  return 2 * settled.filter(({ key }) => !targets.includes(key)).length > settled.length
}

export function isPromised(removal: Removal, self: PeerKey): boolean {
  return removal.starter === self || removal.ackedBy.includes(self)
}

export function aimsAt(removal: Removal, peer: PeerKey): boolean {
  return removal.targets.some(({ key }) => key === peer)
}
