/** The orders in which the simulator takes the records of a host in again (test/sim/checks/orders.ts). */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createTenantLeaves, removeTenantLeaves } from '../../src/crdt/acts.ts'
import { leavesOf } from '../../src/crdt/compact-unit.ts'
import { decodeLeaf } from '../../src/crdt/leaf-codec.ts'
import { verifySignature } from '../../src/lib/keys.ts'
import { collectAll, type ModelPeer, peersOf } from '../unit/crdt/model-peer.ts'
import { World, type Writer } from '../unit/crdt/writer.ts'
import { emptyPeer, reorder } from './checks/orders.ts'
import { Random } from './random.ts'

describe('simulator: orders of records', () => {
  it('are those that can be: nobody judges what it cannot judge, or gets a unit before what its writer had', () => {
    const { world, peers } = peersOf()
    const [one, two] = peers as [ModelPeer, ModelPeer]
    one.write(createTenantLeaves(one.registry, 'blue'))
    two.pullAll(one)
    two.write(removeTenantLeaves(two.registry, 'blue'))
    collectAll(peers)
    const kinds = one
      .chain(two.writer.key)
      .flatMap(leavesOf)
      .map(({ bytes }) => decodeLeaf(bytes)?.kind)
    assert.deepEqual([kinds.includes('checkpoint'), kinds.includes('tenant-rm')], [true, false])
    const unitsOfTwo = one.chain(two.writer.key)
    // a newcomer asked one member for the acts before the checkpoint was there, and another for what is left of the deletions
    const asNewcomer = [
      ...world.writers.filter(({ key }) => key !== two.writer.key).flatMap(({ batches }) => batches),
      ...unitsOfTwo,
    ]
    const asMember = [...world.batches, ...unitsOfTwo]
    const setting = {
      meshId: world.meshId,
      self: 'nobody',
      verify: verifySignature,
      kept: { changes: 3, deletions: 1 },
      isOutdated: false,
    }
    for (const [who, parts] of Object.entries({ newcomer: asNewcomer, member: asMember })) {
      for (let seed = 0; seed < 20; seed++) {
        const registry = reorder(setting, { parts, made: [] }, who as 'newcomer' | 'member', new Random(seed))
        assert.equal(registry.digest(), one.registry.digest(), `as a ${who}, ${seed}`)
        assert.deepEqual(registry.conditions(), [])
      }
    }
  })

  it('give no effect to a history that is given up because there are too many (decision 0023)', () => {
    const world = new World(2).settleAll()
    const part = (writer: Writer, name: string) => {
      const copy = writer.copy()
      writer.write([{ kind: 'tenant', name: `${name}1` }])
      copy.write([{ kind: 'tenant', name: `${name}2` }])
      return copy
    }
    // where it parts a third time on one path, one history is kept
    const writer = world.at(2)
    const histories = [part(writer, 'a'), part(writer, 'b'), part(writer, 'c'), writer]
    const parts = [...new Set([...world.batches, ...histories.flatMap(({ batches }) => batches)])]
    const setting = {
      meshId: world.meshId,
      self: 'nobody',
      verify: verifySignature,
      kept: { changes: 3, deletions: 1 },
      isOutdated: false,
    }
    const { compactor, finish } = emptyPeer(setting)
    for (const each of parts) compactor.add(each)
    const shown = finish()
    assert.equal(shown.tenants().length, 6) // `default`, and of six that were written all but one
    for (let seed = 0; seed < 20; seed++) {
      for (const who of ['newcomer', 'member'] as const) {
        assert.equal(
          reorder(setting, { parts, made: [] }, who, new Random(seed)).digest(),
          shown.digest(),
          `as a ${who}, ${seed}`,
        )
      }
    }
  })
})
