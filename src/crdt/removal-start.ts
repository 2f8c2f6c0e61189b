/** What starts a removal, and what lifts it (R9). */
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import { knownLeaf } from './known.ts'
import type { Assertion, Leaf } from './leaves.ts'
import { contentName } from './registry.ts'
import type { RegistryView, Removal } from './registry-view.ts'
import { aimsAt, isOpen, isPromised } from './removal-readings.ts'
import { compareDots } from './vector.ts'

/**
 * The leaves that start a removal. Throws the reason when this peer may not.
 *
 * @param instead an own removal that is not decided and is lifted by the same write
 */
export function startRemovalLeaves(
  view: RegistryView,
  self: PeerKey,
  targets: readonly PeerKey[],
  assertion: Assertion,
  instead?: Removal,
): readonly Leaf[] {
  if (!view.member(self)?.settled) {
    throw new SkeinError('conflict', 'this host is not settled and can take nothing over: see skein peer ls')
  }
  const isLifted = (removal: Removal) => instead !== undefined && compareDots(removal.dot, instead.dot) === 0
  const promised = view
    .removals()
    .filter(each => each.outcome === 'undecided' && isPromised(each, self) && !isLifted(each))
  // (f): but what a target of it starts, others that it binds do not acknowledge
  const isLetThrough = (each: Removal) => assertion > 0 && targets.includes(each.starter) && !aimsAt(each, self)
  const open = promised.find(each => !isLetThrough(each))
  if (open) {
    const names = open.targets.map(({ key }) => view.everMember(key)?.name ?? key.slice(0, 8)).join(', ')
    const next = isOpen(open) ? 'see skein peer ls' : 'its starter was removed: see skein status'
    throw new SkeinError('conflict', `the removal of ${names} is not decided yet: ${next}`)
  }
  const heir = (key: PeerKey) => ({ key, heir: self, counter: view.held(key) })
  const known = knownLeaf(view)
  const hash = contentName(known)
  const removal: Leaf = { kind: 'removal', targets: targets.map(heir), assertion, known: hash }
  const lifted = instead ? cancelRemovalLeaves(instead) : []
  return view.hasContent(hash) ? [...lifted, removal] : [...lifted, known, removal]
}

/** The leaves by which the starter lifts its removal. */
export function cancelRemovalLeaves(removal: Removal): readonly Leaf[] {
  return [{ kind: 'removal-end', removal: removal.dot, effective: false, acks: [], cut: [] }]
}
