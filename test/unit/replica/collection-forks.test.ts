/** What a writer with several histories wrote lets nothing go (R8): who wrote another one does not hold it, and may never see it. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createTenantLeaves, removeTenantLeaves } from '../../../src/crdt/acts.ts'
import type { Batch } from '../../../src/crdt/batch.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { BatchLog } from '../../../src/replica/batch-log.ts'
import { Collection, usualPace } from '../../../src/replica/collection.ts'
import { unitOf } from '../../../src/replica/unit.ts'
import { createHandClock } from '../../support/hand-clock.ts'
import { registryOf, World } from '../crdt/writer.ts'

/** The first host and what it lets go of once it has seen often enough that the other holds what it holds. */
function collectorOf(world: World) {
  const [one, two] = [world.at(1), world.at(2)]
  const registry = registryOf(world.meshId, [])
  const log = new BatchLog()
  const written: Leaf[] = []
  const collection = new Collection({
    ...{ self: one.key, signer: one.signer, registry, log, logger: silentLogger, clock: createHandClock() },
    mayWrite: () => true,
    write: async build => written.push(...build()),
    pace: { ...usualPace, enough: 1, patienceMs: 0, quietMs: 0 },
  })
  const take = (batches: readonly Batch[]) => {
    for (const batch of batches) {
      log.add(unitOf(batch))
      registry.apply(batch)
    }
  }
  const look = async (times: number) => {
    for (let i = 0; i < times; i++) {
      collection.shown(two.key, log.vector())
      await collection.look()
    }
    return written.map(({ kind }) => kind)
  }
  return { take, look }
}

describe('replica: collection beside a copy', () => {
  it('keeps what only one of two histories of a writer has deleted, where the other was stable before (I2)', async () => {
    const world = new World(2).settleAll()
    const [one, two] = [world.at(1), world.at(2)]
    one.write(createTenantLeaves(world.all, 'blue'))
    const deletion = removeTenantLeaves(world.all, 'blue')
    const copy = two.copy()
    copy.write(deletion)
    const beside = collectorOf(world)
    for (const name of ['a', 'b']) two.write([{ kind: 'tenant', name }])
    beside.take(world.batches)
    assert.deepEqual(await beside.look(5), [])
    beside.take(copy.batches.slice(-1))
    assert.deepEqual(await beside.look(5), [])
    const without = collectorOf(world)
    without.take([...one.batches, ...copy.batches])
    assert.equal((await without.look(5))[0], 'checkpoint')
  })
})
