/** What keeps an object from being deleted, because it names it. */
import { ruleRmCommand } from '../crdt/object-commands.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import { rulesOfNetwork } from '../crdt/unused.ts'
import { SkeinError } from '../lib/errors.ts'
import { inTenant, tenantFlag } from './lookup.ts'

/** Throws `in-use` if groups are on the network or rules name it. */
export function checkNetworkUnused(view: RegistryView, network: { id: string; tenant: string; name: string }): void {
  const { id, tenant, name } = network
  const groups = view.objects.groups(tenant).filter(group => group.network === id)
  if (groups.length > 0) {
    const names = groups.map(each => each.name).join(', ')
    throw new SkeinError(
      'in-use',
      `cannot delete ${name} has ${groups.length} endpoint groups (${names}): ${remedyFor('group', tenant, groups)}`,
    )
  }
  checkNamedByNoRule(view, network, 'delete')
}

/** Throws `in-use` if rules name the network: they would mean none, or another that gets the name later. */
export function checkNamedByNoRule(
  view: RegistryView,
  { tenant, name }: { tenant: string; name: string },
  verb: 'delete' | 'rename',
): void {
  const [rule, ...others] = rulesOfNetwork(view, { tenant, name })
  if (!rule) return
  throw new SkeinError(
    'in-use',
    `cannot ${verb} network ${name}${inTenant(tenant)}, ${1 + others.length} rules name it: remove them first with: ` +
      ruleRmCommand(view.objects, tenant, rule.policy, rule),
  )
}

/** Throws `in-use` if the tenant has groups, policies, profiles or networks, in Contiv's order and words. */
export function checkTenantUnused(view: RegistryView, tenant: string): void {
  const { objects } = view
  const kinds: { noun: string; verb: string; objects: readonly Removable[] }[] = [
    { noun: 'endpoint groups', verb: 'group', objects: objects.groups(tenant) },
    { noun: 'policies', verb: 'policy', objects: objects.policies(tenant) },
    { noun: 'netprofiles', verb: 'netprofile', objects: objects.profiles(tenant) },
    { noun: 'networks', verb: 'net', objects: view.networks(tenant) },
  ]
  const used = kinds.find(kind => kind.objects.length > 0)
  if (!used) return
  const names = used.objects.map(each => each.name)
  throw new SkeinError(
    'in-use',
    `cannot delete ${tenant} has ${names.length} ${used.noun} (${names.join(', ')}): ` +
      remedyFor(used.verb, tenant, used.objects),
  )
}

/** Groups and networks wait, deleted, for their last endpoint; policies and profiles have no status. */
interface Removable {
  readonly name: string
  readonly status?: string
}

function remedyFor(verb: string, tenant: string, objects: readonly Removable[]): string {
  const next = objects.find(({ status = 'live' }) => status === 'live')
  if (next) return `remove them first with: skein ${verb} rm${tenantFlag(tenant)} ${next.name}`
  return 'they are deleted but still have endpoints: stop those containers first, see skein conditions'
}
