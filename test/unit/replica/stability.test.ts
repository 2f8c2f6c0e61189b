import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { Stability } from '../../../src/replica/stability.ts'

const counters = (entries: Record<string, number>) => new Map(Object.entries(entries))

describe('stable vector', () => {
  /** A stability that knows these members, and how it is told what one of them showed. */
  function of(members: string[]) {
    const stability = new Stability()
    stability.advance(members)
    const saw = (member: string, entries: Record<string, number>) => {
      stability.saw(member, counters(entries))
      stability.advance(members)
    }
    return { stability, saw }
  }

  it('takes two rounds: all cover it, then all cover what all held then (H13)', () => {
    const { stability, saw } = of(['a', 'b', 'c'])
    saw('a', { a: 5, b: 1, c: 1 })
    saw('b', { a: 5, b: 1, c: 1 })
    // c has written two records that the others do not hold yet
    saw('c', { a: 5, b: 1, c: 3 })
    assert.equal(stability.covers('a', 5), false)
    saw('c', { a: 5, b: 1, c: 3 })
    saw('a', { a: 5, b: 1, c: 3 })
    saw('b', { a: 5, b: 1, c: 2 })
    assert.equal(stability.covers('a', 5), false)
    assert.deepEqual(stability.waitingFor(['a', 'b', 'c']), ['b'])
    saw('b', { a: 6, b: 2, c: 3 })
    assert.ok(stability.covers('a', 5) && stability.covers('c', 1))
    assert.equal(stability.covers('a', 6), false)
    assert.equal(stability.covers('c', 2), false)
  })

  it('waits for a member that was never seen, and begins again when one is new', () => {
    const { stability, saw } = of(['a', 'b'])
    saw('a', { a: 1 })
    assert.deepEqual(stability.waitingFor(['a', 'b']), ['b'])
    saw('b', { a: 1 })
    // the newcomer may have written without knowing a's record
    const all = ['a', 'b', 'n']
    stability.advance(all)
    for (const member of ['n', 'a', 'b']) stability.saw(member, counters({ a: 1, n: 1 }))
    stability.advance(all)
    assert.equal(stability.covers('a', 1), false)
    for (const member of ['b', 'a', 'n']) stability.saw(member, counters({ a: 1, n: 1 }))
    stability.advance(all)
    assert.ok(stability.covers('a', 1))
  })

  it('does not wait for a member that was removed, and never takes back what was stable', () => {
    const { stability, saw } = of(['a', 'b', 'gone'])
    saw('gone', { a: 1 })
    stability.advance(['a', 'b'])
    for (let round = 0; round < 2; round++) {
      for (const member of ['a', 'b']) stability.saw(member, counters({ a: 2 }))
      stability.advance(['a', 'b'])
    }
    assert.ok(stability.covers('a', 2))
    // restored from an old copy: shows less, and holds the rest up
    saw('b', { a: 1 })
    assert.deepEqual(stability.waitingFor(['a', 'b']), ['a', 'b'])
    stability.advance(['a'])
    assert.ok(stability.covers('a', 2))
  })
})
