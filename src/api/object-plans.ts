/** What a creation of a policy, rule, group or profile needs, decided on what is known: throws, or says what to write. */
import { checkGroupSlot } from '../crdt/docker-slots.ts'
import { ruleRmCommand } from '../crdt/object-commands.ts'
import type { Group } from '../crdt/objects-view.ts'
import type { Network } from '../crdt/registry-view.ts'
import { SkeinError } from '../lib/errors.ts'
import { checkPool, poolsOverlap } from '../model/group.ts'
import { checkName } from '../model/names.ts'
import { checkRule, checkRuleId, type RuleRequest, type RuleValue, ruleText, sameRule } from '../model/rule.ts'
import { inTenant, requireTenant, tenantFlag } from './lookup.ts'
import { type KnownObjects, missingGroup, missingNetwork, requirePolicy, requireProfile } from './object-lookup.ts'

/** More values under one id come only of splits. */
export interface RuleWish extends RuleRequest {
  tenant: string
  policy: string
  id: string
}

export function planRule(known: KnownObjects, wish: RuleWish): { value: RuleValue; existed: boolean } {
  const { tenant, policy, id } = wish
  checkRuleId(id)
  const value = withoutSpareNetworks(known, tenant, checkRule(wish))
  requirePolicy(known, tenant, policy)
  for (const name of [value.fromGroup, value.toGroup]) {
    if (name && !known.objects.groupByName(tenant, name)) throw missingGroup(tenant, name)
  }
  for (const name of [value.fromNetwork, value.toNetwork]) {
    if (name && !known.networkByName(tenant, name)) throw missingNetwork(tenant, name)
  }
  const present = known.objects.ruleValues(tenant, policy, id)
  if (present.some(rule => sameRule(rule.value, value))) return { value, existed: true }
  const [other] = present
  if (!other) return { value, existed: false }
  throw new SkeinError(
    'conflict',
    `can not update a rule after its created: rule ${id} of policy ${policy}${inTenant(tenant)} is ${ruleText(other.value)}; ` +
      `remove it first with: ${ruleRmCommand(known.objects, tenant, policy, other)}`,
  )
}

/** Contiv's words. */
const bothTexts = {
  from: "Can't specify both from-group argument and -from-network",
  to: "Can't specify both -to-group and -to-network",
}

/** A group says its network by itself; naming that one too is no error, naming another is. */
function withoutSpareNetworks(known: KnownObjects, tenant: string, value: RuleValue): RuleValue {
  const spare = (side: 'from' | 'to', group: string, network: string): string => {
    if (!group || !network) return network
    const found = known.objects.groupByName(tenant, group)
    if (!found || found.network === known.networkByName(tenant, network)?.id) return ''
    throw new SkeinError(
      'invalid',
      `${bothTexts[side]}: group ${group} is in another network than ${network}; leave out --${side}-network`,
    )
  }
  return {
    ...value,
    fromNetwork: spare('from', value.fromGroup, value.fromNetwork),
    toNetwork: spare('to', value.toGroup, value.toNetwork),
  }
}

export interface GroupPlanWish {
  tenant: string
  name: string
  /** Name of its network. */
  network: string
  pool?: string | undefined
  policies?: readonly string[] | undefined
  profile?: string | undefined
}

export interface GroupPlan {
  network: Pick<Network, 'id'>
  pool: string
  /** The group, if it is there: its policies and profile may change. */
  present: Group | undefined
}

export function planGroup(known: KnownObjects, wish: GroupPlanWish): GroupPlan {
  const { tenant, name } = wish
  const present = known.objects.groupByName(tenant, name)
  // the later of two of one name bears one that none is created with: app~1a2b3c
  if (!present) checkName('group', name)
  requireTenant(known, tenant)
  const network = known.networkByName(tenant, wish.network)
  if (!network) throw missingNetwork(tenant, wish.network)
  const pool = checkPool(wish.pool ?? '', network.spec.subnet)
  for (const policy of wish.policies ?? []) requirePolicy(known, tenant, policy)
  if (wish.profile) requireProfile(known, tenant, wish.profile)
  if (!present) checkGroupSlot(known, tenant, name, wish.network)
  const remedy = `use another name, or remove it first with: skein group rm${tenantFlag(tenant)} ${name}`
  if (present && present.network !== network.id) {
    throw new SkeinError(
      'conflict',
      `Cannot change network association of group ${name} after it is created: ${remedy}`,
    )
  }
  if (present && pool !== '' && present.pool !== pool) {
    throw new SkeinError(
      'conflict',
      `Cannot change IP pool of group ${name} after it is created (${present.pool || 'none'}): ${remedy}`,
    )
  }
  // one that is there has its pool, also where another's came to overlap it on the other side of a split
  if (present) return { network, pool, present }
  const rival = known.objects.groups(tenant).find(group => {
    return group.name !== name && group.network === network.id && poolsOverlap(group.pool, pool)
  })
  if (!rival) return { network, pool, present }
  throw new SkeinError(
    'conflict',
    `ip-pool ${pool} overlaps that of group ${rival.name} (${rival.pool}): choose another`,
  )
}
