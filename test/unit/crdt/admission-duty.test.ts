import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { owedToAdmissions } from '../../../src/crdt/admission-duty.ts'
import { owedRemovalLeaves } from '../../../src/crdt/removal-duty.ts'
import { startRemovalLeaves } from '../../../src/crdt/removal-start.ts'
import { dotText } from '../../../src/crdt/vector.ts'
import { Scene } from './removal-scene.ts'

describe('crdt: what is owed to admissions (R4)', () => {
  it('who acknowledged while it was pending does it again, once, when all have and nobody counts as settled', () => {
    const scene = new Scene(5, 2)
    const keys = (...numbers: number[]) => numbers.map(number => scene.at(number).key)
    const owed = (number: number) => owedToAdmissions(scene.seenBy(number), scene.at(number).key)
    const remove = (number: number) =>
      scene.at(number).write(owedRemovalLeaves(scene.seenBy(number), scene.at(number).key))
    const third = scene.admit(1, 3, scene.seenBy(1))
    const acks = [scene.ack(2, third, scene.seenBy(2))]
    const [fourth, fifth] = [scene.admit(1, 4, scene.seenBy(1)), scene.admit(1, 5, scene.seenBy(1))]
    for (const admission of [fourth, fifth]) scene.ack(3, admission, scene.seenBy(3))
    scene.settle(3, third, acks)
    // 1 and 2 burn down before they say anything of 4 and 5
    scene.at(3).write(startRemovalLeaves(scene.seenBy(3), scene.at(3).key, keys(1, 2), 2))
    for (const number of [4, 5, 3]) remove(number)
    scene.at(5).write(owed(5))

    const view = scene.seenBy(3)
    assert.deepEqual(
      view.members().map(({ key }) => key),
      keys(3, 4, 5),
    )
    assert.deepEqual(view.member(scene.at(4).key)?.waitingFor, [])
    assert.equal(view.majorityFor(fourth), undefined, 'all have spoken, and nobody as one that is settled')
    scene.at(3).write(owed(3))
    assert.ok(scene.seenBy(3).majorityFor(fourth))
    assert.deepEqual(owed(3), [])
    for (const number of [4, 5, 4, 5]) scene.at(number).write(owed(number))
    assert.ok(scene.all.members().every(({ settled }) => settled))
    for (const number of [3, 4, 5]) assert.deepEqual(owed(number), [])
  })

  it('and when one is lost that has not, once those who are settled by now would be enough', () => {
    const scene = new Scene(6, 1)
    const owed = (number: number) => owedToAdmissions(scene.seenBy(number), scene.at(number).key)
    const admissions = [2, 3, 4, 5, 6].map(newcomer => scene.admit(1, newcomer, scene.seenBy(1)))
    const last = admissions[4] as (typeof admissions)[0]
    for (const number of [2, 3, 4]) scene.ack(number, last, scene.seenBy(number))
    const isLast = (number: number) =>
      owed(number).filter(leaf => leaf.kind === 'ack' && dotText(leaf.admission) === dotText(last))
    assert.deepEqual(isLast(2), [], 'it has said it, and is pending')
    // 5 burns down before it says anything
    for (let left = 6; left > 0; left--) {
      for (const number of [2, 3, 4]) {
        scene.at(number).write(owed(number))
        assert.deepEqual(isLast(1), [], 'the founder was settled when it let it in')
      }
    }
    scene.at(6).write(owed(6))
    assert.deepEqual(scene.all.member(scene.at(6).key)?.settled, true)
    for (const number of [2, 3, 4]) assert.deepEqual(isLast(number), [])
  })
})
