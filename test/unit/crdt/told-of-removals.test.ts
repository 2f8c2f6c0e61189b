import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Registry } from '../../../src/crdt/registry.ts'
import { owedRemovalLeaves } from '../../../src/crdt/removal-duty.ts'
import { startRemovalLeaves } from '../../../src/crdt/removal-start.ts'
import { type Dot, dotText } from '../../../src/crdt/vector.ts'
import { Scene } from './removal-scene.ts'

/** 1 removes 3, and 2 lets in 5, by a list that names the removal. */
function told(): { scene: Scene; removal: Dot; admission: Dot } {
  const scene = new Scene(6, 4)
  const removal = scene.start(1, 3, 1)
  return { scene, removal, admission: scene.admit(2, 5, scene.seenBy(2)) }
}

describe('crdt: who was told of a removal (R4)', () => {
  it('is settled once that is decided for it, and waits for who started it, and for who is to acknowledge it', () => {
    const { scene, removal, admission } = told()
    for (const number of [4, 1]) scene.ack(number, admission, scene.seenBy(number))
    const key = scene.at(5).key
    const waitingFor = (view: Registry) => view.member(key)?.waitingFor
    assert.equal(scene.seenBy(5, { 1: 2 }).majorityFor(admission), undefined)
    assert.ok(waitingFor(scene.seenBy(5, { 1: 2 }))?.includes(scene.at(1).key))
    for (const number of [4, 5]) scene.acknowledge(number, removal, 3)
    assert.equal(scene.seenBy(5).majorityFor(admission), undefined, 'held, and undecided')
    const keys = [1, 2, 3].map(number => scene.at(number).key).sort()
    assert.deepEqual(waitingFor(scene.seenBy(5)), keys, '3 has not acknowledged the admission, nor 2 the removal')
    scene.acknowledge(2, removal, 3)
    assert.equal(scene.seenBy(5).majorityFor(admission), undefined, 'its starter has not said so')
    scene.declare(1, removal)
    assert.equal(scene.seenBy(5, { 1: 1 }).majorityFor(admission), undefined)
    assert.equal(scene.seenBy(5).majorityFor(admission)?.length, 2)
  })

  it('is settled once it is cancelled, too', () => {
    const { scene, removal, admission } = told()
    for (const number of [4, 1]) scene.ack(number, admission, scene.seenBy(number))
    scene.cancel(1, removal)
    assert.equal(scene.seenBy(5).majorityFor(admission)?.length, 2)
  })

  it('waits no more for one whose starter was removed, without an assertion, before it ended it: nobody else may', () => {
    const scene = new Scene(6, 5)
    scene.start(1, 3, 1)
    const admission = scene.admit(2, 6, scene.seenBy(2))
    for (const number of [4, 5]) scene.ack(number, admission, scene.seenBy(number))
    const leave = scene.start(4, 1, 4)
    for (const number of [2, 3, 5, 6]) scene.acknowledge(number, leave, 1)
    assert.equal(scene.seenBy(6).majorityFor(admission), undefined)
    scene.declare(4, leave)
    const outcomes = (view: Registry) => view.removals().map(({ outcome }) => outcome)
    assert.deepEqual(outcomes(scene.seenBy(6)), ['undecided', 'effective'])
    assert.equal(scene.seenBy(6, { 1: 1 }).majorityFor(admission), undefined, 'what lies below the cut may end it')
    assert.ok(scene.seenBy(6).majorityFor(admission))
    scene.settle(6, admission, scene.seenBy(6).majorityFor(admission) ?? [])
    const [shown] = scene.seenBy(6).removals()
    assert.equal(shown?.isTold, undefined, 'it binds nobody who did not acknowledge it')
    // unless another may undo the removal of its starter
    scene.start(3, 4, 3, 0, scene.seenBy(3, { 4: 1 }))
    assert.equal(scene.seenBy(6).majorityFor(admission), undefined)
  })

  it('relies on no acknowledgement of a target, nor of whom only that one has let in above what is sure, until it is decided', () => {
    const scene = new Scene(7, 5)
    const removal = scene.start(1, 3, 1)
    // nobody's list names it: it has not come to them
    const unheard = (number: number) => scene.seenBy(number, { 1: 1 })
    const guest = scene.admit(3, 7, unheard(3))
    const admission = scene.admit(2, 6, unheard(2))
    for (const number of [3, 7, 4]) scene.ack(number, admission, unheard(number))
    const key = scene.at(6).key
    assert.equal(scene.seenBy(6).majorityFor(admission), undefined, '2 and 4 of six')
    const waitingFor = [1, 3, 5, 7].map(number => scene.at(number).key).sort()
    assert.deepEqual(scene.seenBy(6).member(key)?.waitingFor, waitingFor)
    assert.deepEqual(scene.seenBy(7).member(scene.at(7).key)?.waitingFor.includes(scene.at(3).key), true)
    for (const number of [1, 2, 4, 5]) scene.ack(number, guest, unheard(number))
    assert.equal(scene.seenBy(7).majorityFor(guest), undefined, 'the removal may cut it off')
    scene.cancel(1, removal)
    assert.ok(scene.seenBy(6).majorityFor(admission))
    assert.ok(scene.seenBy(7).majorityFor(guest))
  })

  it('cites no acknowledgement whose list names a removal that is not decided for it', () => {
    const scene = new Scene(6, 5)
    const admission = scene.admit(2, 6)
    const acks = [4, 5].map(number => scene.ack(number, admission, scene.seenBy(number)))
    const removal = scene.start(1, 3, 1)
    const early = scene.ack(1, admission, scene.seenBy(1))
    const cited = (missing: Record<number, number>) =>
      scene.seenBy(6, missing).majorityFor(admission)?.map(dotText).sort()
    for (const missing of [{ 1: 2 }, { 1: 1 }, {}]) assert.deepEqual(cited(missing), acks.map(dotText).sort())
    assert.equal(cited({ 5: 1 }), undefined)
    scene.cancel(1, removal)
    assert.deepEqual(cited({ 5: 1 }), [acks[0] as Dot, early].map(dotText).sort())
  })

  it('relies on no list that rests on the end of a removal by a target, above what is sure, until that is decided', () => {
    const scene = new Scene(6, 5)
    const first = scene.start(1, 5, 1)
    for (const number of [2, 3, 4]) scene.acknowledge(number, first, 5)
    const before = scene.seenBy(2)
    scene.declare(1, first)
    const admission = scene.admit(3, 6, scene.seenBy(3))
    for (const number of [2, 4]) scene.ack(number, admission, scene.seenBy(number))
    assert.ok(scene.seenBy(6).majorityFor(admission), '2, 3 and 4 of four')
    const second = scene.start(2, 1, 2, 1, before)
    assert.equal(scene.seenBy(6).majorityFor(admission), undefined, '5 may still be a member')
    assert.ok(scene.seenBy(6).member(scene.at(6).key)?.waitingFor.includes(scene.at(1).key))
    for (const number of [3, 4, 6]) scene.acknowledge(number, second, 1)
    scene.at(2).write(owedRemovalLeaves(scene.seenBy(2), scene.at(2).key))
    assert.ok(scene.seenBy(6).majorityFor(admission), 'started anew: the cut is no lower than the end')
  })

  it('is bound by it as if it had acknowledged it: it starts and acknowledges no other', () => {
    const { scene, removal, admission } = told()
    const acks = [3, 4].map(number => scene.ack(number, admission, scene.seenBy(number, { 1: 1 })))
    const pending = scene.seenBy(5)
    assert.equal(pending.removals()[0]?.isTold, undefined, 'it is not settled')
    scene.settle(5, admission, acks)
    const self = scene.at(5).key
    const bound = scene.seenBy(5)
    assert.equal(bound.removals()[0]?.isTold, true)
    assert.throws(() => startRemovalLeaves(bound, self, [scene.at(4).key], 0), { code: 'conflict' })
    assert.throws(() => startRemovalLeaves(bound, self, [scene.at(4).key], 1), { code: 'conflict' })
    assert.equal(startRemovalLeaves(bound, self, [scene.at(1).key], 1).at(-1)?.kind, 'removal', 'of its starter (f)')

    const other = scene.start(4, 2, 4, 0, scene.seenBy(4, { 1: 1 }))
    const owed = () => owedRemovalLeaves(scene.seenBy(5), self).filter(({ kind }) => kind === 'removal-ack')
    assert.deepEqual(
      owed().map(leaf => 'removal' in leaf && leaf.removal),
      [removal],
    )
    scene.acknowledge(5, removal, 3)
    assert.deepEqual(owed(), [])
    scene.cancel(1, removal)
    assert.equal(
      scene
        .seenBy(5)
        .removals()
        .find(({ starter }) => starter === scene.at(1).key)?.isTold,
      undefined,
    )
    assert.deepEqual(
      owed().map(leaf => 'removal' in leaf && leaf.removal),
      [other],
    )
  })

  it('waits no more for one above the cut of who started it, and is gone: nobody may have it', () => {
    const { scene, admission } = told()
    scene.ack(4, admission, scene.seenBy(4, { 1: 1 }))
    scene.ack(3, admission, scene.seenBy(3, { 1: 1 }))
    const late = scene.start(4, 1, 4, 1, scene.seenBy(4, { 1: 1 }))
    for (const number of [2, 3, 5]) scene.acknowledge(number, late, 1, scene.seenBy(number, { 1: 1 }))
    assert.equal(scene.seenBy(5, { 1: 1 }).majorityFor(admission), undefined)
    scene.declare(4, late, scene.seenBy(4, { 1: 1 }))
    assert.ok(scene.seenBy(5, { 1: 1 }).majorityFor(admission))
  })

  it('is bound by its own as well: what it started others would not acknowledge', () => {
    const scene = new Scene(5, 4)
    const admission = scene.admit(2, 5)
    scene.start(1, 5, 1)
    const acks = [1, 3, 4].map(number => scene.ack(number, admission, scene.seenBy(number)))
    scene.settle(5, admission, acks)
    const [one, self] = [scene.at(1).key, scene.at(5).key]
    assert.equal(scene.seenBy(5).removals()[0]?.isTold, true)
    assert.throws(() => startRemovalLeaves(scene.seenBy(5), self, [one], 1), { code: 'conflict' })
  })
})

