/** What keeps an object from being deleted, because it names it. */
import type { Rule } from '../crdt/objects-view.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import { SkeinError } from '../lib/errors.ts'
import type { RuleValue } from '../model/rule.ts'
import { inTenant, tenantFlag } from './lookup.ts'

/** Rules of the tenant that the test holds for, with their policies. */
export function rulesNaming(
  { objects }: RegistryView,
  tenant: string,
  test: (value: RuleValue) => boolean,
): (Rule & { policy: string })[] {
  return objects.policies(tenant).flatMap(({ name: policy }) => {
    const rules = objects.rules(tenant, policy).filter(({ value }) => test(value))
    return rules.map(rule => ({ ...rule, policy }))
  })
}

/** Throws `in-use` if groups are on the network or rules name it. */
export function checkNetworkUnused(view: RegistryView, network: { id: string; tenant: string; name: string }): void {
  const { id, tenant, name } = network
  const groups = view.objects.groups(tenant).filter(group => group.network === id)
  const [group] = groups
  if (group) {
    throw new SkeinError(
      'in-use',
      `cannot delete ${name} has ${groups.length} endpoint groups (${groups.map(each => each.name).join(', ')}): ` +
        `remove them first with: skein group rm${tenantFlag(tenant)} ${group.name}`,
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
  const [rule, ...others] = rulesNaming(view, tenant, value => value.fromNetwork === name || value.toNetwork === name)
  if (!rule) return
  throw new SkeinError(
    'in-use',
    `cannot ${verb} network ${name}${inTenant(tenant)}, ${1 + others.length} rules name it: remove them first with: ` +
      `skein policy rule-rm${tenantFlag(tenant)} ${rule.policy} ${rule.shown}`,
  )
}

/** Throws `in-use` if the tenant has groups, policies or profiles, in Contiv's order. */
export function checkTenantUnused({ objects }: RegistryView, tenant: string): void {
  const kinds = [
    { noun: 'endpoint groups', verb: 'group', names: objects.groups(tenant).map(group => group.name) },
    { noun: 'policies', verb: 'policy', names: objects.policies(tenant).map(policy => policy.name) },
    { noun: 'netprofiles', verb: 'netprofile', names: objects.profiles(tenant).map(profile => profile.name) },
  ]
  const used = kinds.find(({ names }) => names.length > 0)
  if (!used) return
  throw new SkeinError(
    'in-use',
    `cannot delete ${tenant} has ${used.names.length} ${used.noun} (${used.names.join(', ')}): ` +
      `remove them first with: skein ${used.verb} rm${tenantFlag(tenant)} ${used.names[0]}`,
  )
}
