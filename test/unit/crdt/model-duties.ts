/** What peers of a model mesh do by themselves about members that come and go. */
import { owedToAdmissions } from '../../../src/crdt/admission-duty.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import type { Removal } from '../../../src/crdt/registry-view.ts'
import { owedRemovalLeaves } from '../../../src/crdt/removal-duty.ts'
import { cancelRemovalLeaves } from '../../../src/crdt/removal-start.ts'
import { type ModelPeer, settle } from './model-peer.ts'

/** The records that it owes now; none when it has nothing to do. */
export function owedLeaves({ registry, writer, isIn }: ModelPeer): readonly Leaf[] {
  if (!isIn) return []
  const removal = owedRemovalLeaves(registry, writer.key)
  return removal.length > 0 ? removal : owedToAdmissions(registry, writer.key)
}

/** Everybody has everything and has done what it owes: removals that all in reach can decide are decided, and operators lift the others. */
export function comeToRest(peers: readonly ModelPeer[]): void {
  do {
    for (let round = 0; round < 12; round++) {
      settle(peers)
      const owing = peers.map(peer => [peer, owedLeaves(peer)] as const).filter(([, leaves]) => leaves.length > 0)
      if (owing.length === 0) break
      for (const [peer, leaves] of owing) peer.write(leaves)
    }
    settle(peers)
  } while (peers.some(liftsOne))
}

/** A removal that this peer started waits for who may be gone for others: true if it lifts it. */
function liftsOne(peer: ModelPeer): boolean {
  const isOpen = ({ outcome, starter, end }: Removal) => outcome === 'undecided' && starter === peer.writer.key && !end
  const removal = peer.isIn ? peer.registry.removals().find(isOpen) : undefined
  if (removal) peer.write(cancelRemovalLeaves(removal))
  return removal !== undefined
}
