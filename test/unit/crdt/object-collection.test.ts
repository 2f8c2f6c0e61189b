import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { leavesOf } from '../../../src/crdt/compact-unit.ts'
import { decodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import {
  addRuleLeaves,
  createPolicyLeaves,
  removeGroupLeaves,
  removePolicyLeaves,
  removeRuleLeaves,
  writeGlobalLeaves,
} from '../../../src/crdt/object-acts.ts'
import { checkRule } from '../../../src/model/rule.ts'
import { collectAll, ModelPeer, settle } from './model-peer.ts'
import { groupLeaves, moves, objectsOf, play, scene, tenant } from './random-object-moves.ts'
import { viewJson } from './view-json.ts'

const objectKinds = [
  ...['group', 'group-rm', 'group-edit', 'group-policy', 'group-policy-rm', 'policy', 'policy-rm', 'rule', 'rule-rm'],
  ...['netprofile', 'netprofile-rm', 'global'],
]

describe('crdt: collection of objects', function () {
  this.timeout(120_000)

  it('changes nothing that anybody sees (I3), and gives one state to all, in whatever form they got it (I2)', () => {
    const went = new Map<string, number>()
    fc.assert(
      fc.property(moves, list => {
        const { world, peers } = scene()
        for (const move of list) play(peers, move)
        settle(peers)
        const before = objectsOf((peers[0] as ModelPeer).registry)
        collectAll(peers)
        for (const { registry } of peers) assert.deepEqual(objectsOf(registry), before)
        const archive = new ModelPeer(world, 1)
        for (const batch of world.batches) archive.take(batch)
        const newcomer = new ModelPeer(world, 1, false)
        newcomer.pullAll(peers[1] as ModelPeer)
        for (const peer of [...peers, archive, newcomer]) {
          assert.equal(peer.registry.digest(), peers[0]?.registry.digest())
          assert.equal(viewJson(peer.registry), viewJson((peers[0] as ModelPeer).registry))
        }
        const left = new Set(
          peers.flatMap(peer => peer.chain(peer.writer.key).flatMap(leavesOf)).map(leaf => leaf.hash),
        )
        for (const { bytes, hash } of world.batches.flatMap(leavesOf)) {
          const kind = decodeLeaf(bytes)?.kind ?? ''
          if (!left.has(hash)) went.set(kind, (went.get(kind) ?? 0) + 1)
        }
      }),
      { numRuns: 80 },
    )
    for (const kind of objectKinds) assert.ok(went.get(kind), `no ${kind} went: ${JSON.stringify([...went])}`)
  })

  /** Adds and removes a rule of `db` on one peer after the other, so often. */
  function edit(peers: readonly ModelPeer[], times: number): void {
    for (let i = 0; i < times; i++) {
      const peer = peers[i % peers.length] as ModelPeer
      const { objects } = peer.registry
      peer.write(
        addRuleLeaves(objects, tenant, 'db', '1', checkRule({ action: 'allow', port: 1 + i, protocol: 'tcp' })),
      )
      peer.write(removeRuleLeaves(peer.registry.objects, tenant, 'db', '1'))
      for (const other of peers) other.pull(peer, peer.writer.key)
    }
  }

  function begin(): ModelPeer[] {
    const { peers } = scene()
    const one = peers[0] as ModelPeer
    one.write(createPolicyLeaves(one.registry.objects, tenant, 'db'))
    one.write(addRuleLeaves(one.registry.objects, tenant, 'db', '9', checkRule({ action: 'deny', priority: 9 })))
    settle(peers)
    return peers
  }

  it('keeps no more of a policy that is edited over and over than its history tells, and restores what that tells', () => {
    const peers = begin()
    const one = peers[0] as ModelPeer
    const sizes: number[] = []
    const units: number[] = []
    for (let round = 0; round < 4; round++) {
      edit(peers, 30)
      collectAll(peers)
      sizes.push(one.registry.size())
      units.push(peers.flatMap(peer => one.chain(peer.writer.key)).length)
      assert.equal(one.registry.objects.history(tenant, 'db').length, 3, 'changes that are told')
    }
    for (const counts of [sizes, units])
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 4, `${sizes} records in ${units}`)
    for (const event of one.registry.objects.history(tenant, 'db')) {
      const rules = one.registry.objects.rulesAt(tenant, 'db', event.dot) ?? []
      assert.deepEqual(
        rules.map(({ id }) => id),
        event.what === 'rule-added' ? ['1', '9'] : ['9'],
      )
    }
  })

  it('keeps them while a member is away, and lets them go when it is back or removed', () => {
    const peers = begin()
    const [one, two, away] = peers as [ModelPeer, ModelPeer, ModelPeer]
    edit([one, two], 20)
    const before = one.registry.size()
    collectAll([one, two])
    assert.equal(one.registry.size(), before)
    // it had written to the policy, unseen
    away.write(addRuleLeaves(away.registry.objects, tenant, 'db', '5', checkRule({ action: 'deny' })))
    collectAll(peers)
    assert.ok(one.registry.size() < before - 20)
    for (const { registry } of peers) {
      const ids = registry.objects.rules(tenant, 'db').map(({ id }) => id)
      assert.deepEqual(ids, ['5', '9'])
    }
  })

  it('lets go of a deleted policy when as many others were deleted as may be restored; its name begins anew (H13)', () => {
    const peers = begin()
    const [one, two] = peers as [ModelPeer, ModelPeer]
    two.write(removePolicyLeaves(two.registry.objects, tenant, 'db'))
    collectAll(peers)
    const version = one.registry.objects.history(tenant, 'db').find(({ what }) => what === 'rule-added')
    assert.ok(version, 'what was deleted last can be restored')
    one.write(createPolicyLeaves(one.registry.objects, tenant, 'web'))
    one.write(removePolicyLeaves(one.registry.objects, tenant, 'web'))
    assert.deepEqual(one.registry.objects.history(tenant, 'db'), [])
    collectAll(peers)
    for (const kind of ['policyRules', 'policyActs'] as const)
      assert.deepEqual(one.registry.objects[kind](tenant, 'db'), [])
    one.write(createPolicyLeaves(one.registry.objects, tenant, 'db'))
    settle(peers)
    for (const { registry } of peers) assert.deepEqual(registry.objects.rules(tenant, 'db'), [])
  })

  it('says the same of when a policy was created after an earlier one of its name went', () => {
    const { peers } = scene()
    const one = peers[0] as ModelPeer
    const twice = () => {
      one.write(createPolicyLeaves(one.registry.objects, tenant, 'web'))
      one.write(removePolicyLeaves(one.registry.objects, tenant, 'web'))
    }
    twice()
    twice()
    one.write(createPolicyLeaves(one.registry.objects, tenant, 'web'))
    const before = one.registry.objects.policy(tenant, 'web')
    const held = one.registry.objects.policyActs(tenant, 'web').length
    collectAll(peers)
    assert.equal(held, 1)
    assert.deepEqual(one.registry.objects.policy(tenant, 'web'), before)
    assert.ok(one.chain(one.writer.key).some(part => 'survivors' in part))
  })

  it('leaves of a deleted group its highest generation, and what has to clear up after it is told', () => {
    const { peers } = scene()
    const [one, two] = peers as [ModelPeer, ModelPeer]
    one.write(groupLeaves(one.registry, 0))
    settle(peers)
    const [group] = two.registry.objects.groups()
    assert.ok(group)
    const size = one.registry.size()
    two.write(removeGroupLeaves(two.registry.objects, group))
    collectAll(peers)
    const checkpoints = peers.flatMap(peer => one.registry.checkpoints.of(peer.writer.key)).length
    assert.equal(one.registry.size() - checkpoints, size, 'the deletion in the place of the act')
    for (const { registry } of peers) {
      assert.deepEqual(registry.objects.groupActs(group.id), [])
      assert.ok(registry.objects.isGroupDeleted(group.id))
      assert.equal(registry.objects.nextGroupGeneration(tenant, 'app'), 1)
    }
  })

  it('takes no group for gone that may still come: who took a policy off it says why that went (I2)', () => {
    const { world, peers } = scene()
    const [one, , three] = peers as [ModelPeer, ModelPeer, ModelPeer]
    three.write(createPolicyLeaves(three.registry.objects, tenant, 'web'))
    three.write(groupLeaves(three.registry, 1))
    settle(peers)
    // more often than its history tells
    for (const pick of [0, 1, 0, 1]) one.write(groupLeaves(one.registry, pick))
    collectAll(peers)
    const archive = new ModelPeer(world, 1)
    // all of the first, before there is a group
    for (const batch of world.batches) archive.take(batch)
    assert.ok(one.chain(three.writer.key).some(part => 'survivors' in part))
    assert.equal(archive.registry.digest(), one.registry.digest())
    assert.deepEqual(archive.registry.conditions(), [])
  })

  it('keeps one value of each setting however often it is written, by whomever', () => {
    const { peers } = scene()
    const one = peers[0] as ModelPeer
    const sizes = [0, 1].map(round => {
      for (let i = 0; i < 60; i++) {
        const peer = peers[i % 3] as ModelPeer
        peer.write(writeGlobalLeaves(peer.registry.objects, { vlans: `${1 + i + 60 * round}-200` }))
        for (const other of peers) other.pull(peer, peer.writer.key)
      }
      collectAll(peers)
      return one.registry.size()
    })
    assert.ok(Math.abs((sizes[1] ?? 0) - (sizes[0] ?? 0)) <= 3, `${sizes} records`)
    assert.equal(one.registry.objects.globals().vlans, '120-200')
  })
})
