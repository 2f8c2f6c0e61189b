/** Histories that end with a standing problem of each kind. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createNetworkLeaves, removeNetworkLeaves, removeTenantLeaves } from '../../../src/crdt/acts.ts'
import { giveAddressLeaves } from '../../../src/crdt/addresses.ts'
import { transferLeaf } from '../../../src/crdt/blocks.ts'
import { checkpointLeaf, runOf } from '../../../src/crdt/checkpoint.ts'
import { leavesOf } from '../../../src/crdt/compact-unit.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import {
  addRuleLeaves,
  createGroupLeaves,
  createPolicyLeaves,
  removeGroupLeaves,
  removeProfileLeaves,
  writeGlobalLeaves,
  writeProfileLeaves,
} from '../../../src/crdt/object-acts.ts'
import type { Group } from '../../../src/crdt/objects-view.ts'
import type { Condition } from '../../../src/crdt/registry-view.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { checkRule } from '../../../src/model/rule.ts'
import { type ModelPeer, peersOf, settle } from '../crdt/model-peer.ts'
import { historyOf, steps } from '../crdt/random-history.ts'
import { Scene } from '../crdt/removal-scene.ts'
import { World, type Writer } from '../crdt/writer.ts'

type NameOf = (number: number) => string

/** Conditions of random histories, and of what these do not come to: of every kind. */
export function everyCondition(): Condition[] {
  return [...ofRandomHistories(), ...conditionsAmong(number => `host${number}`)]
}

/** Conditions of hosts that are called so: of every kind that names a host. */
export function conditionsAmong(nameOf: NameOf): Condition[] {
  return [ofObjects, ofRemovals, ofAGiverThatIsGone, ofSuccessions, ofAnUnjustCheckpoint].flatMap(conditions =>
    conditions(nameOf),
  )
}

function ofRandomHistories(): Condition[] {
  const lists = fc.sample(fc.array(steps, { minLength: 3, maxLength: 5 }), { numRuns: 40, seed: 7 })
  return lists.flatMap(list => historyOf(list.flat()).world.all.conditions())
}

/** Of networks, addresses and objects. */
function ofObjects(nameOf: NameOf): Condition[] {
  const all: Condition[] = []
  const world = new World(2, nameOf).settleAll()
  const [first, second] = world.writers as [Writer, Writer]
  const create = (tenant: string, name: string, subnet: string, gateway = '') =>
    createNetworkLeaves(world.all, { tenant, name, spec: checkNetwork({ tenant, name, subnet, gateway }) })
  first.write([{ kind: 'tenant', name: 'red' }, ...create('red', 'a', '10.1.0.0/24')])
  second.write([...create('red', 'b', '10.1.0.0/16'), ...removeTenantLeaves(world.all, 'red')])
  const view = world.all
  const network = view.networks('red').find(each => each.name === 'a')?.id ?? ''
  const index = view.block(network, 0)?.owner === first.key ? 0 : 1
  const { last: ip } = view.blockRange(network, index)
  const give = (to: Writer, at = first.next) => giveAddressLeaves(world.all, first.signer, network, [ip], to.key, at)
  const twice = [give(first), give(second, first.next + 1)].map(leaves => leaves.at(-1) as Leaf)
  first.write([...give(first).slice(0, -1), ...twice])
  const block = index + 2
  const next = first.next
  first.write([first, second].map((to, i) => transferLeaf(view, first.signer, network, block, to.key, next + i)))
  const act = { tenant: 'red', name: 'app', network, pool: '' }
  first.write(createGroupLeaves(world.all.objects, act, { policies: ['p'], profile: 'gold' }))
  const group = world.all.objects.groupByName('red', 'app') as Group
  const at = { network, ip: ip - 1, mac: '02:02:0a:01:00:01', container: '', containerName: 'c', group: group.id }
  for (const writer of [first, second]) writer.write([{ kind: 'endpoint', id: 'e', ...at }])
  const before = world.all.objects
  first.write([
    ...createPolicyLeaves(before, 'red', 'p'),
    ...addRuleLeaves(before, 'red', 'p', '1', checkRule({ action: 'deny' })),
    ...writeProfileLeaves(before, 'red', 'gold', { bandwidth: '10 kbps', dscp: 3 }),
    ...writeGlobalLeaves(before, { vlans: '1-10', vxlans: '10000-20000' }),
  ])
  second.write([
    ...addRuleLeaves(before, 'red', 'p', '1', checkRule({ action: 'deny', priority: 2 })),
    ...addRuleLeaves(before, 'red', 'p', '2', checkRule({ fromIp: '10.1.2.0/24', protocol: 'tcp', port: 80 })),
    ...writeProfileLeaves(before, 'red', 'gold', { bandwidth: '20 kbps', dscp: 4 }),
    ...writeGlobalLeaves(before, { vlans: '1-20', vxlans: '10000-30000' }),
  ])
  const vlan = (tenant: string, name: string, subnet: string) => {
    const spec = checkNetwork({ tenant, name, subnet, encap: 'vlan', pktTag: 112 })
    return createNetworkLeaves(view, { tenant, name, spec })
  }
  first.write(vlan('default', 'old', '10.3.0.0/24'))
  for (const [tenant, name, subnet] of [
    ['default', 'young', '10.4.0.0/24'],
    ['red', 'used', '10.5.0.0/24'],
    ['red', 'unused', '10.6.0.0/24'],
  ] as const) {
    second.write(vlan(tenant, name, subnet))
    const made = world.all.networks(tenant).find(each => each.name === name)
    const at = (made?.spec.subnet.first ?? 0) + 8
    const place = { network: made?.id ?? '', ip: at, mac: '02:02:0a:01:00:02', container: '', containerName: 'v' }
    if (name !== 'unused') second.write([{ kind: 'endpoint', id: `e-${name}`, ...place }])
  }
  first.write(create('default', 'wide', '10.7.0.0/16', '10.7.0.1'))
  second.write([
    ...create('default', 'narrow', '10.7.1.0/24', '10.7.1.1'),
    ...create('default', 'idle', '10.7.2.0/24', '10.7.2.1'),
  ])
  const [wide = '', narrow = ''] = ['wide', 'narrow'].map(name => world.all.networkByName('default', name)?.id ?? '')
  for (const [id, on] of Object.entries({ 'e-wide': wide, 'e-narrow': narrow })) {
    const place = { network: on, ip: 0x0a070105, mac: '02:02:0a:07:01:05', container: '', containerName: id }
    second.write([{ kind: 'endpoint', id, ...place }])
  }
  first.write(createGroupLeaves(world.all.objects, { ...act, name: 'near', pool: '10.1.0.4-10.1.0.9' }, {}))
  second.write(createGroupLeaves(world.all.objects, { ...act, name: 'next', pool: '10.1.0.9' }, { policies: ['p'] }))
  all.push(...world.all.conditions())
  first.write(removeNetworkLeaves(world.all, wide))
  first.write([{ kind: 'endpoint', id: 'e-outside', ...at, ip: 0x0a090909 }])
  first.write([{ kind: 'rule-rm', tenant: 'red', policy: 'p', id: '2', value: '', seen: [] }])
  all.push(...world.all.conditions())
  second.write(removeProfileLeaves(world.all.objects, 'red', 'gold'))
  all.push(...world.all.conditions())
  first.write(removeGroupLeaves(world.all.objects, group))
  const forked = world.all
  forked.noteFork(second.key, [9, 0])
  return [...all, ...forked.conditions()]
}

