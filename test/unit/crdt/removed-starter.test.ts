import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { knownLeaf } from '../../../src/crdt/known.ts'
import { contentName, type Registry } from '../../../src/crdt/registry.ts'
import { Scene } from './removal-scene.ts'

const outcomes = (view: Registry) => view.removals().map(removal => removal.outcome)

describe('crdt: a starter of a removal that is removed itself (R9 f)', () => {
  it('(f): a starter that was itself removed as down has cancelled, once all of it is held', () => {
    const four = new Scene(4)
    const first = four.start(3, 4, 3)
    const second = four.start(1, 3, 1, 1)
    four.acknowledge(2, second, 3)
    four.acknowledge(4, second, 3)
    four.declare(1, second)
    assert.equal(four.all.removals().find(item => item.dot.writer === first.writer)?.outcome, 'cancelled')
    const behind = four.seenBy(2, { 3: 1 })
    assert.deepEqual(outcomes(behind).sort(), ['effective'])
  })

  it('(f): a declaration within the cut of its starter counts, also where the acknowledgements that it cites are lost', () => {
    const five = new Scene(5)
    const block = five.blockOf(4)
    const first = five.start(1, 4, 1, 1)
    for (const acker of [2, 5, 3]) five.acknowledge(acker, first, 4)
    const lacking = (self: number) => five.seenBy(self, { 3: 1 })
    five.declare(1, first)
    assert.equal(outcomes(lacking(2)).join(), 'undecided', 'its starter is a member, and may still tell')
    // 1 and 3 are lost at once, and with them what 3 acknowledged: 2 takes both out
    const known = knownLeaf(lacking(2))
    const targets = [1, 3].map(n => ({
      key: five.at(n).key,
      heir: five.at(2).key,
      counter: lacking(2).held(five.at(n).key),
    }))
    const second = five.at(2).write([known, { kind: 'removal', targets, assertion: 1, known: contentName(known) }])
    for (const acker of [4, 5]) {
      const list = knownLeaf(lacking(acker))
      const counters = targets.map(({ key }) => lacking(acker).held(key))
      five.at(acker).write([list, { kind: 'removal-ack', removal: second, counters, known: contentName(list) }])
    }
    five.declare(2, second, lacking(2))
    for (const view of [lacking(2), lacking(5), five.seenBy(2), five.all]) {
      assert.deepEqual(outcomes(view), ['effective', 'effective'])
      const { owner, quarantined } = view.block(five.id, block) ?? assert.fail()
      assert.deepEqual([owner, quarantined], [five.at(2).key, false])
    }
    // who stays can go on: lists name both
    const third = five.start(2, 5, 2, 2, lacking(2))
    five.declare(2, third, lacking(2))
    assert.deepEqual(
      lacking(2)
        .members()
        .map(({ name }) => name),
      ['host2'],
    )
  })

  it('of two hosts that assert each other down the first counts, everywhere', () => {
    const two = new Scene(2)
    const [one, other] = [two.seenBy(1), two.seenBy(2)]
    const a = two.start(1, 2, 1, 2, one)
    const b = two.start(2, 1, 2, 2, other)
    two.declare(1, a, two.seenBy(1, { 2: 1 }))
    two.declare(2, b, two.seenBy(2, { 1: 2 }))
    const [winner] = [...two.all.removals()].sort((x, y) => x.since[0] - y.since[0])
    const effective = two.all.removals().filter(item => item.outcome === 'effective')
    assert.deepEqual(
      effective.map(item => item.dot),
      [winner?.dot],
    )
    assert.equal(two.all.members().length, 1)
  })
})
