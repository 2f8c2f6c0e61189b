import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { Stability } from '../../../src/replica/stability.ts'

const counters = (entries: Record<string, number>) => new Map(Object.entries(entries))

describe('stable vector', () => {
  it('takes two rounds: all cover it, then all cover what all held then (H13)', () => {
    const stability = new Stability()
    const saw = (member: string, entries: Record<string, number>) => {
      stability.saw(member, counters(entries))
      stability.advance(['a', 'b', 'c'])
    }
    saw('a', { a: 5, b: 1, c: 1 })
    saw('b', { a: 5, b: 1, c: 1 })
    // c has written two records that the others do not hold yet
    saw('c', { a: 5, b: 1, c: 3 })
    assert.equal(stability.covers('a', 5), false)
    assert.deepEqual(stability.waitingFor(['a', 'b', 'c']), ['a', 'b'])
    saw('a', { a: 5, b: 1, c: 3 })
    assert.equal(stability.covers('a', 5), false)
    saw('b', { a: 6, b: 2, c: 3 })
    assert.ok(stability.covers('a', 5) && stability.covers('c', 1))
    assert.equal(stability.covers('a', 6), false)
    assert.equal(stability.covers('c', 2), false)
  })

  it('waits for a member that was never seen, and begins again when one is new', () => {
    const stability = new Stability()
    stability.saw('a', counters({ a: 1 }))
    stability.advance(['a', 'b'])
    assert.deepEqual(stability.waitingFor(['a', 'b']), ['b'])
    stability.saw('b', counters({ a: 1 }))
    stability.advance(['a', 'b'])
    // the newcomer may have written without knowing a's record
    stability.advance(['a', 'b', 'n'])
    stability.saw('n', counters({ a: 1, n: 1 }))
    stability.advance(['a', 'b', 'n'])
    assert.equal(stability.covers('a', 1), false)
    for (const member of ['a', 'b', 'n']) stability.saw(member, counters({ a: 1, n: 1 }))
    stability.advance(['a', 'b', 'n'])
    assert.ok(stability.covers('a', 1))
  })

  it('does not wait for a member that was removed, and never takes back what was stable', () => {
    const stability = new Stability()
    for (const member of ['a', 'b']) stability.saw(member, counters({ a: 2 }))
    stability.saw('gone', counters({ a: 1 }))
    stability.advance(['a', 'b', 'gone'])
    stability.advance(['a', 'b'])
    stability.advance(['a', 'b'])
    assert.ok(stability.covers('a', 2))
    // restored from an old copy: shows less
    stability.saw('b', counters({ a: 1 }))
    stability.advance(['a', 'b'])
    stability.advance(['a', 'b'])
    assert.ok(stability.covers('a', 2))
  })
})
