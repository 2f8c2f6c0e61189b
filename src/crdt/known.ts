/**
 * What an acknowledgement carries: the admissions and removals, as records, that its writer knows (R4), and who is settled. A removal
 * that was listed when the writer was let in it names, too, before it has that: whom it lets in owns nothing without.
 */
import type { KnownLeaf } from './leaves.ts'
import type { RegistryView } from './registry-view.ts'
import { compareDots } from './vector.ts'

export function knownLeaf(
  view: Pick<RegistryView, 'admissions' | 'removals' | 'everMember' | 'toldRemovals'>,
): KnownLeaf {
  const removals = view.removals()
  const admissions = view.admissions().map(({ key, dot }) => ({ key, dot }))
  return {
    kind: 'known',
    admissions,
    removals: [...removals.map(({ dot }) => dot), ...view.toldRemovals()].sort(compareDots),
    ends: removals.flatMap(({ outcome, end }) => (outcome === 'effective' && end ? [end] : [])),
    pending: [...new Set(admissions.map(({ key }) => key))].filter(key => view.everMember(key)?.settled === false),
  }
}
