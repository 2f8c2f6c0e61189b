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

/**
 * True if it binds this peer while it is undecided: it started or acknowledged it, or was told of it when it was settled (R4, R9 d), and
 * does not hold that it was taken back.
 */
export function isPromised({ starter, ackedBy, isTold, isLifted }: Removal, self: PeerKey): boolean {
  return !isLifted && (starter === self || ackedBy.includes(self) || isTold === true)
}

/** True while this peer is bound by a removal of that one, which may be gone for the others: what it gave it now nobody would ask it about. */
export function isGoing(view: RegistryView, self: PeerKey, peer: PeerKey): boolean {
  return view
    .removals()
    .some(removal => removal.outcome === 'undecided' && aimsAt(removal, peer) && isPromised(removal, self))
}

/** True of an undecided one that may become effective yet. */
export function isOpen({ outcome, isMoot }: Removal): boolean {
  return outcome === 'undecided' && !isMoot
}

export function aimsAt(removal: Removal, peer: PeerKey): boolean {
  return removal.targets.some(({ key }) => key === peer)
}
