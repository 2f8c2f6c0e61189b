import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'mocha'
import { contentName } from '../../../src/crdt/registry.ts'
import type { Dot } from '../../../src/crdt/vector.ts'
import { Scene } from './removal-scene.ts'
import { forgers, registryOf, World } from './writer.ts'

const textOf = (world: World) => world.all.conditions().map(({ text }) => text)

describe('crdt: acknowledgements of admissions that are none', () => {
  let world: World
  beforeEach(() => {
    world = new World(4).settleAll(3)
  })
  const dotOf = (writer: number, counter: number): Dot => ({ writer: world.at(writer).key, counter })

  it('are shown once it is known that no admission is there', () => {
    world.ack(3, dotOf(1, 1)) // the founding
    assert.deepEqual(textOf(world), [
      'host3 wrote what it had no right to, and nobody gives effect to it: an acknowledgement of what is no admission, record 1 of host1',
    ])
    assert.deepEqual(forgers(world.all), [world.at(3).key])
  })

  it('are shown of an admission that nobody invited', () => {
    const known = world.known()
    const leaf = world.admission(world.at(4).key, 'host4', world.at(2).signer, known)
    world.ack(3, world.at(2).write([known, { ...leaf, proof: new Uint8Array(64) }]))
    assert.deepEqual(forgers(world.all).sort(), [world.at(2).key, world.at(3).key].sort())
  })

  it('are not shown while the admission may still arrive', () => {
    const admission = world.admit(1, 4)
    const without = world.batches.filter(({ writer, last }) => writer !== admission.writer || last < admission.counter)
    world.ack(2, admission)
    const late = registryOf(world.meshId, [...without, ...world.at(2).batches.slice(-1)])
    assert.deepEqual(forgers(late), [])
    for (const batch of world.at(1).batches.slice(-1)) late.apply(batch)
    assert.deepEqual(forgers(late), [])
    assert.equal(late.admissions().at(-1)?.ackedBy.length, 1)
  })

  it('are not shown of a writer with two histories: the admission may be in the other one', () => {
    world.ack(3, dotOf(2, 1))
    const view = world.all
    assert.deepEqual(forgers(view), [world.at(3).key])
    view.noteFork(world.at(2).key, [1000, 0])
    assert.deepEqual(
      view.conditions().map(({ kind }) => kind),
      ['writer-forked'],
    )
  })
})

describe('crdt: acknowledgements of admissions that a removal cut off', () => {
  it('are not shown, neither while it is undecided nor then', () => {
    const scene = new Scene(4)
    const before = scene.seenBy(1)
    const removal = scene.start(1, 4, 1, 1, before)
    scene.acknowledge(2, removal, 4, before)
    scene.acknowledge(3, removal, 4, before)
    // host4 lets somebody in whom nobody who acknowledged knows of
    const admission = scene.admit(4, 4, before)
    scene.ack(3, admission)
    const kinds = () =>
      [1, 3].map(self =>
        scene
          .seenBy(self)
          .conditions()
          .map(({ kind }) => kind),
      )
    assert.deepEqual(kinds(), [['removal-pending'], ['removal-pending']])
    scene.declare(1, removal, scene.seenBy(1, { 4: 2, 3: 1 }))
    assert.equal(scene.all.removals()[0]?.outcome, 'effective')
    assert.deepEqual(kinds(), [[], []])
  })

  it('are not shown either of whom somebody let in whom the removed host had let in', () => {
    const scene = new Scene(6, 4)
    const removal = scene.start(1, 4, 1, 1)
    scene.acknowledge(2, removal, 4)
    const before = scene.seenBy(3, { 1: 1, 2: 1 })
    scene.admit(4, 5, before)
    const admission = scene.admit(5, 6, scene.seenBy(5, { 1: 1, 2: 1 }))
    scene.ack(3, admission, scene.seenBy(3, { 1: 1, 2: 1 }))
    const kinds = () =>
      [1, 2].map(self =>
        scene
          .seenBy(self)
          .conditions()
          .map(({ kind }) => kind),
      )
    assert.deepEqual(kinds(), [['removal-pending'], ['removal-pending']])
  })
})

describe('crdt: settlements that nothing settles', () => {
  let world: World
  let admission: Dot
  beforeEach(() => {
    world = new World(5).settleAll(3)
    admission = world.admit(1, 4)
  })
  const shown = 'that it is settled, which no majority acknowledged'

  it('are shown where the acknowledgements are no majority, are none, or are for another', () => {
    for (const acks of [
      [],
      [{ writer: world.at(1).key, counter: 1 }],
      world.all
        .admissions()
        .find(({ key }) => key === world.at(3).key)
        ?.ackedBy.map(({ dot }) => dot) ?? [],
    ]) {
      const { key } = world.at(4)
      const other = new World(5).settleAll(3)
      other.settle(4, other.admit(1, 4), acks)
      assert.deepEqual(forgers(other.all), [key], JSON.stringify(acks))
      assert.match(textOf(other).join(), new RegExp(`^host4 wrote .*: ${shown}$`))
    }
  })

  it('are not shown where what they name lies in a run of which its writer let something go: another history went with it', () => {
    const { key } = world.at(1)
    world.settle(4, admission, [{ writer: key, counter: 1 }])
    assert.deepEqual(forgers(world.all), [world.at(4).key])
    const last = world.all.held(key)
    const none = { bitmap: new Uint8Array(Math.ceil(last / 8)), signature: new Uint8Array(64) }
    world.at(1).write([{ kind: 'checkpoint', first: 1, last, ...none }])
    assert.deepEqual(forgers(world.all), [])
  })

  it('are shown of who declares the admission of another, or one that is none', () => {
    world.settle(2, admission, [world.ack(2, admission)])
    world.settle(3, { writer: world.at(1).key, counter: 1 }, [])
    assert.deepEqual(forgers(world.all).sort(), [world.at(2).key, world.at(3).key].sort())
  })

  it('are shown beside one that holds', () => {
    world.settle(4, admission, [])
    world.settle(4, admission, [world.ack(2, admission)])
    assert.equal(world.all.member(world.at(4).key)?.settled, true)
    assert.deepEqual(forgers(world.all), [world.at(4).key])
  })

  it('are not shown while what they name may still arrive', () => {
    const missing = world.ack(2, admission)
    const list = world.known()
    world.settle(4, admission, [missing, world.at(3).write([{ kind: 'ack', admission, known: contentName(list) }])])
    const acks = world.at(2).batches.slice(-1)
    const without = registryOf(
      world.meshId,
      world.batches.filter(batch => !acks.includes(batch)),
    )
    assert.deepEqual(forgers(without), [], 'an acknowledgement, or a list')
    for (const batch of acks) without.apply(batch)
    assert.deepEqual(forgers(without), [])
    assert.equal(without.member(world.at(4).key)?.settled, true)
  })
})
