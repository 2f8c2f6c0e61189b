import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { Scene } from './removal-scene.ts'

describe('crdt: who was told of a removal and does not hold it lets nobody in (R4)', () => {
  it('where the list that it was let in with names the removal', () => {
    const scene = new Scene(4, 3)
    scene.start(1, 3, 1)
    assert.equal(scene.seenBy(2, { 1: 1 }).mayVouch(), true, 'nobody told it')
    scene.admit(2, 4, scene.seenBy(2))
    assert.equal(scene.seenBy(4, { 1: 1 }).mayVouch(), false)
    assert.equal(scene.seenBy(4).mayVouch(), true)
  })

  it('where a list that it is settled by names it', () => {
    const scene = new Scene(5, 4)
    const admission = scene.admit(2, 5)
    const before = scene.seenBy(3)
    scene.start(1, 3, 1)
    const acks = [scene.ack(3, admission, before), scene.ack(4, admission, scene.seenBy(4))]
    assert.equal(scene.seenBy(5, { 1: 1 }).mayVouch(), true, 'it has not settled by that')
    scene.settle(5, admission, acks)
    assert.equal(scene.seenBy(5, { 1: 1 }).member(scene.at(5).key)?.settled, true)
    assert.equal(scene.seenBy(5, { 1: 1 }).mayVouch(), false)
    assert.equal(scene.seenBy(5).mayVouch(), true)
  })
})
