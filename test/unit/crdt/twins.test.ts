/**
 * Two histories of one key may hold the same leaf at the same counter, written at different times (R8): a copy of a data directory
 * answers what its original answers. It is one record, and says the same whichever comes first (I2).
 */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { ActRemovals } from '../../../src/crdt/act-removals.ts'
import { createTenantLeaves } from '../../../src/crdt/acts.ts'
import { CheckpointTable } from '../../../src/crdt/checkpoint-table.ts'
import { knownLeaf } from '../../../src/crdt/known.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { type LeafRecord, LiveSet, SharedRegisters } from '../../../src/crdt/live-set.ts'
import { contentName, Registry } from '../../../src/crdt/registry.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { macOf } from '../../../src/model/ip.ts'
import { Scene } from './removal-scene.ts'
import { sampleLeaves } from './sample-leaves.ts'
import { viewJson } from './view-json.ts'
import type { Writer } from './writer.ts'

/** What somebody shows who takes the batches of `first` before those of `second`; both follow on all that is in the scene. */
function shown(scene: Scene, first: Writer, second: Writer, self = 3): string {
  const registry = new Registry(scene.meshId, verifySignature, { self: scene.at(self).key })
  for (const batch of [...scene.batches, ...first.batches, ...second.batches]) registry.apply(batch)
  return JSON.stringify([registry.digest(), registry.removals(), viewJson(registry, [scene.id])])
}

/** A host and its copy write the same, the copy later; and then each what the other does not know. */
function twins(scene: Scene, number: number, ...leaves: Leaf[]): [Writer, Writer] {
  const [original, copy] = [scene.at(number).copy(), scene.at(number).copy()]
  for (const [writer, ms] of [
    [original, 50_000],
    [copy, 60_000],
  ] as const) {
    writer.write(leaves, [ms, 0])
    writer.write(createTenantLeaves(scene.all, `of${ms}`), [ms, 1])
  }
  return [original, copy]
}

function assertAlike(scene: Scene, number: number, ...leaves: Leaf[]): void {
  const [original, copy] = twins(scene, number, ...leaves)
  assert.equal(shown(scene, copy, original), shown(scene, original, copy))
}

