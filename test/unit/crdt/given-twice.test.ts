import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'mocha'
import { Scene } from './removal-scene.ts'

describe('crdt: what a host gave twice, once it is removed (R9)', () => {
  let scene: Scene
  beforeEach(() => {
    scene = new Scene(3)
  })

  it('leaves a block that it gave twice to nobody, and tells nobody to remove it once more', () => {
    const block = scene.blockOf(3)
    const before = scene.all
    for (const to of [1, 2]) scene.give(scene.at(3), scene.at(to), block, before)
    const remedies = () => scene.all.conditions().map(({ kind, remedy }) => [kind, remedy])
    assert.match(remedies()[0]?.[1] ?? '', /; if it is not to be trusted: skein peer rm host3$/)
    const removal = scene.start(1, 3, 1, 1)
    scene.acknowledge(2, removal, 3)
    scene.declare(1, removal)
    assert.equal(scene.all.block(scene.id, block)?.quarantined, true)
    assert.deepEqual(remedies(), [
      [
        'block-forked',
        'it stays so as long as the network exists; if the network needs more addresses, move its containers to a larger one, with: skein net create --subnet=SUBNET NAME, then: skein net drain web --into NAME',
      ],
    ])
  })

  it('frees a block that it gave twice where one of the two lies above its cut', () => {
    const block = scene.blockOf(3)
    const before = scene.all
    scene.give(scene.at(3), scene.at(1), block, before)
    const seen = scene.seenBy(1)
    const acked = scene.seenBy(2)
    scene.give(scene.at(3), scene.at(2), block, before)
    const removal = scene.start(1, 3, 1, 1, seen)
    scene.acknowledge(2, removal, 3, acked)
    scene.declare(1, removal, scene.seenBy(1, { 3: 1 }))
    assert.equal(scene.all.block(scene.id, block)?.quarantined, false)
    assert.deepEqual(scene.all.conditions(), [])
  })
})
