/** What users do with groups, policies, rules, profiles and settings, as leaves to write. Each decides inside the write. */
import type { GlobalSettings } from '../model/global.ts'
import { type NetProfile, noProfile } from '../model/net-profile.ts'
import type { NetworkId } from '../model/network.ts'
import { type RuleValue, sameRule } from '../model/rule.ts'
import { groupIdOf } from './identity.ts'
import type { Leaf } from './leaves.ts'
import type { GroupLeaf } from './object-leaves.ts'
import type { Group, ObjectsView, Rule } from './objects-view.ts'

/** What a group is created with, or is to have from now on; what is undefined stays as it is. */
export interface GroupWish {
  policies?: readonly string[] | undefined
  profile?: string | undefined
}

/** Creates a group with its policies and profile. */
export function createGroupLeaves(
  view: ObjectsView,
  act: { tenant: string; name: string; network: NetworkId; pool: string },
  wish: GroupWish,
): Leaf[] {
  const leaf: GroupLeaf = { kind: 'group', ...act, generation: view.nextGroupGeneration(act.tenant, act.name) }
  const id = groupIdOf(leaf)
  // what concurrent writers gave the same act is theirs to keep
  return [leaf, ...changeLeaves(view, { id, policies: [], profile: '' }, wish, [])]
}

/** Gives a group the policies and the profile of the wish; none if it has them. */
export function changeGroupLeaves(view: ObjectsView, group: Group, wish: GroupWish): Leaf[] {
  const { policies } = wish
  return changeLeaves(view, group, wish, policies ? group.policies.filter(name => !policies.includes(name)) : [])
}

function changeLeaves(
  view: ObjectsView,
  group: Pick<Group, 'id' | 'policies' | 'profile'>,
  { policies = group.policies, profile }: GroupWish,
  gone: readonly string[],
): Leaf[] {
  const { id } = group
  const added = [...new Set(policies)].filter(name => !group.policies.includes(name)).sort()
  return [
    ...gone.map((policy): Leaf => {
      return { kind: 'group-policy-rm', group: id, policy, seen: view.attachments(id, policy) }
    }),
    ...added.map((policy): Leaf => ({ kind: 'group-policy', group: id, policy })),
    ...(profile === undefined || (profile === group.profile && !view.contested('group', id).includes('profile'))
      ? []
      : [{ kind: 'group-edit', group: id, profile, labels: null, ...view.replacing('group', id) } as const]),
  ]
}

/** The deletion names every act that is seen. */
export function removeGroupLeaves(view: ObjectsView, group: Group): Leaf[] {
  const { id, tenant, bornName, generation } = group
  return [{ kind: 'group-rm', id, tenant, name: bornName, generation, seen: view.groupActs(id) }]
}

/** None if it is there. What is kept although it was deleted lives on with its rules; what is dead begins without any. */
export function createPolicyLeaves(view: ObjectsView, tenant: string, name: string): Leaf[] {
  const policy = view.policy(tenant, name)
  if (policy?.alive) return []
  return [{ kind: 'policy', tenant, name, dropped: policy ? [] : view.policyRules(tenant, name) }]
}

/** Its rules go with it: they are hidden, and left behind when it is created anew. */
export function removePolicyLeaves(view: ObjectsView, tenant: string, name: string): Leaf[] {
  const [seen, rules] = [view.policyActs(tenant, name), view.policyRules(tenant, name)]
  return [{ kind: 'policy-rm', tenant, name, seen, rules }]
}

export function addRuleLeaves(view: ObjectsView, tenant: string, policy: string, id: string, value: RuleValue): Leaf[] {
  return [{ kind: 'rule', tenant, policy, id, value, removals: view.policyCover(tenant, policy) }]
}

/** Removes all that is under the id. */
export function removeRuleLeaves(view: ObjectsView, tenant: string, policy: string, id: string): Leaf[] {
  return [{ kind: 'rule-rm', tenant, policy, id, value: '', seen: view.ruleActs(tenant, policy, id) }]
}

/** Removes one value, in effect or not, and leaves the others under its id. */
export function removeValueLeaves(
  view: ObjectsView,
  tenant: string,
  policy: string,
  { id, hash }: Pick<Rule, 'id' | 'hash'>,
): Leaf[] {
  // also writes of it that are off, which would be shown as lost once it is gone
  return [{ kind: 'rule-rm', tenant, policy, id, value: hash, seen: view.ruleActs(tenant, policy, id, hash) }]
}

/** Makes the rules of a policy these: values that are not among them are removed, those that lack are added. */
export function restoreRulesLeaves(
  view: ObjectsView,
  tenant: string,
  policy: string,
  wanted: readonly Pick<Rule, 'id' | 'value'>[],
): Leaf[] {
  const creation = createPolicyLeaves(view, tenant, policy)
  // a policy that is created anew has left its rules behind
  const present = view.policy(tenant, policy) ? view.rules(tenant, policy) : []
  const isIn = (list: readonly Pick<Rule, 'id' | 'value'>[], rule: Pick<Rule, 'id' | 'value'>) =>
    list.some(other => other.id === rule.id && sameRule(other.value, rule.value))
  return [
    ...creation,
    ...present.filter(rule => !isIn(wanted, rule)).flatMap(rule => removeValueLeaves(view, tenant, policy, rule)),
    ...wanted
      .filter(rule => !isIn(present, rule))
      .flatMap(({ id, value }) => addRuleLeaves(view, tenant, policy, id, value)),
  ]
}

/** Creates a profile with these fields, or changes them; none if it has them. */
export function writeProfileLeaves(
  view: ObjectsView,
  tenant: string,
  name: string,
  fields: Partial<NetProfile>,
): Leaf[] {
  const present = view.profile(tenant, name)
  const contested = view.contested('netprofile', `${tenant}/${name}`)
  // a creation says every field, so that nothing of an earlier life shows through; what is kept is given another life as it is
  const write = present?.alive ? changed(present, fields, contested) : { ...noProfile, ...present, ...fields }
  if (Object.keys(write).length === 0) return []
  const { bandwidth = null, dscp = null, burst = null } = write
  return [
    { kind: 'netprofile', tenant, name, bandwidth, dscp, burst, ...view.replacing('netprofile', `${tenant}/${name}`) },
  ]
}

export function removeProfileLeaves(view: ObjectsView, tenant: string, name: string): Leaf[] {
  return [{ kind: 'netprofile-rm', tenant, name, ...view.replacing('netprofile', `${tenant}/${name}`) }]
}

/** None if all hold already. */
export function writeGlobalLeaves(view: ObjectsView, fields: Partial<GlobalSettings>): Leaf[] {
  const write = changed(view.globals(), fields, view.contested('global', 'global'))
  if (Object.keys(write).length === 0) return []
  const nothing = { fabricMode: null, vlans: null, vxlans: null, fwdMode: null, arpMode: null, privateSubnet: null }
  return [{ kind: 'global', ...nothing, ...write, ...view.replacing('global', 'global') }]
}

/** A field that two writers gave different values is written although it has the value: that settles it. */
function changed<T extends object>(present: T, fields: Partial<T>, contested: readonly string[]): Partial<T> {
  const different = Object.entries(fields).filter(([field, value]) => {
    return present[field as keyof T] !== value || contested.includes(field)
  })
  return Object.fromEntries(different) as Partial<T>
}
