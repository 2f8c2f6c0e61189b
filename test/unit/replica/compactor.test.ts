import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'mocha'
import { checkpointLeaf, compact, runOf } from '../../../src/crdt/checkpoint.ts'
import { type CompactUnit, leavesOf, openPart, type Part } from '../../../src/crdt/compact-unit.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { BatchLog } from '../../../src/replica/batch-log.ts'
import { Compactor } from '../../../src/replica/compactor.ts'
import { Scene } from '../crdt/removal-scene.ts'
import { World, type Writer } from '../crdt/writer.ts'

/** What a peer holds and shows, and how it takes further parts in. */
function holderOf(world: World, number: number) {
  const self = world.at(number).key
  const log = new BatchLog()
  const history = () =>
    log.writers().flatMap(writer => [...(log.missing(writer, []) ?? [])].map(unit => openPart(unit.bytes)))
  const registry = new Registry(world.meshId, verifySignature, { self, history })
  log.onFork((writer, since) => registry.noteFork(writer, since))
  const compactor = new Compactor({ self, registry, log, verify: verifySignature, judges: () => true })
  const take = (parts: readonly Part[]) => {
    for (const part of parts) {
      if (log.standing(part) === 'known') continue
      compactor.add(part)
      compactor.look()
    }
  }
  return { log, registry, take }
}

type Holder = ReturnType<typeof holderOf>

function endpoint(network: string): Leaf {
  const mac = '02:02:0a:01:02:01'
  return { kind: 'endpoint', id: 'e', network, ip: 0x0a010201, mac, container: '', containerName: 'e' }
}

/** A container starts and ends, and the writer lets go of both; what is left of its chain up to there. */
function letGo(writer: Writer, network = 'ab'.repeat(32)): CompactUnit {
  writer.write([endpoint(network)])
  writer.write([{ kind: 'endpoint-rm', id: 'e', network }])
  const parts = [...writer.batches]
  const run = runOf(parts) ?? assert.fail()
  const kept = parts.flatMap(leavesOf).slice(0, -2)
  const leaf = checkpointLeaf(writer.signer, run, kept)
  writer.write([leaf])
  const result = compact(leaf, parts, verifySignature)
  return result === 'unsound' ? assert.fail(result) : result.unit
}

describe('replica: compaction of a copied writer', () => {
  let world: World
  let copy: Writer

  beforeEach(() => {
    world = new World(3).settleAll(2)
    copy = world.at(1).copy()
  })

  it("shows a fork to who held only the other history, when a copy's unit takes the place of its beginning (R8)", () => {
    for (const name of ['a', 'b', 'c']) world.at(1).write([{ kind: 'tenant', name }])
    const unit = letGo(copy)
    const holder = holderOf(world, 2)
    holder.take(world.batches)
    assert.ok(!holder.registry.isForked(copy.key))
    holder.take([unit])
    assert.equal(holder.log.tips(copy.key).length, 2)
    assert.ok(holder.registry.isForked(copy.key))
  })

  it('gives one vector and one state to who held records of a host that a lost history had let in, and who never did (I2)', () => {
    world.admit(1, 3)
    world.at(3).write([{ kind: 'tenant', name: 'blue' }])
    for (const name of ['a', 'b']) copy.write([{ kind: 'tenant', name }])
    const unit = letGo(copy)
    const checkpoint = copy.batches.slice(-1)
    const late = holderOf(world, 2)
    late.take(world.batches)
    assert.ok(late.registry.hasTenant('blue'))
    late.take([unit, ...checkpoint])
    const early = holderOf(world, 2)
    early.take([unit, ...world.at(2).batches, ...checkpoint])
    assert.ok(!late.registry.member(world.at(3).key))
    assert.deepEqual(late.log.vector(), early.log.vector())
    assert.equal(late.registry.digest(), early.registry.digest())
  })
})

describe('replica: compaction of a removed writer', () => {
  it('gives one state to all, also when it let go of something that the others had not heard of (R9, I2)', () => {
    const scene = new Scene(3)
    scene.at(3).write([endpoint(scene.id)])
    scene.at(3).write([{ kind: 'endpoint-rm', id: 'e', network: scene.id }])
    const parts = [...scene.at(3).batches]
    const removal = scene.start(1, 3, 1, 1)
    scene.acknowledge(2, removal, 3)
    scene.declare(1, removal)
    const run = runOf(parts) ?? assert.fail()
    scene.at(3).write([checkpointLeaf(scene.at(3).signer, run, parts.flatMap(leavesOf).slice(0, -2))])
    const [one, , three] = [1, 2, 3].map(number => holderOf(scene, number)) as [Holder, Holder, Holder]
    const [first, second, third] = [1, 2, 3].map(number => scene.at(number).batches) as [Part[], Part[], Part[]]
    one.take([...first, ...second, ...third])
    const unaware = first.slice(0, -2)
    three.take([...unaware, ...third, ...second, ...first])
    for (const { log } of [one, three]) assert.ok(log.isCompacted(parts[0] as Part))
    assert.equal(one.registry.digest(), three.registry.digest())
  })
})
