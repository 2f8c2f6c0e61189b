/** The orders in which the simulator takes the records of a host in again (test/sim/checks/orders.ts). */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createTenantLeaves, removeTenantLeaves } from '../../src/crdt/acts.ts'
import type { Batch } from '../../src/crdt/batch.ts'
import { checkpointLeaf, compact, runOf } from '../../src/crdt/checkpoint.ts'
import { type CompactUnit, leavesOf, type Part } from '../../src/crdt/compact-unit.ts'
import { decodeLeaf } from '../../src/crdt/leaf-codec.ts'
import type { Registry } from '../../src/crdt/registry.ts'
import { verifySignature } from '../../src/lib/keys.ts'
import { collectAll, type ModelPeer, peersOf } from '../unit/crdt/model-peer.ts'
import { World, type Writer } from '../unit/crdt/writer.ts'
import { replay } from './checks/journals.ts'
import { reorder, type Setting } from './checks/orders.ts'
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
    const setting = settingIn(world)
    for (const [who, parts] of Object.entries({ newcomer: asNewcomer, member: asMember })) {
      for (let seed = 0; seed < 20; seed++) {
        const { log } = replay(setting, parts)
        const registry = reorder(setting, { parts, atRest: log }, who as 'newcomer' | 'member', new Random(seed))
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
    assert.equal(shownIn(world, parts).tenants().length, 6) // `default`, and of six that were written all but one
  })

  it('show nothing again that everybody gave up before a unit made room for it', () => {
    const { world, writer, copies, run } = partedTwice()
    const copy = writer.copy()
    writer.write([{ kind: 'tenant', name: 'kept' }])
    const other = besides(copy, hash => hash > endOf(writer).hash)
    const unit = letGo(writer, run)
    const parts = distinct(world, [...copies, other, writer])
    const isMadeHere = shownIn(world, parts)
    // or it came from another machine
    const isTaken = shownIn(world, [...parts.filter(part => part !== endOf(writer)), unit])
    for (const shown of [isMadeHere, isTaken]) {
      const names = shown.tenants()
      assert.deepEqual([names.includes('kept'), names.includes('other')], [true, false])
    }
  })

  it('end with the units that others hand over: the checkpoint may stand on a history that was given up', () => {
    const { world, writer, copies, run } = partedTwice()
    const copy = writer.copy()
    letGo(writer, run)
    const other = besides(copy, hash => hash < endOf(writer).hash)
    const shown = shownIn(world, distinct(world, [...copies, writer, other]))
    assert.equal(shown.checkpoints.of(writer.key).length, 1)
    assert.ok(shown.tenants().includes('other'))
  })
})

function settingIn({ meshId }: World): Setting {
  const kept = { changes: 3, deletions: 1 }
  return { meshId, self: 'nobody', verify: verifySignature, kept, isOutdated: false }
}

/** What who met them in this order shows, which is the same in any other. */
function shownIn(world: World, parts: readonly Part[]): Registry {
  const setting = settingIn(world)
  const { registry, log } = replay(setting, parts)
  for (let seed = 0; seed < 20; seed++) {
    for (const who of ['newcomer', 'member'] as const) {
      const again = reorder(setting, { parts, atRest: log }, who, new Random(seed))
      assert.equal(again.digest(), registry.digest(), `as a ${who}, ${seed}`)
    }
  }
  return registry
}

/** The founder's, and those of these histories as they were met one after the other. */
function distinct(world: World, histories: readonly Writer[]): Batch[] {
  return [...new Set([world.at(1), ...histories].flatMap(({ batches }) => batches))]
}

function endOf({ batches }: Writer): Batch {
  return batches.at(-1) ?? assert.fail()
}

/** The history and one batch more, whose hash is one that fits: the lower one is kept. */
function besides(history: Writer, fits: (hash: string) => boolean): Writer {
  for (;;) {
    const copy = history.copy()
    copy.write([{ kind: 'tenant', name: 'other' }])
    if (fits(endOf(copy).hash)) return copy
  }
}

/** Of its history up to there the writer lets the last two records go; what is left. */
function letGo(writer: Writer, parts: readonly Batch[]): CompactUnit {
  const kept = parts.flatMap(leavesOf).slice(0, -2)
  const leaf = checkpointLeaf(writer.signer, runOf(parts) ?? assert.fail(), kept)
  writer.write([leaf])
  const result = compact(leaf, parts, verifySignature)
  return result === 'unsound' ? assert.fail(result) : result.unit
}

/** A history that parted twice, so that of what follows on one batch one is kept until its run is compacted. */
function partedTwice() {
  const world = new World(2).settleAll()
  const writer = world.at(2)
  const copies = ['a', 'b'].map(name => {
    const copy = writer.copy()
    copy.write([{ kind: 'tenant', name }])
    writer.write([{ kind: 'tenant', name: `${name}2` }])
    return copy
  })
  const end = { id: 'e', network: 'ab'.repeat(32) }
  const about = { ip: 0x0a010201, mac: '02:02:0a:01:02:01', container: '', containerName: 'e' }
  writer.write([{ kind: 'endpoint', ...end, ...about }])
  writer.write([{ kind: 'endpoint-rm', ...end }])
  return { world, writer, copies, run: [...writer.batches] }
}