describe('crdt: who was told of an admission (R4)', () => {
  /** 1 lets in 5, 2 lets in 6, by a list that names 5. */
  function letIn(): { scene: Scene; admission: Dot } {
    const scene = new Scene(6, 4)
    scene.admit(1, 5, scene.seenBy(1))
    const admission = scene.admit(2, 6, scene.seenBy(2))
    for (const number of [3, 4]) scene.ack(number, admission, scene.seenBy(number))
    return { scene, admission }
  }

  it('is settled once that is in effect for it, so that what it says lists it', () => {
    const { scene, admission } = letIn()
    const without = scene.seenBy(6, { 1: 1 })
    assert.equal(without.majorityFor(admission), undefined)
    assert.ok(without.member(scene.at(6).key)?.waitingFor.includes(scene.at(1).key))
    assert.equal(scene.seenBy(6).majorityFor(admission)?.length, 2)
  })

  it('waits while it has promised not to see it, until the removal is decided', () => {
    const { scene, admission } = letIn()
    const removal = scene.start(3, 1, 3, 0, scene.seenBy(3))
    scene.acknowledge(6, removal, 1, scene.seenBy(6, { 1: 1 }))
    assert.equal(scene.seenBy(6).majorityFor(admission), undefined)
    scene.cancel(3, removal)
    assert.equal(scene.seenBy(6).majorityFor(admission)?.length, 2)
  })

  it('waits no more for what lies above the cut of its writer, nor for what only that one has let in', () => {
    const scene = new Scene(7, 4)
    scene.admit(1, 5, scene.seenBy(1))
    scene.admit(5, 7, scene.seenBy(5))
    const admission = scene.admit(2, 6, scene.seenBy(2))
    for (const number of [3, 4]) scene.ack(number, admission, scene.seenBy(number))
    const lost = { 1: 2, 5: 2 }
    const removal = scene.start(3, 1, 3, 1, scene.seenBy(3, lost))
    for (const number of [2, 4, 6]) scene.acknowledge(number, removal, 1, scene.seenBy(number, lost))
    scene.declare(3, removal, scene.seenBy(3, lost))
    const seen = () => scene.seenBy(6, lost)
    assert.equal(seen().removals()[0]?.outcome, 'effective')
    assert.equal(seen().majorityFor(admission), undefined, 'those lists count who is gone')
    for (const number of [3, 4]) scene.ack(number, admission, scene.seenBy(number, lost))
    assert.ok(seen().majorityFor(admission))
  })
})
