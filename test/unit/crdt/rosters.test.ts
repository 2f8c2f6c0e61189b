import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import { contentName, Registry, rosterLeaf } from '../../../src/crdt/registry.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { registryOf, World } from './writer.ts'

describe('crdt: rosters', () => {
  const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.2.0/24' })

  it('names the settled members only, and is written once', () => {
    const world = new World(3).settleAll()
    const leaves = createNetworkLeaves(world.all, { tenant: 'default', name: 'web', spec })
    assert.deepEqual(
      leaves.map(leaf => leaf.kind),
      ['roster', 'network'],
    )
    world.at(2).write(leaves)
    assert.deepEqual(
      createNetworkLeaves(world.all, { tenant: 'default', name: 'db', spec }).map(leaf => leaf.kind),
      ['network'],
    )
    const pending = new World(3)
    pending.settle(2, pending.admit(1, 2), [])
    pending.admit(1, 3)
    pending.at(3).write(createNetworkLeaves(pending.all, { tenant: 'default', name: 'web', spec }))
    assert.deepEqual(pending.all.networks()[0]?.roster, [pending.at(1).key, pending.at(2).key].sort())
  })

  it('names nobody whose records a removal may cut off that this newcomer does not count in (H12)', () => {
    const world = new World(5).settleAll(4)
    const known = world.known()
    const { key } = world.at(2)
    const targets = [{ key, heir: world.at(1).key, counter: 0 }]
    world.at(1).write([known, { kind: 'removal', targets, assertion: 0, known: contentName(known) }])
    world.admit(3, 5)
    const rosterOf = (self: number) => {
      const view = new Registry(world.meshId, verifySignature, { self: world.at(self).key })
      for (const batch of world.batches) view.apply(batch)
      const [roster] = createNetworkLeaves(view, { tenant: 'default', name: 'web', spec })
      return roster?.kind === 'roster' ? roster.keys.length : 0
    }
    assert.equal(rosterOf(5), 3, 'not the host that is to go')
    assert.equal(rosterOf(3), 4, 'what a settled member holds, or acknowledges, counts')
  })

  it('gives no effect to a network whose roster names somebody who is not settled, until he is', () => {
    const world = new World(2)
    const second = world.admit(1, 2)
    const roster = rosterLeaf([world.at(1).key, world.at(2).key])
    world
      .at(1)
      .write([
        roster,
        { kind: 'network', tenant: 'default', name: 'web', generation: 0, spec, roster: contentName(roster) },
      ])
    assert.deepEqual(world.all.networks(), [])
    world.settle(2, second, [])
    assert.equal(world.all.networks().length, 1)
  })

  it('gives none to a network without its roster, or with an empty one', () => {
    const world = new World(1)
    const empty = rosterLeaf([])
    world
      .at(1)
      .write([
        empty,
        { kind: 'network', tenant: 'default', name: 'a', generation: 0, spec, roster: contentName(empty) },
        { kind: 'network', tenant: 'default', name: 'b', generation: 0, spec, roster: 'cd'.repeat(32) },
      ])
    assert.deepEqual(world.all.networks(), [])
  })

  it('are not written by a peer that knows no settled member yet', () => {
    const newcomer = registryOf(new World(1).meshId, [])
    assert.throws(() => createNetworkLeaves(newcomer, { tenant: 'default', name: 'web', spec }), {
      code: 'unavailable',
    })
  })
})
