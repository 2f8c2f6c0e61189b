/** What a peer has to write about admissions, decided on what it knows (R4): acknowledgements, and that it is settled. */
import type { PeerKey } from '../lib/keys.ts'
import { knownLeaf } from './known.ts'
import type { Leaf } from './leaves.ts'
import { contentName } from './registry.ts'
import type { Member, RegistryView } from './registry-view.ts'

type Admitted = ReturnType<RegistryView['admissions']>[number]

/** The leaves that `self` owes now: acknowledgements of pending admissions, and its own settlement once that is proven. */
export function owedToAdmissions(view: RegistryView, self: PeerKey): readonly Leaf[] {
  const me = view.member(self)
  if (!me) return []
  const admissions = view.admissions()
  // first by itself: what it acknowledges after that lists it as settled, and counts so
  for (const { key, dot } of me.settled ? [] : admissions) {
    const acks = key === self ? view.majorityFor(dot, self) : undefined
    if (acks) return [{ kind: 'settled', admission: dot, acks }]
  }
  const pending = admissions.filter(item => owesAck(view, item, self))
  if (pending.length === 0) return []
  const known = knownLeaf(view)
  const hash = contentName(known)
  const leaves: Leaf[] = view.hasContent(hash) ? [] : [known]
  for (const item of pending) leaves.push({ kind: 'ack', admission: item.dot, known: hash })
  return leaves
}

/**
 * Once for each admission; and again when the newcomer waits for who is no member, and somebody was removed since: then what is
 * acknowledged lists that removal, and those who are left may be the majority. It need not be the removed one that it waits for, but a guest
 * whom only the acknowledgement of that one lists. And again by who did it while it was pending itself, and is settled, where too few count as
 * settled and would be enough by now. Of several successors of one key only one is acknowledged (R8), while that is a member.
 */
function owesAck(view: RegistryView, item: Admitted, self: PeerKey): boolean {
  const newcomer = view.member(item.key)
  if (!newcomer || newcomer.settled || item.key === self) return false
  if (!hasAcknowledged(item, self)) return !isSurplus(view, newcomer, self)
  const waitsInVain = newcomer.waitingFor.some(key => !view.member(key))
  if (waitsInVain && !view.hasListedGone(self, item.key, item.dot)) return true
  return view.member(self)?.settled === true && isEnough(view, item, newcomer) && countsAsPending(view, item, self)
}

/** True if of those who have acknowledged it more are settled by now than others are waited for. */
function isEnough(view: RegistryView, { admitter, ackedBy }: Admitted, { waitingFor }: Member): boolean {
  const said = new Set([admitter, ...ackedBy.map(({ key }) => key)])
  return [...said].filter(key => !waitingFor.includes(key) && view.member(key)?.settled).length > waitingFor.length
}

/** True if that is no majority, and nothing that this peer said of it has itself as settled. */
function countsAsPending(view: RegistryView, { key, dot }: Admitted, self: PeerKey): boolean {
  return !view.majorityFor(dot, key) && !view.hasSpokenSettled(self, key, dot)
}

function hasAcknowledged({ admitter, ackedBy }: Admitted, self: PeerKey): boolean {
  return admitter === self || ackedBy.some(ack => ack.key === self)
}

/** True if another takes effect as the successor of that key, or this peer has acknowledged one that is still a member. */
function isSurplus(view: RegistryView, { key, succeeds }: Member, self: PeerKey): boolean {
  if (succeeds === undefined) return false
  const rivals = view.admissions().filter(other => other.key !== key && view.member(other.key)?.succeeds === succeeds)
  return view.succeededBy(succeeds) !== key || rivals.some(other => hasAcknowledged(other, self))
}
