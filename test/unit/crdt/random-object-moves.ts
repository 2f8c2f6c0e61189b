/** Random moves of three peers with groups, policies, rules, profiles and settings, and what users see of these. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import {
  addRuleLeaves,
  changeGroupLeaves,
  createGroupLeaves,
  createPolicyLeaves,
  removeGroupLeaves,
  removePolicyLeaves,
  removeProfileLeaves,
  removeRuleLeaves,
  removeValueLeaves,
  restoreRulesLeaves,
  writeGlobalLeaves,
  writeProfileLeaves,
} from '../../../src/crdt/object-acts.ts'
import type { Registry } from '../../../src/crdt/registry.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { checkRule } from '../../../src/model/rule.ts'
import { type ModelPeer, peersOf, settle } from './model-peer.ts'
import type { World } from './writer.ts'

interface Move {
  kind: number
  peer: number
  other: number
  pick: number
}

export const tenant = 'default'
const pickOf = <T>(list: readonly T[], pick: number) => list[pick % Math.max(list.length, 1)]
const policyOf = (pick: number) => (pick % 3 ? 'db' : 'web')

/** What users do, as the API lets them. */
const acts: readonly ((view: Registry, pick: number) => readonly Leaf[])[] = [
  ({ objects }, pick) => createPolicyLeaves(objects, tenant, policyOf(pick)),
  ({ objects }, pick) => {
    const name = policyOf(pick)
    const isFree = objects.policy(tenant, name) && !objects.groups().some(group => group.policies.includes(name))
    return isFree ? removePolicyLeaves(objects, tenant, name) : []
  },
  ...[0, 1, 2].map(() => ({ objects }: Registry, pick: number) => {
    const value = checkRule({ action: pick % 2 ? 'allow' : 'deny', priority: 1 + (pick % 3) })
    const isThere = objects.policy(tenant, policyOf(pick))?.alive
    return isThere ? addRuleLeaves(objects, tenant, policyOf(pick), String(1 + (pick % 2)), value) : []
  }),
  ({ objects }, pick) => {
    const id = String(1 + (pick % 2))
    const isThere = objects.ruleValues(tenant, policyOf(pick), id).length > 0
    return isThere ? removeRuleLeaves(objects, tenant, policyOf(pick), id) : []
  },
  ({ objects }, pick) => {
    const rule = pickOf(objects.ruleValues(tenant, policyOf(pick), String(1 + (pick % 2))), pick)
    return rule ? removeValueLeaves(objects, tenant, policyOf(pick), rule) : []
  },
  ({ objects }, pick) => {
    const event = pickOf(objects.history(tenant, policyOf(pick)), pick)
    const rules = event && objects.rulesAt(tenant, policyOf(pick), event.dot)
    return rules ? restoreRulesLeaves(objects, tenant, policyOf(pick), rules) : []
  },
  groupLeaves,
  groupLeaves,
  ({ objects }, pick) => {
    const group = pickOf(
      objects.groups().filter(({ status }) => status === 'live'),
      pick,
    )
    return group ? removeGroupLeaves(objects, group) : []
  },
  ({ objects }, pick) => writeProfileLeaves(objects, tenant, 'gold', { dscp: pick }),
  ({ objects }, pick) => writeProfileLeaves(objects, tenant, 'gold', { burst: 2 + (pick % 3) }),
  ({ objects }) => {
    const isFree = objects.profile(tenant, 'gold') && !objects.groups().some(group => group.profile === 'gold')
    return isFree ? removeProfileLeaves(objects, tenant, 'gold') : []
  },
  ({ objects }, pick) => writeGlobalLeaves(objects, { vlans: `${1 + pick}-100` }),
  ({ objects }, pick) => writeGlobalLeaves(objects, { fwdMode: pick % 2 ? 'bridge' : 'routing' }),
]

export function groupLeaves(view: Registry, pick: number): readonly Leaf[] {
  const { objects } = view
  const known = objects.policies(tenant).flatMap(({ name, alive }) => (alive ? name : []))
  const policies = known.filter((_, i) => (pick >> i) % 2 === 1)
  const profile = objects.profile(tenant, 'gold')?.alive && pick % 2 ? 'gold' : ''
  const group = objects.groupByName(tenant, 'app')
  if (group) return changeGroupLeaves(objects, group, { policies, profile })
  const network = view.networks()[0]?.id ?? ''
  return createGroupLeaves(objects, { tenant, name: 'app', network, pool: '' }, { policies, profile })
}

export const moves = fc.array(
  fc.record(
    { kind: fc.nat(acts.length + 9), peer: fc.nat(2), other: fc.nat(2), pick: fc.nat(7) },
    { noNullPrototype: true },
  ),
  { minLength: 10, maxLength: 90, size: 'max' },
)

export function play(peers: readonly ModelPeer[], { kind, peer, other, pick }: Move): void {
  const [a, b] = [peers[peer], peers[other]] as [ModelPeer, ModelPeer]
  const act = acts[kind]
  if (act) {
    const leaves = act(a.registry, pick)
    if (leaves.length > 0) a.write(leaves)
    return
  }
  switch (kind - acts.length) {
    case 0:
      return void a.pull(b, b.writer.key, 1 + (pick % 2))
    case 1:
    case 2:
      return void a.pullAll(b)
    case 3:
      return void a.sees(b)
    case 4:
    case 5:
      return void settle(peers)
    case 6:
      return void a.collect()
    case 7: {
      const network = a.registry.networks()[0]?.id ?? ''
      const group = a.registry.objects.groupByName(tenant, 'app')?.id
      const at = { ip: 0x0a010001 + pick, mac: '02:02:0a:01:00:01', container: '', containerName: 'c', aliases: [] }
      return void (group && a.write([{ kind: 'endpoint', id: `e${peer}`, network, group, ...at }]))
    }
    case 8: {
      const held = a.registry.endpointsOf(a.writer.key)[0]
      return void (held && a.write([{ kind: 'endpoint-rm', id: held.id, network: held.network }]))
    }
    default: {
      settle(peers)
      const before = peers.map(one => valuesOf(one.registry))
      for (const one of peers) one.collect()
      // some hear of it from one, and some from another
      b.pullAll(a)
      for (const [i, one] of peers.entries()) assert.deepEqual(valuesOf(one.registry), before[i])
    }
  }
}

/** Three peers, and a network for groups. */
export function scene(): { world: World; peers: ModelPeer[] } {
  const { world, peers } = peersOf()
  const spec = checkNetwork({ tenant, name: 'x', subnet: '10.1.0.0/28' })
  const one = peers[0] as ModelPeer
  one.write(createNetworkLeaves(one.registry, { tenant, name: 'web', spec }))
  settle(peers)
  return { world, peers }
}

/** As users see it. */
export function objectsOf(view: Registry) {
  const { objects } = view
  const policies = objects.policies().map(({ tenant: of, name, alive }) => {
    return { of, name, alive, rules: objects.rules(of, name).map(({ created: _, ...rule }) => rule) }
  })
  return {
    groups: objects.groups(),
    policies,
    profiles: objects.profiles(),
    globals: objects.globals(),
    generation: objects.nextGroupGeneration(tenant, 'app'),
    conditions: view.conditions().map(({ kind, objects: of, text }) => ({ kind, of, text })),
  }
}

/** The same without what only waits for somebody's attention. */
function valuesOf(view: Registry) {
  return { ...objectsOf(view), conditions: [] }
}
