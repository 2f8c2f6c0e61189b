import assert from 'node:assert/strict'
import fc from 'fast-check'
import { beforeEach, describe, it } from 'mocha'
import { knownLeaf } from '../../../src/crdt/known.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { contentName, Registry } from '../../../src/crdt/registry.ts'
import { owedRemovalLeaves } from '../../../src/crdt/removal-duty.ts'
import { dotText } from '../../../src/crdt/vector.ts'
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
