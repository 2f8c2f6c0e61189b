/** A mesh in which there is one of everything, and random records that speak of it. */
import type { Arbitrary } from 'fast-check'
import { createNetworkLeaves, createTenantLeaves } from '../../../../src/crdt/acts.ts'
import type { Kind } from '../../../../src/crdt/codec.ts'
import { ruleHashOf } from '../../../../src/crdt/identity.ts'
import type { Leaf } from '../../../../src/crdt/leaves.ts'
import {
  addRuleLeaves,
  createGroupLeaves,
  createPolicyLeaves,
  writeProfileLeaves,
} from '../../../../src/crdt/object-acts.ts'
import { contentName } from '../../../../src/crdt/registry.ts'
import { checkNetwork } from '../../../../src/model/network.ts'
import { checkRule } from '../../../../src/model/rule.ts'
import { World, type Writer } from '../writer.ts'
import { fieldsOf } from './fields.ts'
import { leafArbitraries } from './leaves.ts'

const settled = 3

export interface Scene {
  readonly meshId: string
  /** Three settled members; what they write from now on nobody else has. */
  writers(): Writer[]
  readonly leaves: ReadonlyMap<Kind, Arbitrary<Leaf>>
}

/** The fourth writer was admitted, and is not settled. */
export function sceneOf(): Scene {
  const world = new World(settled + 1).settleAll(settled)
  world.admit(2, settled + 1)
  const [subnets, names] = [
    ['10.1.0.0/29', '10.1.0.0/28'],
    ['default', 'blue', 'web', '1'],
  ]
  world.at(1).write(createTenantLeaves(world.all, 'blue'))
  subnets.forEach((subnet, i) => {
    const name = ['web', 'blue'][i] ?? ''
    const spec = checkNetwork({ tenant: 'default', name, subnet })
    world.at(i + 1).write(createNetworkLeaves(world.all, { tenant: 'default', name, spec }))
  })
  const value = checkRule({ action: 'deny' })
  world
    .at(2)
    .write([
      ...createPolicyLeaves(world.all.objects, 'default', 'web'),
      ...addRuleLeaves(world.all.objects, 'default', 'web', '1', value),
      ...writeProfileLeaves(world.all.objects, 'default', '1', { bandwidth: '10 kbps', dscp: 3 }),
    ])
  const networks = world.all.networks().map(({ id }) => id)
  const act = { tenant: 'default', name: 'web', network: networks[0] ?? '', pool: '' }
  world.at(3).write(createGroupLeaves(world.all.objects, act, { policies: ['web'], profile: '1' }))
  const { all } = world
  const rosters = networks.flatMap(id => all.network(id)?.roster ?? [])
  const fields = fieldsOf({
    ...{ keys: world.writers.map(({ key }) => key), networks, names, subnets },
    hashes: [contentName(world.known()), ...rosters, ruleHashOf(value)],
    groups: all.objects.groups().map(({ id }) => id),
  })
  const { meshId } = world
  return { meshId, writers: () => world.writers.map(writer => writer.copy()), leaves: leafArbitraries(fields) }
}
