/** What this version records and does not carry out: said by every peer as soon as somebody could rely on it. */
import type { RegistryView } from '../crdt/registry-view.ts'

/** A condition of the host while a policy with rules is on a group. */
export function notEnforced({ objects }: Pick<RegistryView, 'objects'>): { text: string; remedy: string }[] {
  const live = objects.groups().filter(group => group.status === 'live')
  const bound = live.find(({ tenant, policies }) => policies.some(policy => objects.rules(tenant, policy).length > 0))
  if (!bound) return []
  return [
    {
      text: 'policies are recorded and not yet enforced on this version: every packet passes, and groups have no Docker network',
      remedy: 'keep what must not be reached in a network or tenant of its own',
    },
  ]
}