describe('crdt: one leaf in two histories of a key (R8, I2)', () => {
  it('is one removal, since the earlier', () => {
    const scene = new Scene(4)
    const known = knownLeaf(scene.all)
    const targets = [{ key: scene.at(4).key, heir: scene.at(1).key, counter: scene.all.held(scene.at(4).key) }]
    const removal: Leaf = { kind: 'removal', targets, assertion: 1, known: contentName(known) }
    const [original, copy] = twins(scene, 1, known, removal)
    assert.equal(shown(scene, copy, original), shown(scene, original, copy))
    assert.match(shown(scene, copy, original), /"since":\[50000,0\]/)
  })

  it('is one acknowledgement, one end and one assertion of a removal', () => {
    const scene = new Scene(4)
    const removal = scene.start(1, 4, 1)
    const known = knownLeaf(scene.all)
    const counters = [scene.all.held(scene.at(4).key)]
    assertAlike(scene, 2, known, { kind: 'removal-ack', removal, counters, known: contentName(known) })
    scene.acknowledge(2, removal, 4)
    scene.acknowledge(3, removal, 4)
    const { complete } = scene.all.removals()[0] ?? {}
    assert.ok(complete)
    assertAlike(scene, 1, { kind: 'removal-end', removal, effective: true, ...complete })
    scene.declare(1, removal)
    assertAlike(scene, 2, { kind: 'host-down', removal })
  })

  it('is one record also where it waits above a limit, and comes to have its effect', () => {
    const scene = new Scene(4)
    const removal = scene.start(1, 4, 1)
    scene.acknowledge(3, removal, 4)
    const { id: network } = scene
    const [original, copy] = twins(scene, 4, { ...sampleLeaves.group, tenant: 'default', network })
    const end = scene.at(1).copy()
    end.write([{ kind: 'removal-end', removal, effective: false, acks: [], cut: [] }])
    const outcomes = [
      [original, copy],
      [copy, original],
    ].map(([first, second]) => {
      const registry = new Registry(scene.meshId, verifySignature, { self: scene.at(3).key })
      const all = [...scene.batches, ...(first as Writer).batches, ...(second as Writer).batches]
      for (const batch of all) registry.apply(batch)
      assert.equal(registry.objects.groups().length, 0, 'it waits')
      for (const batch of end.batches) registry.apply(batch)
      return registry.objects.groups().map(({ created }) => created)
    })
    assert.deepEqual(outcomes, [[[50_000, 0]], [[50_000, 0]]])
  })

  it('is one endpoint, in use since the earlier', () => {
    const scene = new Scene(3)
    const ip = 0x0a010205
    const endpoint: Leaf = {
      ...{ kind: 'endpoint', network: scene.id, ip, mac: macOf(ip), container: 'c', containerName: 'app' },
      id: 'e'.repeat(64),
    }
    scene.at(1).write([{ ...endpoint, id: 'd'.repeat(64) } as Leaf])
    assertAlike(scene, 2, endpoint)
  })

  it('is one of any other kind', () => {
    for (const leaf of Object.values(sampleLeaves)) {
      const scene = new Scene(3)
      assertAlike(scene, 2, leaf)
    }
  })

  it('is one checkpoint; one that is needed beside another one at its dot is shown, whichever is judged last', () => {
    const dot = { writer: 'aa', counter: 9 }
    const record = (hash: string, ms: number) => ({ dot, hash, hlc: [ms, 0] as const, leaf: sampleLeaves.checkpoint })
    const [early, late, other] = [record('01', 5), record('01', 9), record('02', 7)]
    for (const order of [
      [early, late, other],
      [other, late, early],
    ]) {
      const table = new CheckpointTable(new LiveSet())
      for (const each of order) table.put(each)
      assert.deepEqual(table.of('aa'), [early, other])
      for (const each of order) table.judge(each, each !== other)
      assert.deepEqual(table.unjust(), [other])
    }
  })

  it('leaves what another deletion at its dot saw', () => {
    const dot = { writer: 'aa', counter: 9 }
    const record = (hash: string, act: number, at = dot): LeafRecord<typeof leaf> => {
      return { dot: at, hash, hlc: [act, 0], leaf: { ...leaf, seen: [{ writer: 'bb', counter: act }] } }
    }
    const leaf = sampleLeaves['network-rm']
    const [one, two, third] = [record('01', 1), record('02', 2), record('03', 3, { writer: 'aa', counter: 4 })]
    for (const order of [
      [one, two, third],
      [two, one, third],
    ]) {
      const removals = new ActRemovals()
      for (const each of order) removals.put(each)
      removals.drop(third)
      assert.deepEqual(
        ['bb:1', 'bb:2', 'bb:3'].map(act => removals.covers(leaf.id, act)),
        [true, true, false],
      )
      assert.deepEqual(removals.since(leaf.id), [2, 0])
      removals.drop(one)
      assert.deepEqual(removals.since(leaf.id), [2, 0])
    }
  })

  it('does not supersede itself in a register that anybody may write', () => {
    const record = (writer: string, hash: string, ms: number): LeafRecord<string> => {
      return { dot: { writer, counter: 1 }, hash, hlc: [ms, 0], leaf: hash }
    }
    const [early, late, other] = [record('aa', '01', 5), record('aa', '01', 9), record('bb', '02', 7)]
    const drops = { stable: () => true, goes: () => false, judges: true }
    for (const order of [
      [early, late],
      [late, early],
    ]) {
      const registers = new SharedRegisters<string>(new LiveSet())
      for (const each of order) registers.put('slot', each)
      assert.deepEqual(registers.get('slot'), early)
      assert.ok(order.every(each => !registers.isSuperseded('slot', each, drops)))
      registers.put('slot', other)
      assert.ok(registers.isSuperseded('slot', late, drops))
      registers.drop('slot', late)
      registers.drop('slot', other)
      assert.equal(registers.get('slot'), undefined)
    }
  })
})
