/** Creates or changes one policy, rule, group or profile: for the routes and for `apply`. The members have been heard. */
import {
  addRuleLeaves,
  changeGroupLeaves,
  createGroupLeaves,
  createPolicyLeaves,
  writeProfileLeaves,
} from '../crdt/object-acts.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import type { Dot } from '../crdt/vector.ts'
import { checkName } from '../model/names.ts'
import { checkNetProfile } from '../model/net-profile.ts'
import type { ApiDeps } from './deps.ts'
import { requireTenant } from './lookup.ts'
import { type GroupPlanWish, planGroup, planRule, type RuleWish } from './object-plans.ts'

export interface Written {
  /** Undefined if nothing had to be written. */
  dot: Dot | undefined
  /** It was there, whether or not it had to be changed. */
  existed: boolean
}

export async function writePolicy({ replica }: ApiDeps, tenant: string, name: string): Promise<Written> {
  checkName('policy', name)
  let existed = false
  const dot = await replica.write(view => {
    requireTenant(view, tenant)
    const leaves = createPolicyLeaves(view.objects, tenant, name)
    existed = leaves.length === 0
    return leaves
  })
  return { dot, existed }
}

export async function writeRule({ replica }: ApiDeps, wish: RuleWish): Promise<Written> {
  let existed = false
  const dot = await replica.write(view => {
    const plan = planRule(view, wish)
    existed = plan.existed
    return existed ? [] : addRuleLeaves(view.objects, wish.tenant, wish.policy, wish.id, plan.value)
  })
  return { dot, existed }
}

export async function writeGroup({ replica }: ApiDeps, wish: GroupPlanWish): Promise<Written> {
  let existed = false
  const dot = await replica.write(view => {
    const { network, pool, present } = planGroup(view, wish)
    existed = present !== undefined
    if (present) return changeGroupLeaves(view.objects, present, wish)
    const act = { tenant: wish.tenant, name: wish.name, network: network.id, pool }
    return createGroupLeaves(view.objects, act, wish)
  })
  return { dot, existed }
}

export interface ProfileWish {
  tenant: string
  name: string
  bandwidth?: string | undefined
  dscp?: number | undefined
  burst?: number | undefined
}

export async function writeProfile({ replica }: ApiDeps, wish: ProfileWish): Promise<Written> {
  const { tenant, name } = wish
  checkName('netprofile', name)
  const fields = checkNetProfile(wish)
  let existed = false
  const dot = await replica.write(view => {
    requireTenant(view, tenant)
    existed = isThere(view, tenant, name)
    return writeProfileLeaves(view.objects, tenant, name, fields)
  })
  return { dot, existed }
}

function isThere({ objects }: RegistryView, tenant: string, name: string): boolean {
  return objects.profile(tenant, name)?.alive ?? false
}
