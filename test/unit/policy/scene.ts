/** One tenant's networks, groups, policies and rules, written by real writers, for the tests of what policies mean. */
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import {
  addRuleLeaves,
  changeGroupLeaves,
  createGroupLeaves,
  createPolicyLeaves,
} from '../../../src/crdt/object-acts.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { type Address, parseAddress } from '../../../src/model/address-match.ts'
import type { GroupId } from '../../../src/model/group.ts'
import { address4 } from '../../../src/model/ipv6.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { checkRule, type RuleRequest } from '../../../src/model/rule.ts'
import type { Party } from '../../../src/policy/index.ts'
import { World } from '../crdt/writer.ts'

/** A party that the IPv4 address of an endpoint belongs to, too. */
export interface SceneParty extends Party {
  /** Its IPv4 address. */
  readonly own: number
}

/** Policies by group, and rules by policy: `{ id: request }`. */
export interface SceneGroup {
  readonly network?: string
  readonly policies?: readonly string[]
}
export type SceneRules = Readonly<Record<string, Readonly<Record<string, RuleRequest>>>>

const tenant = 'default'

export interface Scene {
  readonly world: World
  readonly view: Registry
  /** Writes leaves made of what is known, by the founder, and takes them in. */
  write(make: (view: Registry) => readonly Leaf[]): void
  group(name: string): GroupId
  /** A party at an address of network `web` (10.1.2.0/24, fd00:6::/64) or `lan` (10.1.3.0/24), or outside. */
  party(ip: string, group?: string): SceneParty
  addRule(policy: string, id: string, rule: RuleRequest): void
  setPolicies(group: string, policies: readonly string[]): void
}

/** @param web6 IPv6 prefix of network `web` */
export function createScene(
  groups: Readonly<Record<string, SceneGroup>>,
  rules: SceneRules = {},
  web6: '' | 'fd00:6::/64' = '',
): Scene {
  const world = new World(2).settleAll()
  const view = new Registry(world.meshId, verifySignature)
  let applied = 0
  const sync = () => {
    const { batches } = world.at(1)
    for (; applied < batches.length; applied++) view.apply(batches[applied] as (typeof batches)[number])
  }
  for (const batch of world.at(2).batches) view.apply(batch)
  sync()
  const write: Scene['write'] = make => {
    const leaves = make(view)
    if (leaves.length > 0) world.at(1).write(leaves)
    sync()
  }
  const id = (name: string) => view.objects.groupByName(tenant, name)?.id ?? ''
  for (const [name, subnet, subnet6] of [
    ['web', '10.1.2.0/24', web6],
    ['lan', '10.1.3.0/24', ''],
  ] as const) {
    const spec = { ...checkNetwork({ tenant, name, subnet }), subnet6 }
    write(known => createNetworkLeaves(known, { tenant, name, spec }))
  }
  for (const policy of new Set([
    ...Object.values(groups).flatMap(each => each.policies ?? []),
    ...Object.keys(rules),
  ])) {
    write(known => createPolicyLeaves(known.objects, tenant, policy))
  }
  const scene: Scene = {
    ...{ world, view, write, group: id },
    party(text, group) {
      const ip = parseAddress(text) as Address
      const networks = view.networks(tenant)
      const own = typeof ip === 'number' ? ip : (networks.map(each => address4(each.spec, text)).find(Boolean) ?? 0)
      const network = networks.find(({ spec: { subnet } }) => own >= subnet.first && own <= subnet.last)
      return { ip, own, network: network?.id, group: group === undefined ? undefined : id(group) }
    },
    addRule: (policy, ruleId, rule) =>
      write(known => addRuleLeaves(known.objects, tenant, policy, ruleId, checkRule(rule))),
    setPolicies: (group, policies) =>
      write(known => {
        const found = known.objects.groupByName(tenant, group)
        return found ? changeGroupLeaves(known.objects, found, { policies }) : []
      }),
  }
  for (const [name, { network = 'web', policies = [] }] of Object.entries(groups)) {
    write(known => {
      const on = known.networkByName(tenant, network)?.id ?? ''
      return createGroupLeaves(known.objects, { tenant, name, network: on, pool: '' }, { policies, profile: '' })
    })
  }
  for (const [policy, byId] of Object.entries(rules)) {
    for (const [ruleId, rule] of Object.entries(byId)) scene.addRule(policy, ruleId, rule)
  }
  return scene
}
