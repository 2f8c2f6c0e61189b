import assert from 'node:assert/strict'
import fc from 'fast-check'
import { beforeEach, describe, it } from 'mocha'
import { knownLeaf } from '../../../src/crdt/known.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { contentName, Registry } from '../../../src/crdt/registry.ts'
import { owedRemovalLeaves } from '../../../src/crdt/removal-duty.ts'
import { type Dot, dotText } from '../../../src/crdt/vector.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { interleave } from './random-history.ts'
import { Scene } from './removal-scene.ts'
import { viewJson } from './view-json.ts'
import { World } from './writer.ts'

const outcomes = (view: Registry) => view.removals().map(removal => removal.outcome)

describe('crdt: removal of a host (R9)', () => {
  let scene: Scene
  beforeEach(() => {
    scene = new Scene(3)
  })

  it('waits for every other member, then takes the host out, and its heir has its blocks', () => {
    const block = scene.blockOf(3)
    const removal = scene.start(1, 3, 1, 1)
    assert.deepEqual(scene.all.removals()[0]?.waitingFor, [scene.at(2).key])
    const [condition] = scene.all.conditions()
    assert.equal(condition?.kind, 'removal-pending')
    assert.equal(condition.text, 'the removal of host3 was started on host1, and waits for host2')
    assert.equal(
      condition.remedy,
      'bring the hosts that it waits for back, or on host1: skein peer rm --cancel host3; if host1 is off for good, on a host that stays: skein peer rm host1 --host-is-down',
    )
    assert.equal(scene.all.member(scene.at(3).key)?.settled, true)
    scene.acknowledge(2, removal, 3)
    assert.deepEqual(outcomes(scene.all), ['undecided'])
    scene.declare(1, removal)
    assert.deepEqual(outcomes(scene.all), ['effective'])
    assert.equal(scene.all.member(scene.at(3).key), undefined)
    assert.equal(scene.all.everMember(scene.at(3).key)?.name, 'host3')
    assert.deepEqual(
      scene.all.members().map(member => member.name),
      ['host1', 'host2'],
    )
    const { owner, quarantined } = scene.all.block(scene.id, block) ?? assert.fail()
    assert.deepEqual([owner, quarantined], [scene.at(1).key, false])
    assert.deepEqual(scene.all.conditions(), [])
    // the heir gives it on
    scene.give(scene.at(1), scene.at(2), block)
    assert.equal(scene.all.block(scene.id, block)?.owner, scene.at(2).key)
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

  it('leaves the blocks to nobody until somebody asserts that the host is down', () => {
    const block = scene.blockOf(3)
    const removal = scene.start(1, 3, 1)
    scene.acknowledge(2, removal, 3)
    scene.declare(1, removal)
    assert.equal(scene.all.block(scene.id, block)?.quarantined, true)
    assert.deepEqual(
      scene.all.conditions().map(item => [item.kind, item.remedy]),
      [
        [
          'removed-unasserted',
          'on a host that runs: skein join TOKEN, with one of skein peer invite; when it is switched off: skein peer rm host3 --host-is-down',
        ],
      ],
    )
    scene.at(2).write([{ kind: 'host-down', removal }])
    assert.equal(scene.all.block(scene.id, block)?.quarantined, false)
    assert.equal(scene.all.block(scene.id, block)?.owner, scene.at(1).key)
    assert.deepEqual(scene.all.conditions(), [])
  })

  describe('an end that nothing proves has no effect, and is shown', () => {
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
        assert.equal(
          pending?.remedy,
          'switch host1 off, then, on a host that stays: skein peer rm host1 --host-is-down',
        )
        const second = of4.start(2, 1, 2, 1)
        for (const acker of [3, 4]) of4.acknowledge(acker, second, 1)
        of4.declare(2, second)
        assert.deepEqual(outcomes(of4.all).sort(), ['cancelled', 'effective'])
        assert.deepEqual([of4.all.member(key)?.settled, of4.all.conditions()], [true, []])
      })
    }

    it('by another than its starter', () => {
      const removal = scene.start(1, 3, 1, 1)
      const ack = scene.acknowledge(2, removal, 3)
      const cut = [scene.all.held(scene.at(3).key)]
      scene.at(2).write([{ kind: 'removal-end', removal, effective: true, acks: [ack], cut }])
      assert.deepEqual(outcomes(scene.all), ['undecided'])
      assert.equal(scene.all.member(scene.at(3).key)?.settled, true)
    })
  })

  it('V2: gives no effect to what the host did above the own acknowledgement, until the cut says so', () => {
    const block = scene.blockOf(3)
    const removal = scene.start(1, 3, 1, 1)
    const before = scene.seenBy(2)
    scene.give(scene.at(3), scene.at(2), block)
    scene.acknowledge(2, removal, 3, before)
    // it was told of the gift only after it had promised
    assert.equal(scene.seenBy(2).block(scene.id, block)?.owner, scene.at(3).key)
    assert.equal(scene.seenBy(3).block(scene.id, block)?.owner, scene.at(2).key)
    assert.equal(scene.seenBy(2).digest(), scene.seenBy(3).digest(), 'the promise is its own')
    scene.declare(1, removal, scene.seenBy(1, { 3: 1 }))
    for (const peer of [1, 2]) assert.equal(scene.seenBy(peer).block(scene.id, block)?.owner, scene.at(1).key)
  })

  it('heeds no declaration that its starter made above the own acknowledgement', () => {
    scene = new Scene(4)
    const first = scene.start(3, 1, 3)
    for (const peer of [2, 4]) scene.acknowledge(peer, first, 1)
    // host2 and host4 say that host3 is down, before they hear what it declared
    const beforeTwo = scene.seenBy(2)
    const second = scene.start(2, 3, 2, 1, beforeTwo)
    const [beforeOne, beforeFour] = [scene.seenBy(1), scene.seenBy(4)]
    scene.declare(3, first)
    scene.acknowledge(1, second, 3, beforeOne)
    scene.acknowledge(4, second, 3, beforeFour)
    // what counts in the end, nobody who promised may have taken for anything else before
    for (const peer of [1, 2, 4]) assert.deepEqual(outcomes(scene.seenBy(peer)), ['undecided', 'undecided'], `${peer}`)
    scene.declare(2, second, scene.seenBy(2))
    for (const peer of [1, 2, 4]) {
      const view = scene.seenBy(peer)
      const said = new Map(view.removals().map(removal => [dotText(removal.dot), removal.outcome]))
      assert.deepEqual([said.get(dotText(first)), said.get(dotText(second))], ['cancelled', 'effective'])
      assert.equal(view.digest(), scene.all.digest())
    }
  })

  it('is started anew where others rest on what the host declared above that, and so decided', () => {
    const scene = new Scene(5)
    const first = scene.start(1, 5, 1)
    for (const number of [2, 3, 4]) scene.acknowledge(number, first, 5)
    const before = scene.seenBy(2)
    scene.declare(1, first)
    const second = scene.start(2, 1, 2, 1, before)
    for (const number of [3, 4]) scene.acknowledge(number, second, 1)
    const owed = () => owedRemovalLeaves(scene.seenBy(2), scene.at(2).key)
    const leaves = owed()
    assert.deepEqual(
      leaves.map(({ kind }) => kind),
      ['removal-end', 'known', 'removal'],
    )
    const anew = scene.at(2).write(leaves)
    assert.deepEqual(owed(), [])
    for (const number of [3, 4]) scene.acknowledge(number, anew, 1)
    scene.at(2).write(owed())
    const keys = scene
      .seenBy(2)
      .members()
      .map(({ key }) => key)
    assert.deepEqual(keys.sort(), [2, 3, 4].map(number => scene.at(number).key).sort())
  })

  it('V1: raises the cut to what any acknowledgement holds, and V3: the heir waits for all of it', () => {
    const block = scene.blockOf(3)
    const removal = scene.start(1, 3, 1, 1)
    scene.give(scene.at(3), scene.at(2), block)
    scene.acknowledge(2, removal, 3)
    scene.declare(1, removal, scene.seenBy(1, { 3: 1 }))
    assert.equal(scene.all.block(scene.id, block)?.owner, scene.at(2).key)
    const heir = scene.seenBy(1, { 3: 1 })
    const { owner, quarantined } = heir.block(scene.id, block) ?? assert.fail()
    assert.deepEqual([owner, quarantined], [scene.at(1).key, true])
  })

  it('is lifted by its starter, and what was withheld takes effect', () => {
    const block = scene.blockOf(3)
    const removal = scene.start(1, 3, 1, 1)
    scene.give(scene.at(3), scene.at(2), block)
    assert.equal(scene.seenBy(1).block(scene.id, block)?.owner, scene.at(3).key)
    scene.cancel(1, removal)
    assert.deepEqual(outcomes(scene.all), ['cancelled'])
    assert.equal(scene.seenBy(1).block(scene.id, block)?.owner, scene.at(2).key)
    assert.equal(scene.seenBy(1).digest(), scene.all.digest())
    // a declaration after the first is none
    scene.at(1).write([{ kind: 'removal-end', removal, effective: true, acks: [], cut: [99] }])
    assert.deepEqual(outcomes(scene.all), ['cancelled'])
  })

  it('H11: one of two is no majority, but for the operator who asserts all of it', () => {
    const two = new Scene(2)
    two.start(1, 2, 1, 1)
    const [pending] = two.all.removals()
    assert.deepEqual([pending?.isMajority, pending?.waitingFor, pending?.complete], [false, [], undefined])
    const other = new Scene(2)
    const removal = other.start(1, 2, 1, 2)
    other.declare(1, removal)
    assert.deepEqual(outcomes(other.all), ['effective'])
  })

  it('H9: waits for who joined through the host, as soon as one acknowledgement lists it', () => {
    const five = new World(5)
    for (let n = 2; n <= 4; n++) {
      const admission = five.admit(1, n)
      five.settle(
        n,
        admission,
        Array.from({ length: n - 2 }, (_, i) => five.ack(i + 2, admission)),
      )
    }
    const known = knownLeaf(five.all)
    const key = five.at(4).key
    const targets = [{ key, heir: five.at(1).key, counter: five.all.held(key) }]
    const removal = five.at(1).write([known, { kind: 'removal', targets, assertion: 1, known: contentName(known) }])
    five.admit(4, 5)
    const seen = knownLeaf(five.all)
    const ack = (): Leaf[] => [
      seen,
      { kind: 'removal-ack', removal, counters: [five.all.held(key)], known: contentName(seen) },
    ]
    five.at(2).write(ack())
    five.at(3).write(ack())
    assert.deepEqual(five.all.removals()[0]?.waitingFor, [five.at(5).key])
    five.at(5).write(ack())
    assert.ok(five.all.removals()[0]?.complete)
  })

  it('is decided also on who does not see the guests of a guest of the host, whose acknowledgements its end cites', () => {
    const five = new Scene(5, 3)
    const before = five.seenBy(2)
    five.admit(3, 4)
    const removal = five.start(1, 3, 1, 1)
    five.acknowledge(4, removal, 3)
    five.admit(4, 5)
    five.acknowledge(5, removal, 3)
    five.acknowledge(2, removal, 3, before)
    five.declare(1, removal)
    const guest = five.at(5)
    const without = five.seenBy(2, { 5: guest.batches.length })
    assert.deepEqual(outcomes(without), ['undecided'])
    assert.equal(without.everMember(guest.key), undefined)
    assert.equal(without.mayWrite(guest.key), true, 'what decides it is taken in')
    const all = five.seenBy(2)
    assert.deepEqual(outcomes(all), ['effective'])
    assert.equal(all.member(guest.key)?.name, 'host5')
    assert.equal(all.digest(), five.seenBy(1).digest())
  })

  it('R4: whoever was let in meanwhile is settled without the guests of the host, once a list has the removal', () => {
    scene = new Scene(5, 1)
    const host = scene.admit(1, 2)
    const removal = scene.start(1, 2, 1, 2)
    const newcomer = scene.admit(1, 3, scene.seenBy(1))
    scene.acknowledge(3, removal, 2) // it does not know that the host is settled
    scene.settle(2, host, [])
    for (const guest of [4, 5]) scene.admit(2, guest, scene.seenBy(2))
    scene.ack(2, newcomer, scene.seenBy(2))
    scene.declare(1, removal)
    const [one, { key }] = [scene.at(1).key, scene.at(3)]
    const seen = scene.seenBy(1)
    assert.deepEqual(outcomes(seen), ['effective'])
    const guests = [4, 5].map(number => scene.at(number).key).sort()
    const waitingFor = [...guests, scene.at(2).key].sort()
    assert.deepEqual(seen.member(key)?.waitingFor, waitingFor, 'the host acknowledged it, lists them, and is gone')
    assert.ok(guests.every(guest => !seen.everMember(guest)))
    assert.equal(seen.majorityFor(newcomer), undefined)
    assert.equal(seen.hasListedGone(one, key, newcomer), false)
    const again = scene.ack(1, newcomer, seen)
    assert.equal(scene.seenBy(1).hasListedGone(one, key, newcomer), true)
    assert.deepEqual(scene.seenBy(1).member(key)?.waitingFor, [])
    assert.deepEqual(scene.seenBy(3).majorityFor(newcomer), [again])
    scene.settle(3, newcomer, [again])
    for (const self of [1, 3]) assert.equal(scene.seenBy(self).member(key)?.settled, true)
  })

  it('H12: voids what the removed host did beyond the cut, members that it admitted among it', () => {
    const removal = scene.start(1, 3, 1, 1)
    scene.acknowledge(2, removal, 3)
    scene.declare(1, removal)
    const before = scene.all
    scene.at(3).write([{ kind: 'tenant', name: 'late' }])
    const after = scene.all
    assert.ok(!after.hasTenant('late'))
    assert.equal(after.digest(), before.digest())
    assert.ok(scene.seenBy(3).hasTenant('late'), 'on its own host it stays')
  })

  it('builds itself again when a cut lies below what was applied', () => {
    const removal = scene.start(1, 3, 1, 1)
    const ackView = scene.seenBy(2)
    scene.at(3).write([{ kind: 'tenant', name: 'late' }])
    scene.acknowledge(2, removal, 3, ackView)
    const outsider = new Registry(scene.meshId, verifySignature)
    for (const batch of scene.batches) outsider.apply(batch)
    assert.ok(outsider.hasTenant('late'))
    scene.declare(1, removal, scene.seenBy(1, { 3: 1 }))
    outsider.apply(scene.at(1).batches.at(-1) ?? assert.fail())
    assert.ok(!outsider.hasTenant('late'))
    assert.equal(outsider.digest(), scene.all.digest())
  })

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

  it('is one state for one set of records, in any order, any number of times', () => {
    const four = new Scene(4)
    const block = four.blockOf(4)
    const removal = four.start(1, 4, 1, 1)
    const seen = four.seenBy(2)
    four.give(four.at(4), four.at(3), block)
    four.acknowledge(2, removal, 4, seen)
    four.at(4).write([{ kind: 'tenant', name: 'late' }])
    four.acknowledge(3, removal, 4, four.seenBy(3, { 4: 1 }))
    four.declare(1, removal, four.seenBy(1, { 4: 2 }))
    four.give(four.at(3), four.at(2), block)
    const whole = four.all
    assert.equal(whole.block(four.id, block)?.owner, four.at(2).key)
    const chains = four.writers.map(writer => writer.batches)
    fc.assert(
      fc.property(
        fc.array(fc.nat(20), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 0, max: 3 }),
        (order, self) => {
          const registry = new Registry(four.meshId, verifySignature, self > 0 ? { self: four.at(self).key } : {})
          for (const batch of interleave(chains, order)) {
            registry.apply(batch)
            registry.block(four.id, block)
          }
          assert.equal(registry.digest(), whole.digest())
          assert.equal(viewJson(registry, [four.id]), viewJson(whole, [four.id]))
        },
      ),
      { numRuns: 60 },
    )
  })
})
