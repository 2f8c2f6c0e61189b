/** What the commands that delete groups and networks take as it is. */
import type { RuleValue } from '../model/rule.ts'
import type { Group } from './objects-view.ts'
import type { Network, RegistryView } from './registry-view.ts'

/** True for what `skein group rm` takes as it is. */
export function isUnusedGroup(view: RegistryView, group: Group): boolean {
  return !view.endpoints(group.network).some(({ group: its }) => its === group.id) && !isNamedGroup(view, group)
}

/** True if a rule names the group: then it is not deleted. */
export function isNamedGroup(view: RegistryView, { tenant, name }: Pick<Group, 'tenant' | 'name'>): boolean {
  return hasRule(view, tenant, value => value.fromGroup === name || value.toGroup === name)
}

/** The same of a network. */
export function isNamedNetwork(view: RegistryView, { tenant, name }: Pick<Network, 'tenant' | 'name'>): boolean {
  return hasRule(view, tenant, value => value.fromNetwork === name || value.toNetwork === name)
}

function hasRule({ objects }: RegistryView, tenant: string, test: (value: RuleValue) => boolean): boolean {
  return objects.policies(tenant).some(({ name }) => objects.rules(tenant, name).some(({ value }) => test(value)))
}
