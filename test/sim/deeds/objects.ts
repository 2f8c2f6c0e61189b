/** Groups, policies, rules, profiles and settings, edited on all sides of splits. */
import { removeGroup } from '../../../src/api/groups.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import {
  addRuleLeaves,
  changeGroupLeaves,
  createGroupLeaves,
  createPolicyLeaves,
  removePolicyLeaves,
  removeProfileLeaves,
  removeRuleLeaves,
  writeGlobalLeaves,
  writeProfileLeaves,
} from '../../../src/crdt/object-acts.ts'
import type { RegistryView } from '../../../src/crdt/registry-view.ts'
import { SkeinError } from '../../../src/lib/errors.ts'
import type { PeerKey } from '../../../src/lib/keys.ts'
import { checkRule } from '../../../src/model/rule.ts'
import type { Random } from '../random.ts'
import type { Deed } from './deed.ts'

const groups = ['front', 'back']
const policies = ['open', 'shut']
const profile = 'slow'

type Build = (view: RegistryView, tenant: string, random: Random) => readonly Leaf[]

function deed(weight: number, build: Build): Deed {
  return {
    weight,
    absent: 0.3,
    async run({ peer, random }) {
      if (random.chance(0.3)) await peer.replica.syncNow(500)
      const dot = await peer.replica.write(view => build(view, random.pick(view.tenants()) ?? 'default', random))
      return dot !== undefined
    },
  }
}

export const objectDeeds: Record<string, Deed> = {
  writeGroup: deed(0.5, (view, tenant, random) => {
    const { objects } = view
    const name = random.pick(groups) ?? 'front'
    const known = objects.policies(tenant).filter(policy => policy.alive)
    const wished = known.map(policy => policy.name).filter(() => random.chance(0.5))
    const wish = { policies: wished, profile: objects.profile(tenant, profile)?.alive ? profile : '' }
    const group = objects.groupByName(tenant, name)
    if (group) return changeGroupLeaves(objects, group, wish)
    const network = random.pick(view.networks(tenant).filter(({ status }) => status === 'live'))
    return network ? createGroupLeaves(objects, { tenant, name, network: network.id, pool: '' }, wish) : []
  }),
  removeGroup: {
    weight: 0.2,
    absent: 0.3,
    async run({ peer: { replica }, random }) {
      const { view } = replica
      const tenant = random.pick(view.tenants()) ?? 'default'
      const group = random.pick(view.objects.groups(tenant).filter(({ status }) => status === 'live'))
      const nameOf = (key: PeerKey) => view.member(key)?.name ?? key
      if (group) await removeGroup({ replica, nameOf }, `${tenant}:${group.name}`)
      return group !== undefined
    },
  },
  createPolicy: deed(0.3, ({ objects }, tenant, random) =>
    createPolicyLeaves(objects, tenant, random.pick(policies) ?? 'open'),
  ),
  removePolicy: deed(0.2, ({ objects }, tenant, random) => {
    const policy = random.pick(objects.policies(tenant))
    if (!policy) return []
    if (objects.groups(tenant).some(group => group.policies.includes(policy.name))) {
      throw new SkeinError('in-use', `policy ${policy.name} has groups`)
    }
    return removePolicyLeaves(objects, tenant, policy.name)
  }),
  addRule: deed(0.6, ({ objects }, tenant, random) => {
    const policy = random.pick(objects.policies(tenant))
    const action = random.chance(0.5) ? 'allow' : 'deny'
    const value = checkRule({ protocol: 'tcp', port: 80 + random.below(2), action })
    return policy ? addRuleLeaves(objects, tenant, policy.name, String(1 + random.below(3)), value) : []
  }),
  removeRule: deed(0.4, ({ objects }, tenant, random) => {
    const policy = random.pick(objects.policies(tenant))
    const rule = policy && random.pick(objects.rules(tenant, policy.name))
    return rule ? removeRuleLeaves(objects, tenant, policy.name, rule.id) : []
  }),
  writeProfile: deed(0.2, ({ objects }, tenant, random) =>
    writeProfileLeaves(objects, tenant, profile, { dscp: random.below(4) }),
  ),
  removeProfile: deed(0.1, ({ objects }, tenant) => {
    if (!objects.profile(tenant, profile)) return []
    if (objects.groups(tenant).some(group => group.profile === profile)) {
      throw new SkeinError('in-use', `netprofile ${profile} is used`)
    }
    return removeProfileLeaves(objects, tenant, profile)
  }),
  writeSettings: deed(0.2, ({ objects }, _, random) =>
    writeGlobalLeaves(objects, { privateSubnet: `172.${19 + random.below(3)}.0.0/16` }),
  ),
}
