/** What a peer has to write about removals, decided on what it knows (R9): acknowledgements, declarations, cancellations. */
import type { PeerKey } from '../lib/keys.ts'
import { compareHlc, type Hlc } from './hlc.ts'
import { knownLeaf } from './known.ts'
import type { Leaf } from './leaves.ts'
import { contentName } from './registry.ts'
import type { RegistryView, Removal } from './registry-view.ts'
import { aimsAt, isOpen, isPromised } from './removal-readings.ts'
import { cancelRemovalLeaves, startRemovalLeaves } from './removal-start.ts'
import { owedToSuccession } from './succession-duty.ts'
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
  const open = view.removals().filter(({ outcome, isLifted }) => outcome === 'undecided' && !isLifted)
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
  // of its own targets it heeds no more than it named then
  if (removal.isBehind && removal.assertion > 0) return startedAnew(view, removal)
  const isPointless = removal.targets.some(({ key }) => !view.member(key))
  const gives = open.some(other => isOpen(other) && other.starter !== removal.starter && givesInTo(removal, other))
  return isPointless || gives ? cancelRemovalLeaves(removal) : []
}

function startedAnew(view: RegistryView, removal: Removal): readonly Leaf[] {
  const targets = removal.targets.map(({ key }) => key)
  return startRemovalLeaves(view, removal.starter, targets, removal.assertion, removal)
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
  if (open.some(other => other.assertedAt && isOpen(other) && aimsAt(other, starter))) return false
  const isLetThrough = (binding: Removal) =>
    assertedAt !== undefined && aimsAt(removal, binding.starter) && !aimsAt(binding, starter)
  return open.every(other => other === removal || !isPromised(other, self) || isLetThrough(other))
}

const never: Hlc = [Number.MAX_SAFE_INTEGER, 0]

function isEarlier(a: Removal, b: Removal): boolean {
  return (compareHlc(a.since, b.since) || compareDots(a.dot, b.dot)) < 0
}
