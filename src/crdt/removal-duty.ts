/** What a peer has to write about removals, decided on what it knows (R9): acknowledgements, declarations, cancellations. */
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import { compareHlc, type Hlc } from './hlc.ts'
import { knownLeaf } from './known.ts'
import type { Assertion, Leaf } from './leaves.ts'
import { contentName } from './registry.ts'
import type { RegistryView, Removal } from './registry-view.ts'
import { compareDots } from './vector.ts'

/**
 * The leaves that `self` owes now. A promise is one at a time: the next is owed when that is decided (d).
 *
 * @param mayAcknowledge false while this peer has a reason to wait
 * @param former keys that its host had before and gave up, all of whose containers it has on record under this one
 */
export function owedRemovalLeaves(
  view: RegistryView,
  self: PeerKey,
  mayAcknowledge: (removal: Removal) => boolean = () => true,
  former: readonly PeerKey[] = [],
): readonly Leaf[] {
  if (!view.member(self)) return []
  const open = view.removals().filter(removal => removal.outcome === 'undecided')
  const mine = open.filter(removal => removal.starter === self)
  const ends = mine.flatMap(removal => endOf(view, open, removal))
  if (ends.length > 0) return ends
  const removal = open.find(each => mayAcknowledge(each) && owesAck(view, open, each, self))
  if (!removal) {
    const leaves = owedToSuccession(view, open, self)
    return leaves.length > 0 ? leaves : owedToReturn(view, self, former)
  }
  const known = knownLeaf(view)
  const hash = contentName(known)
  const counters = removal.targets.map(({ key }) => view.held(key))
  const ack: Leaf = { kind: 'removal-ack', removal: removal.dot, counters, known: hash }
  return view.hasContent(hash) ? [ack] : [known, ack]
}

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
  const open = promised.find(each => assertion === 0 || !targets.includes(each.starter))
  if (open) {
    const names = open.targets.map(({ key }) => view.everMember(key)?.name ?? key.slice(0, 8)).join(', ')
    throw new SkeinError('conflict', `the removal of ${names} is not decided yet: see skein peer ls`)
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

/**
 * R8: a host that came back under a new key says by this that its former one is off, since that signed it in. Who admitted it
 * removes the former, once: what became of that is the operators' to say.
 */
function owedToSuccession(view: RegistryView, open: readonly Removal[], self: PeerKey): readonly Leaf[] {
  const mine = view.successions().filter(({ admitter, isInEffect, former }) => {
    return isInEffect && admitter === self && view.member(former) !== undefined
  })
  for (const { former } of mine) {
    const going = open.find(removal => aimsAt(removal, former))
    const isUnsaid = going?.targets.length === 1 && !going.assertedAt
    if (isUnsaid) return [{ kind: 'host-down', removal: going.dot }]
    const isTried = view.removals().some(removal => removal.starter === self && aimsAt(removal, former))
    const isBound = open.some(removal => isPromised(removal, self))
    if (going || isTried || isBound || !view.member(self)?.settled) continue
    // of two that are settled one stays, and without it nobody was settled through the former one
    const settled = view.members().filter(member => member.settled)
    const staying = settled.filter(({ key }) => key !== former)
    return startRemovalLeaves(view, self, [former], staying.length * 2 > settled.length ? 1 : 2)
  }
  return []
}

/**
 * R9 (g): a host that was removed without an assertion, and came back under a new key, says itself that the former one is off: it
 * gave it up, and has its containers on record under the new one. Not of a key that other machines may have (R8).
 */
function owedToReturn(view: RegistryView, self: PeerKey, former: readonly PeerKey[]): readonly Leaf[] {
  if (former.length === 0 || !view.member(self)?.settled) return []
  const isMine = (key: PeerKey) => former.includes(key) && !view.isFenced(key)
  return view
    .removals()
    .filter(({ outcome, assertedAt }) => outcome === 'effective' && !assertedAt)
    .filter(({ targets }) => targets.every(({ key }) => isMine(key)))
    .map(({ dot }) => ({ kind: 'host-down', removal: dot }))
}

function endOf(view: RegistryView, open: readonly Removal[], removal: Removal): readonly Leaf[] {
  // one that this peer has declared and that is not decided rests on records that are on their way
  if (removal.end) return []
  if (removal.complete) return [{ kind: 'removal-end', removal: removal.dot, effective: true, ...removal.complete }]
  const isPointless = removal.targets.some(({ key }) => !view.member(key))
  const gives = open.some(other => other.starter !== removal.starter && givesInTo(removal, other))
  return isPointless || gives ? cancelRemovalLeaves(removal) : []
}

/** Of two that wait for each other the later gives in (d); not to a starter that it asserts to be down (f). */
function givesInTo(removal: Removal, other: Removal): boolean {
  if (!aimsAt(removal, other.starter)) return isEarlier(other, removal)
  if (!aimsAt(other, removal.starter)) return !removal.assertedAt && isEarlier(other, removal)
  // of two that name each other the one asserted first wins
  const order = compareHlc(other.assertedAt ?? never, removal.assertedAt ?? never)
  return order === 0 ? isEarlier(other, removal) : order < 0
}

/**
 * Who acknowledges what, as in test/model/moves.ts. A promise is one at a time (d). An asserted removal of the starter of one
 * that binds is let through (f), unless its own starter is a target of that one: the limit set for that one would hide its end.
 */
function owesAck(view: RegistryView, open: readonly Removal[], removal: Removal, self: PeerKey): boolean {
  const { starter, targets, assertedAt } = removal
  if (starter === self || removal.ackedBy.includes(self) || aimsAt(removal, self)) return false
  if (!view.member(starter) || targets.some(({ key }) => !view.member(key))) return false
  if (open.some(other => other.assertedAt && aimsAt(other, starter))) return false
  const isLetThrough = (binding: Removal) =>
    assertedAt !== undefined && aimsAt(removal, binding.starter) && !aimsAt(binding, starter)
  return open.every(other => other === removal || !isPromised(other, self) || isLetThrough(other))
}

function isPromised(removal: Removal, self: PeerKey): boolean {
  return removal.starter === self || removal.ackedBy.includes(self)
}

function aimsAt(removal: Removal, peer: PeerKey): boolean {
  return removal.targets.some(({ key }) => key === peer)
}

const never: Hlc = [Number.MAX_SAFE_INTEGER, 0]

function isEarlier(a: Removal, b: Removal): boolean {
  return (compareHlc(a.since, b.since) || compareDots(a.dot, b.dot)) < 0
}
