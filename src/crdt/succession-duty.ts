/** Hosts that came back under new keys, and the removals of their former ones (R8). */
import type { PeerKey } from '../lib/keys.ts'
import type { Leaf } from './leaves.ts'
import type { RegistryView, Removal } from './registry-view.ts'
import { aimsAt, isMajorityWithout, isOpen, isPromised, succeededMembers } from './removal-readings.ts'
import { startRemovalLeaves } from './removal-start.ts'

/**
 * R8: a host that came back under a new key says by this that its former one is off, since that signed it in. Who admitted it
 * removes the former, once: what became of that is the operators' to say. All former ones go together, since none of them acknowledges
 * the removal of another.
 */
export function owedToSuccession(view: RegistryView, open: readonly Removal[], self: PeerKey): readonly Leaf[] {
  const succeeded = succeededMembers(view)
  for (const { former, admitter } of succeeded) {
    const going = open.find(removal => isOpen(removal) && aimsAt(removal, former))
    const isUnsaid = admitter === self && going?.targets.length === 1 && !going.assertedAt
    if (isUnsaid) return [{ kind: 'host-down', removal: going.dot }]
  }
  if (!view.member(self)?.settled) return []
  const formers = succeeded.map(({ former }) => former)
  const waiting = open.find(removal => removal.starter === self && waitsForSuccessors(removal, formers))
  if (waiting) return removeTogether(view, self, formers, waiting)
  const binds = (removal: Removal) => isPromised(removal, self) && !formers.includes(removal.starter)
  const isTaken = (removal: Removal) => isOpen(removal) && formers.some(former => aimsAt(removal, former))
  if (open.some(removal => binds(removal) || isTaken(removal))) return []
  const isTried = (former: PeerKey) =>
    view.removals().some(removal => removal.starter === self && aimsAt(removal, former))
  const isDue = succeeded.some(({ former, admitter }) => admitter === self && !isTried(former))
  return isDue ? removeTogether(view, self, formers) : []
}

/** A removal of nothing but hosts that came back, which waits for others that did so since. */
function waitsForSuccessors({ targets, end, waitingFor }: Removal, formers: readonly PeerKey[]): boolean {
  if (end || !targets.every(({ key }) => formers.includes(key))) return false
  return waitingFor.some(key => formers.includes(key))
}

function removeTogether(
  view: RegistryView,
  self: PeerKey,
  formers: readonly PeerKey[],
  instead?: Removal,
): readonly Leaf[] {
  if (isMajorityWithout(view, formers)) return startRemovalLeaves(view, self, formers, 1, instead)
  // of two that are settled one stays, and without it nobody was settled through the former one; of more the operators have to say it
  const isOneOfTwo = formers.length === 1 && view.members().filter(member => member.settled).length === 2
  return isOneOfTwo && !instead ? startRemovalLeaves(view, self, formers, 2) : []
}
