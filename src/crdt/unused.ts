/** What keeps a group or a network from being deleted: containers, and rules that name it. */
import type { RuleValue } from '../model/rule.ts'
import type { Group, Rule } from './objects-view.ts'
import type { Network, RegistryView } from './registry-view.ts'

/** A rule with its policy. */
export type PolicyRule = Rule & { readonly policy: string }

/** True for what `skein group rm` takes as it is. */
export function isUnusedGroup(view: RegistryView, group: Group): boolean {
  return (
    !view.endpoints(group.network).some(({ group: its }) => its === group.id) && rulesOfGroup(view, group).length === 0
  )
}

/** Rules that name the group: then it is not deleted. */
export function rulesOfGroup(view: RegistryView, { tenant, name }: Pick<Group, 'tenant' | 'name'>): PolicyRule[] {
  return rulesThat(view, tenant, value => value.fromGroup === name || value.toGroup === name)
}

/** The same of a network. */
export function rulesOfNetwork(view: RegistryView, { tenant, name }: Pick<Network, 'tenant' | 'name'>): PolicyRule[] {
  return rulesThat(view, tenant, value => value.fromNetwork === name || value.toNetwork === name)
}

function rulesThat({ objects }: RegistryView, tenant: string, test: (value: RuleValue) => boolean): PolicyRule[] {
  return objects.policies(tenant).flatMap(({ name: policy }) => {
    const rules = objects.rules(tenant, policy).filter(({ value }) => test(value))
    return rules.map(rule => ({ ...rule, policy }))
  })
}
