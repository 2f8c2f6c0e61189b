/** Removals that are not decided, and are lifted at last: none of these is left at rest. */
import type { Removal } from '../../../src/crdt/registry-view.ts'
import type { Host } from '../host.ts'

/** Those that the host started and may lift, as its operator does with one that is stuck: a fenced host cannot. */
export function openRemovals({ ready, peer }: Host): readonly Removal[] {
  if (!ready || !peer || peer.replica.fenced) return []
  const { view, self } = peer.replica
  return view.removals().filter(({ outcome, starter, end }) => outcome === 'undecided' && starter === self && !end)
}
