/** What a peer has to write about removals, decided on what it knows (R9): acknowledgements, declarations, cancellations. */
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import { compareHlc } from './hlc.ts'
import { knownLeaf } from './known.ts'
import type { Assertion, Leaf } from './leaves.ts'
import { contentName } from './registry.ts'
import type { RegistryView, Removal } from './registry-view.ts'
import { compareDots } from './vector.ts'

/** The leaves that `self` owes now. A promise is one at a time: the next is owed when that is decided (d). */
export function owedRemovalLeaves(view: RegistryView, self: PeerKey): readonly Leaf[] {
  if (!view.member(self)) return []
  const open = view.removals().filter(removal => removal.outcome === 'undecided')
  const mine = open.filter(removal => removal.starter === self)
  const ends = mine.flatMap(removal => endOf(view, open, removal))
  if (ends.length > 0) return ends
  const removal = open.find(each => owesAck(open, each, self))
  if (!removal) return []
  const known = knownLeaf(view)
  const hash = contentName(known)
  const counters = removal.targets.map(({ key }) => view.held(key))
  const ack: Leaf = { kind: 'removal-ack', removal: removal.dot, counters, known: hash }
  return view.hasContent(hash) ? [ack] : [known, ack]
}

/** The leaves that start a removal. Throws the reason when this peer may not. */
export function startRemovalLeaves(
  view: RegistryView,
  self: PeerKey,
  targets: readonly PeerKey[],
  assertion: Assertion,
): readonly Leaf[] {
  const open = view.removals().find(each => isPromised(each, self) && each.outcome === 'undecided')
  if (open && !isVoidBy(open, targets, assertion)) {
    const names = open.targets.map(({ key }) => view.everMember(key)?.name ?? key.slice(0, 8)).join(', ')
    throw new SkeinError('conflict', `the removal of ${names} is not decided yet: see skein peer ls`)
  }
  const heir = (key: PeerKey) => ({ key, heir: self, counter: view.held(key) })
  const known = knownLeaf(view)
  const hash = contentName(known)
  const removal: Leaf = { kind: 'removal', targets: targets.map(heir), assertion, known: hash }
  return view.hasContent(hash) ? [removal] : [known, removal]
}

/** The leaves by which the starter lifts its removal. */
export function cancelRemovalLeaves(removal: Removal): readonly Leaf[] {
  return [{ kind: 'removal-end', removal: removal.dot, effective: false, acks: [], cut: [] }]
}

function endOf(view: RegistryView, open: readonly Removal[], removal: Removal): readonly Leaf[] {
  // one that this peer has declared and that is not decided rests on records that are on their way
  if (removal.end) return []
  if (removal.complete) return [{ kind: 'removal-end', removal: removal.dot, effective: true, ...removal.complete }]
  const isPointless = removal.targets.some(({ key }) => !view.member(key))
  const blocked = open.some(other => other.starter !== removal.starter && isBlockedBy(removal, other))
  return isPointless || blocked ? cancelRemovalLeaves(removal) : []
}

/** Of two that wait for each other the later gives in; not to a starter that it asserts to be down (f). */
function isBlockedBy(removal: Removal, other: Removal): boolean {
  return isEarlier(other, removal) && !overrules(removal, other)
}

function owesAck(open: readonly Removal[], removal: Removal, self: PeerKey): boolean {
  if (removal.starter === self || removal.ackedBy.includes(self)) return false
  if (removal.targets.some(({ key }) => key === self)) return false
  return open.every(other => other === removal || !isPromised(other, self) || overrules(removal, other))
}

function isPromised(removal: Removal, self: PeerKey): boolean {
  return removal.starter === self || removal.ackedBy.includes(self)
}

/** True if `removal` asserts that the starter of `other` is down; of two that name each other, the one asserted first does. */
function overrules(removal: Removal, other: Removal): boolean {
  if (!removal.assertedAt || !removal.targets.some(({ key }) => key === other.starter)) return false
  const isMutual = other.targets.some(({ key }) => key === removal.starter)
  return !isMutual || !other.assertedAt || compareHlc(removal.assertedAt, other.assertedAt) < 0
}

function isVoidBy(open: Removal, targets: readonly PeerKey[], assertion: Assertion): boolean {
  return assertion > 0 && targets.includes(open.starter)
}

function isEarlier(a: Removal, b: Removal): boolean {
  return (compareHlc(a.since, b.since) || compareDots(a.dot, b.dot)) < 0
}
