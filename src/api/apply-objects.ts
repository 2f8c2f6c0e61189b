/** The jobs of `apply` for profiles, policies, groups and rules: in this order, since groups name policies, and rules groups. */
import { z } from 'zod'
import type { Group } from '../crdt/objects-view.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import { checkName, defaultTenant } from '../model/names.ts'
import { checkNetProfile } from '../model/net-profile.ts'
import type { ApiDeps } from './deps.ts'
import { requireTenant } from './lookup.ts'
import type { KnownObjects } from './object-lookup.ts'
import { type GroupPlanWish, planGroup, planRule, type RuleWish } from './object-plans.ts'
import { type ProfileWish, type Written, writeGroup, writePolicy, writeProfile, writeRule } from './object-writes.ts'
import type { AppliedJson } from './types.ts'

const text = z.string().optional()
const tenant = z.string().default(defaultTenant)
const rule = z.strictObject({
  id: z.string(),
  ...{ direction: text, action: text, protocol: text, fromGroup: text, toGroup: text },
  ...{ fromNetwork: text, toNetwork: text, fromIp: text, toIp: text },
  priority: z.number().optional(),
  port: z.number().optional(),
})

/** Parts of the request's body. */
export const objectsBody = {
  netprofiles: z
    .array(
      z.strictObject({
        ...{ tenant, name: z.string(), bandwidth: text },
        ...{ dscp: z.number().optional(), burst: z.number().optional() },
      }),
    )
    .default([]),
  policies: z.array(z.strictObject({ tenant, name: z.string(), rules: z.array(rule).default([]) })).default([]),
  groups: z
    .array(
      z.strictObject({
        ...{ tenant, name: z.string(), network: z.string(), pool: text, profile: text },
        policies: z.array(z.string()).optional(),
      }),
    )
    .default([]),
}

export interface ObjectMakers {
  profile(wish: ProfileWish): Promise<Written>
  policy(tenant: string, name: string): Promise<Written>
  group(wish: GroupPlanWish): Promise<Written>
  rule(wish: RuleWish): Promise<Written>
}

export type ObjectJob = Pick<AppliedJson, 'kind' | 'key'> & { make: () => Promise<Written> }

export function objectJobs(
  objects: {
    netprofiles: readonly ProfileWish[]
    policies: readonly { tenant: string; name: string; rules: readonly Omit<RuleWish, 'tenant' | 'policy'>[] }[]
    groups: readonly GroupPlanWish[]
  },
  makers: ObjectMakers,
): ObjectJob[] {
  const key = (each: { tenant: string; name: string }) => `${each.tenant}:${each.name}`
  return [
    ...objects.netprofiles.map((wish): ObjectJob => {
      return { kind: 'netprofile', key: key(wish), make: () => makers.profile(wish) }
    }),
    ...objects.policies.map((policy): ObjectJob => {
      return { kind: 'policy', key: key(policy), make: () => makers.policy(policy.tenant, policy.name) }
    }),
    ...objects.groups.map((wish): ObjectJob => {
      return { kind: 'group', key: key(wish), make: () => makers.group(wish) }
    }),
    ...objects.policies.flatMap(policy =>
      policy.rules.map((each): ObjectJob => {
        const wish = { ...each, tenant: policy.tenant, policy: policy.name }
        return { kind: 'rule', key: `${key(policy)}:${each.id}`, make: () => makers.rule(wish) }
      }),
    ),
  ]
}

export function realObjectMakers(deps: ApiDeps): ObjectMakers {
  return {
    profile: wish => writeProfile(deps, wish),
    policy: (of, name) => writePolicy(deps, of, name),
    group: wish => writeGroup(deps, wish),
    rule: wish => writeRule(deps, wish),
  }
}

/** Decides as `realObjectMakers` would, and remembers what it would have made. `known`: with imagined tenants and networks. */
export function dryObjectMakers(
  known: Pick<KnownObjects, 'hasTenant' | 'networkByName'>,
  view: RegistryView,
): ObjectMakers {
  const made = { policies: new Set<string>(), profiles: new Set<string>(), groups: new Map<string, Group>() }
  const keyOf = (of: string, name: string) => `${of}:${name}`
  const { objects } = view
  const all: KnownObjects = {
    ...known,
    objects: {
      groupByName: (of, name) => objects.groupByName(of, name) ?? made.groups.get(keyOf(of, name)),
      groups: of => [...objects.groups(of), ...[...made.groups.values()].filter(group => group.tenant === of)],
      policy: (of, name) => {
        const imagined = { tenant: of, name, alive: true, created: [0, 0] as const }
        return objects.policy(of, name) ?? (made.policies.has(keyOf(of, name)) ? imagined : undefined)
      },
      profile: (of, name) => {
        const imagined = { tenant: of, name, alive: true, bandwidth: '', dscp: 0, burst: 0 }
        return objects.profile(of, name) ?? (made.profiles.has(keyOf(of, name)) ? imagined : undefined)
      },
      ruleValues: (of, policy, id) => objects.ruleValues(of, policy, id),
      lostValues: (of, policy, id) => objects.lostValues(of, policy, id),
    },
  }
  const written = (existed: boolean): Written => ({ dot: undefined, existed })
  return {
    async profile(wish) {
      checkName('netprofile', wish.name)
      checkNetProfile(wish)
      requireTenant(all, wish.tenant)
      made.profiles.add(keyOf(wish.tenant, wish.name))
      return written(objects.profile(wish.tenant, wish.name) !== undefined)
    },
    async policy(of, name) {
      checkName('policy', name)
      requireTenant(all, of)
      made.policies.add(keyOf(of, name))
      return written(objects.policy(of, name) !== undefined)
    },
    async group(wish) {
      const { network, pool, present } = planGroup(all, wish)
      if (!present) made.groups.set(keyOf(wish.tenant, wish.name), imaginedGroup(wish, network.id, pool))
      return written(present !== undefined)
    },
    rule: async wish => written(planRule(all, wish).existed),
  }
}

function imaginedGroup({ tenant: of, name }: GroupPlanWish, network: string, pool: string): Group {
  return {
    ...{ id: '', tenant: of, name, bornName: name, network, pool, generation: 0, created: [0, 0], status: 'live' },
    ...{ policies: [], profile: '', labels: [] },
  }
}
