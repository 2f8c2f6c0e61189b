import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import type { Registry } from '../../../src/crdt/registry.ts'
import type { Dot } from '../../../src/crdt/vector.ts'
import { Scene } from './removal-scene.ts'

const outcomes = (view: Registry) => view.removals().map(removal => removal.outcome)

describe('crdt: an end of a removal that nothing proves has no effect, and is shown (R9)', () => {
  type End = Extract<Leaf, { kind: 'removal-end' }>
  const cases: [title: string, end: (removal: Dot, acks: Dot[], cut: number) => Partial<End>][] = [
    ['no acknowledgement', (_, __, cut) => ({ cut: [cut] })],
    ['not all acknowledgements', (_, [one], cut) => ({ acks: one ? [one] : [], cut: [cut] })],
    [
      'the acknowledgement of another',
      (_, [one], cut) => ({ acks: one ? [one, { ...one, counter: 1 }] : [], cut: [cut] }),
    ],
    ['a lower cut than was acknowledged', (_, acks, cut) => ({ acks, cut: [cut - 1] })],
    ['a higher cut than was acknowledged', (_, acks, cut) => ({ acks, cut: [cut + 1] })],
  ]
  for (const [title, end] of cases) {
    it(title, () => {
      const of4 = new Scene(4)
      const { key } = of4.at(4)
      const removal = of4.start(1, 4, 1, 1)
      const acks = [of4.acknowledge(2, removal, 4), of4.acknowledge(3, removal, 4)]
      const said = end(removal, acks, of4.all.held(key))
      of4.at(1).write([{ kind: 'removal-end', removal, effective: true, acks: [], cut: [], ...said }])
      const { all } = of4
      assert.deepEqual(outcomes(all), ['undecided'])
      assert.equal(all.member(key)?.settled, true)
      const [forged, pending, ...others] = all.conditions()
      assert.deepEqual([forged?.kind, pending?.kind, others], ['forged-records', 'removal-pending', []])
      assert.match(
        forged?.text ?? '',
        /^host1 wrote .*: that the removal of host4 is through, which was not acknowledged$/,
      )
      assert.equal(pending?.remedy, 'switch host1 off, then, on a host that stays: skein peer rm host1 --host-is-down')
      const second = of4.start(2, 1, 2, 1)
      for (const acker of [3, 4]) of4.acknowledge(acker, second, 1)
      of4.declare(2, second)
      assert.deepEqual(outcomes(of4.all).sort(), ['cancelled', 'effective'])
      assert.deepEqual([of4.all.member(key)?.settled, of4.all.conditions()], [true, []])
    })
  }

  it('by another than its starter', () => {
    const scene = new Scene(3)
    const removal = scene.start(1, 3, 1, 1)
    const ack = scene.acknowledge(2, removal, 3)
    const cut = [scene.all.held(scene.at(3).key)]
    scene.at(2).write([{ kind: 'removal-end', removal, effective: true, acks: [ack], cut }])
    assert.deepEqual(outcomes(scene.all), ['undecided'])
    assert.equal(scene.all.member(scene.at(3).key)?.settled, true)
  })
})
