/** R4, "Undecided for good": a removal that never becomes effective keeps no newcomer waiting. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Assertion } from '../../../src/crdt/leaves.ts'
import { startRemovalLeaves } from '../../../src/crdt/removal-start.ts'
import { Hosts } from './hosts.ts'

describe('a removal that waits for good', () => {
  /** Six settled hosts by key: of removals that wait for each other the one of the first is acknowledged first. */
  function byKey(): { hosts: Hosts; order: readonly [number, number, number, number, number, number] } {
    const hosts = new Hosts(8, 6)
    const numbers = [1, 2, 3, 4, 5, 6].sort((a, b) => (hosts.at(a).writer.key < hosts.at(b).writer.key ? -1 : 1))
    const [a, b, c, d, e, f] = numbers as [number, number, number, number, number, number]
    return { hosts, order: [a, b, c, d, e, f] }
  }

  /** `first` removes who start removals of their own meanwhile; all others acknowledge only the first one, and hold the others too. */
  function removed(
    hosts: Hosts,
    first: number,
    starters: readonly (readonly [number, number])[],
    voters: readonly number[],
    assertion: Assertion = 0,
  ) {
    hosts.at(first).removes(starters.map(([starter]) => starter))
    for (const [starter, target] of starters) hosts.at(starter).removes([target], assertion)
    for (const voter of voters) {
      for (const starter of [first, ...starters.map(([each]) => each)]) hosts.at(voter).hears(starter)
      hosts.at(voter).removals()
      hosts.at(first).hears(voter)
    }
    hosts.at(first).removals()
    for (const [starter] of starters) hosts.at(starter).isDown = true
  }

  /** @returns outcomes, sorted */
  const outcomes = (hosts: Hosts, number: number) =>
    hosts
      .at(number)
      .view.removals()
      .map(({ outcome }) => outcome)
      .sort()

  function letsInTwo(hosts: Hosts, first: number, second: number): void {
    hosts.at(first).letsIn(7)
    hosts.comeToRest()
    hosts.at(second).letsIn(8)
    hosts.comeToRest()
    for (const number of [7, 8]) assert.deepEqual([hosts.at(number).isSettled, hosts.at(number).waitingFor], [true, []])
  }

  it('its target removed its starter', () => {
    const { hosts, order } = byKey()
    const [first, starter, ...voters] = order
    removed(hosts, first, [[starter, first]], voters)
    assert.deepEqual(outcomes(hosts, first), ['effective', 'undecided'])
    letsInTwo(hosts, first, voters[0] as number)
  })

  it('is shown with the way out, as nobody may lift it: somebody says that its starter is down', () => {
    const { hosts, order } = byKey()
    const [first, starter, ...voters] = order
    removed(hosts, first, [[starter, first]], voters)
    hosts.comeToRest()
    const shown = (number: number) =>
      hosts
        .at(number)
        .view.conditions()
        .filter(({ kind }) => kind === 'removal-pending' || kind === 'mutual-removal')
    for (const number of [first, ...voters]) {
      const [condition, ...others] = shown(number)
      assert.deepEqual(others, [])
      assert.equal(
        condition?.text,
        `the removal of host${first} was started on host${starter}, which was removed: it is not through, and nobody may end it`,
      )
      assert.match(condition?.remedy ?? '', new RegExp(`skein peer rm host${starter}.* --host-is-down$`))
    }
    hosts.at(first).saysDown(starter)
    hosts.comeToRest()
    for (const number of [first, ...voters]) {
      assert.deepEqual(shown(number), [])
      assert.deepEqual(outcomes(hosts, number), ['cancelled', 'effective'])
    }
  })

  function removesAnother(hosts: Hosts, [next, target, ...voters]: readonly number[]): void {
    const starter = hosts.at(next as number)
    for (const { number } of hosts.all.filter(({ isMember }) => isMember)) starter.hears(number)
    assert.deepEqual(outcomes(hosts, starter.number), ['effective', 'undecided'])
    assert.equal(starter.removes([target as number]), true)
    assert.equal(starter.removals(), false)
    for (const voter of voters) {
      hosts.at(voter).hears(starter.number)
      assert.equal(hosts.at(voter).removals(), true)
      starter.hears(voter)
    }
    assert.equal(starter.removals(), true)
    assert.deepEqual(outcomes(hosts, starter.number), ['effective', 'effective', 'undecided'])
  }

  it('makes no later removal give in', () => {
    const { hosts, order } = byKey()
    const [first, starter, next, target, ...voters] = order
    removed(hosts, first, [[starter, first]], [next, target, ...voters])
    removesAnother(hosts, [next, target, first, ...voters])
  })

  it('keeps nobody from acknowledging what its target starts, though it is asserted', () => {
    const { hosts, order } = byKey()
    const [first, starter, next, target, ...voters] = order
    removed(hosts, first, [[starter, next]], [next, target, ...voters], 1)
    removesAnother(hosts, [next, target, first, ...voters])
  })

  it('who is bound by it is referred to where the way out is told', () => {
    const { hosts, order } = byKey()
    const [first, starter, third, ...voters] = order
    const at = (number: number) => hosts.at(number)
    at(first).removes([starter])
    at(starter).removes([third])
    for (const voter of [third, ...voters]) {
      for (const number of [first, starter]) at(voter).hears(number)
      at(voter).removals()
    }
    // nobody who removes the starter knows this one, and it knows nothing of that
    at(voters[0] as number).letsIn(7)
    at(7).hears(starter, [starter])
    assert.equal(at(7).removals(), true)
    for (const voter of [third, ...voters]) at(first).hears(voter, [voter])
    at(first).removals()
    at(starter).isDown = true
    hosts.comeToRest()
    assert.deepEqual(outcomes(hosts, 7), ['effective', 'undecided'])
    assert.equal(at(7).isSettled, true)
    const { view, writer } = at(7)
    const message = `the removal of host${third} is not decided yet: its starter was removed: see skein status`
    assert.throws(() => startRemovalLeaves(view, writer.key, [at(first).writer.key], 0), { message })
  })

  it('two of them aim at who removed the starters of both', () => {
    const { hosts, order } = byKey()
    const [first, one, other, ...voters] = order
    removed(
      hosts,
      first,
      [
        [one, first],
        [other, first],
      ],
      voters,
    )
    assert.deepEqual(outcomes(hosts, first), ['effective', 'undecided', 'undecided'])
    letsInTwo(hosts, first, voters[0] as number)
  })

  it('it may become effective again: whom a list that names it has settled stays so, and hands nothing out', () => {
    const { hosts, order } = byKey()
    const [first, starter, third, fourth, fifth, last] = order
    removed(hosts, first, [[starter, third]], [third, fourth, fifth, last])
    hosts.at(first).letsIn(7)
    for (const voter of [third, fourth, fifth]) {
      hosts.at(voter).hears(first)
      hosts.at(voter).admissions()
      hosts.at(7).hears(voter)
    }
    hosts.at(7).admissions()
    hosts.at(first).hears(7)
    assert.equal(hosts.at(first).gives(7), true)
    hosts.at(7).hears(first)
    const given = hosts.at(7).blocks
    assert.equal(given.length, 1)
    hosts.at(first).isDown = true
    // it has not heard how the first removal ended
    assert.equal(hosts.at(last).removes([first], 1), true)
    hosts.at(7).hears(last, [last])
    assert.deepEqual([hosts.at(7).isSettled, hosts.at(7).blocks], [true, []])
    hosts.comeToRest()
    assert.deepEqual([hosts.at(7).isSettled, hosts.at(7).blocks], [true, given])
  })

  it('who is bound by a removal of its starter is no more once that took it back, seen or not', () => {
    const hosts = new Hosts(5, 4)
    const at = (number: number) => hosts.at(number)
    at(2).removes([1])
    for (const voter of [3, 4]) {
      at(voter).hears(2)
      at(voter).removals()
    }
    at(1).hears(2)
    at(2).isDown = true
    // they may not acknowledge it: what they promised of host 1 would hide its end
    assert.equal(at(1).removes([2], 1), true)
    for (const voter of [3, 4]) {
      at(voter).hears(1)
      assert.equal(at(voter).removals(), false)
    }
    at(1).lifts()
    for (const voter of [3, 4]) at(voter).hears(1)
    assert.deepEqual(outcomes(hosts, 3), ['undecided', 'undecided'])
    assert.equal(at(4).removes([2], 1), true)
    assert.equal(at(4).removals(), false, 'it gives in to none that was taken back')
    for (const voter of [1, 3]) {
      at(voter).hears(4)
      at(voter).removals()
      at(4).hears(voter)
    }
    assert.equal(at(4).removals(), true)
    assert.equal(at(4).view.member(at(2).writer.key), undefined)
    assert.deepEqual(outcomes(hosts, 4), ['cancelled', 'cancelled', 'effective'])
  })

  // how often is looked for a limit under which they agree depends on how many there are
  for (const before of [0, 1])
    it(`a newcomer that acknowledged it heeds who removed its starter once that gave in, though above its cut, ${before} before`, () => {
      const { hosts, order } = byKey()
      const at = (number: number) => hosts.at(number)
      const [first, starter, ...voters] = order
      for (let n = 0; n < before; n++) {
        at(first).removes([starter])
        at(first).lifts()
        for (const { number } of hosts.all.slice(0, 6)) at(number).hears(first)
      }
      at(first).removes([starter])
      at(starter).removes([first])
      for (const voter of voters) {
        at(voter).hears(first)
        at(voter).hears(starter)
        at(voter).removals()
        at(first).hears(voter)
      }
      at(voters[0] as number).letsIn(7)
      at(7).hears(starter, [starter])
      assert.equal(at(7).removals(), true)
      at(starter).hears(first)
      assert.equal(at(starter).removals(), true, 'of two that wait for each other the later gives in')
      at(first).removals()
      at(7).hears(starter, [starter])
      at(starter).isDown = true
      hosts.comeToRest()
      assert.equal(at(7).isSettled, true)
      const all = [...Array.from({ length: before }, () => 'cancelled'), 'effective', 'undecided']
      for (const number of [first, 7]) assert.deepEqual(outcomes(hosts, number), all)
      assert.equal(at(7).view.member(at(starter).writer.key), undefined)
    })
})