/** One that waits, two hosts that remove each other, and one without an assertion, of a host that was made anew since or not. */
function ofRemovals(nameOf: NameOf): Condition[] {
  const scene = (count: number) => new Scene(count, count, undefined, nameOf)
  const waiting = scene(4)
  waiting.start(1, 4, 1)
  const mutual = scene(3)
  const before = mutual.seenBy(2)
  mutual.start(1, 2, 1)
  mutual.start(2, 1, 2, 0, before)
  const gone = scene(4)
  const peer = { kind: 'peer', addresses: [], vtepAddress: '', mtu: 1500, machine: 'ee'.repeat(16) } as const
  gone.at(4).write([{ ...peer, name: nameOf(4) }])
  const removal = gone.start(1, 4, 1)
  for (const acker of [2, 3]) gone.acknowledge(acker, removal, 4)
  gone.declare(1, removal)
  const unknown = gone.all.conditions()
  gone.at(2).write([{ ...peer, name: nameOf(2) }])
  return [waiting.all, mutual.all, gone.all].flatMap(view => view.conditions()).concat(unknown)
}

/** A block that was given twice by a host that was removed since. */
function ofAGiverThatIsGone(nameOf: NameOf): Condition[] {
  const scene = new Scene(4, 4, undefined, nameOf)
  const before = scene.all
  for (const to of [1, 2]) scene.give(scene.at(4), scene.at(to), scene.blockOf(4), before)
  const removal = scene.start(1, 4, 1, 1)
  for (const acker of [2, 3]) scene.acknowledge(acker, removal, 4)
  scene.declare(1, removal)
  return scene.all.conditions()
}

/** A host that came back under a new key; and a second one that says that it is that host. */
function ofSuccessions(nameOf: NameOf): Condition[] {
  const world = new World(5, nameOf).settleAll(3)
  world.succeed(1, 3, 4)
  const once = world.all.conditions()
  world.succeed(2, 3, 5)
  return [...once, ...world.all.conditions()]
}

/** A writer that lets go of the record by which it gave a block away. */
function ofAnUnjustCheckpoint(nameOf: NameOf): Condition[] {
  const { peers } = peersOf(undefined, 0, nameOf)
  const [one, two] = peers as [ModelPeer, ModelPeer]
  const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.0.0/28' })
  one.write(createNetworkLeaves(one.registry, { tenant: 'default', name: 'web', spec }))
  settle(peers)
  const id = two.registry.networks()[0]?.id ?? ''
  const own = [0, 1, 2, 3].find(i => two.registry.block(id, i)?.owner === two.writer.key) ?? -1
  two.write([transferLeaf(two.registry, two.writer.signer, id, own, one.writer.key, two.writer.next)])
  const parts = two.chain(two.writer.key)
  const run = runOf(parts)
  assert.ok(run)
  two.write([checkpointLeaf(two.writer.signer, run, parts.flatMap(leavesOf).slice(0, -1))])
  settle(peers)
  return one.registry.conditions()
}
