import assert from 'node:assert/strict'
import { after, before, describe, it } from 'mocha'
import { createNetworkLeaves, removeNetworkLeaves } from '../../../src/crdt/acts.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import {
  addRuleLeaves,
  createGroupLeaves,
  createPolicyLeaves,
  removeGroupLeaves,
} from '../../../src/crdt/object-acts.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { checkRule } from '../../../src/model/rule.ts'
import { type HostileMesh, meshWithHostile } from '../../support/hostile-member.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import type { MemoryPeer } from '../../support/memory-peer.ts'
import { tenant } from './rig.ts'

const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.2.0/24' })
const highest = Number.MAX_SAFE_INTEGER

describe('replica: numbers that a hostile member drives to their end', () => {
  let mesh: HostileMesh
  const at = (n: number) => mesh.honest[n - 1] as MemoryPeer
  const view = () => at(1).replica.view
  const say = async (leaves: Leaf[], ms = Date.now()) => {
    mesh.say([mesh.hand.make(leaves, { hlc: [ms, 0] })])
    await mesh.agree()
    for (const peer of mesh.honest) {
      assert.deepEqual(peer.replica.vector().get(mesh.hand.key), [mesh.hand.head])
    }
  }

  before(async () => {
    mesh = await meshWithHostile(new MemoryHub())
  })
  after(() => mesh.stop())

  it('generations: the name of a network and of a group goes on, each time another', async () => {
    await say([
      { kind: 'network-rm', id: 'ab'.repeat(32), tenant: 'default', name: 'web', generation: highest, seen: [] },
      { kind: 'group-rm', id: 'ab'.repeat(32), tenant: 'default', name: 'app', generation: highest, seen: [] },
    ])
    const ids = new Set<string>()
    for (const n of [1, 2, 3, 1]) {
      await at(n).replica.write(now => createNetworkLeaves(now, { tenant: 'default', name: 'web', spec }))
      const network = at(n).replica.view.networkByName('default', 'web')?.id ?? assert.fail('no network')
      const act = { tenant: 'default', name: 'app', network, pool: '' }
      await at(n).replica.write(now => createGroupLeaves(now.objects, act, {}))
      await mesh.agree()
      const group = view().objects.groupByName('default', 'app') ?? assert.fail('no group')
      for (const id of [network, group.id]) ids.add(id)
      await at(n).replica.write(now => [...removeGroupLeaves(now.objects, group), ...removeNetworkLeaves(now, network)])
      await mesh.agree()
      assert.deepEqual([view().networks(), view().objects.groups(), view().conditions()], [[], [], []])
    }
    assert.equal(ids.size, 8)
  })

  it('counters in a cover: rules that are written later are not dropped, nor a removal overruled before it was made', async () => {
    const all = mesh.honest.map(({ signer: { key: writer } }) => ({
      writer,
      counter: highest,
    }))
    const deny = checkRule({ action: 'deny' })
    const allow = checkRule({ action: 'allow' })
    await say([
      { kind: 'policy', tenant: 'default', name: 'p', dropped: all },
      { kind: 'policy-rm', tenant: 'default', name: 'p', seen: [], rules: all },
      { kind: 'rule', tenant: 'default', policy: 'p', id: '2', value: allow, removals: all },
    ])
    await at(2).replica.write(now => createPolicyLeaves(now.objects, 'default', 'p'))
    await at(2).replica.write(now => addRuleLeaves(now.objects, 'default', 'p', '1', deny))
    // a removal that did not know of the opening: its own writer must have known it to open all the same
    await at(3).replica.write(() => [{ kind: 'rule-rm', tenant: 'default', policy: 'p', id: '2', value: '', seen: [] }])
    await mesh.agree()
    for (const { replica } of mesh.honest) {
      assert.deepEqual(
        replica.view.objects.rules('default', 'p').map(rule => rule.shown),
        ['1'],
      )
      assert.deepEqual(
        replica.view.conditions().map(condition => condition.kind),
        ['rule-lost'],
      )
    }
  })

  it('a clock years ahead wins no name from the past, and one at the end of time stops nobody', async () => {
    await at(1).replica.write(now => createNetworkLeaves(now, { tenant: 'default', name: 'shop', spec }))
    await mesh.agree()
    const first = view().networkByName('default', 'shop')?.id
    for (const ms of [Date.now() + 10 * 365 * 86_400_000, highest]) {
      await say([tenant('later')], ms)
      await at(2).replica.write(() => [tenant(`t${ms}`)])
      await at(3).replica.write(() => [tenant(`u${ms}`)])
      await mesh.agree()
      for (const { replica } of mesh.honest) {
        assert.ok(replica.view.hasTenant(`t${ms}`) && replica.view.hasTenant(`u${ms}`))
        assert.equal(replica.view.networkByName('default', 'shop')?.id, first)
      }
    }
  })
})
