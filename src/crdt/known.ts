/** What an acknowledgement carries: the admissions and removals, as records, that its writer knows (R4), and who is settled. */
import type { KnownLeaf } from './leaves.ts'
import type { RegistryView } from './registry-view.ts'

export function knownLeaf(view: Pick<RegistryView, 'admissions' | 'removals' | 'everMember'>): KnownLeaf {
  const removals = view.removals()
  const admissions = view.admissions().map(({ key, dot }) => ({ key, dot }))
  return {
    kind: 'known',
    admissions,
    removals: removals.map(({ dot }) => dot),
    ends: removals.flatMap(({ outcome, end }) => (outcome === 'effective' && end ? [end] : [])),
    pending: [...new Set(admissions.map(({ key }) => key))].filter(key => view.everMember(key)?.settled === false),
  }
}
