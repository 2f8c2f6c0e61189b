/** What an acknowledgement carries: the admissions and removals, as records, that its writer knows (R4). */
import type { KnownLeaf } from './leaves.ts'
import type { RegistryView } from './registry-view.ts'

export function knownLeaf(view: Pick<RegistryView, 'admissions' | 'removals'>): KnownLeaf {
  const removals = view.removals()
  return {
    kind: 'known',
    admissions: view.admissions().map(({ key, dot }) => ({ key, dot })),
    removals: removals.map(({ dot }) => dot),
    ends: removals.flatMap(({ outcome, end }) => (outcome === 'effective' && end ? [end] : [])),
  }
}
