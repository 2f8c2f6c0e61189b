import assert from 'node:assert/strict'
import { alternate, leastPairs } from '../../../bench/lib/pairs.ts'

const signal = new AbortController().signal

/** Two sides that note when they run; each run takes `stepMs` of the clock. */
function sides(stepMs: number) {
  let nowMs = 0
  const order: string[] = []
  const side = (name: string) => async () => {
    nowMs += stepMs
    order.push(name)
    return `${name}${order.filter(each => each === name).length}`
  }
  return { ours: side('a'), base: side('b'), order, now: () => nowMs }
}

describe('bench: pairs', () => {
  it('lets each side come first in turn and keeps the pairs together', async () => {
    const { ours, base, order, now } = sides(1)
    const values = await alternate(ours, base, { pairs: 4, budgetMs: 1000, signal, now })
    assert.equal(order.join(''), 'abbaabba')
    assert.deepEqual(values, { ours: ['a1', 'a2', 'a3', 'a4'], base: ['b1', 'b2', 'b3', 'b4'] })
  })

  it('begins no further pair when the time is over, but gives the least', async () => {
    const long = sides(10)
    assert.equal(
      (await alternate(long.ours, long.base, { ...{ pairs: 50, budgetMs: 100 }, signal, now: long.now })).ours.length,
      5,
    )
    const none = sides(1)
    const { base } = await alternate(none.ours, none.base, { pairs: 50, budgetMs: 0, signal, now: none.now })
    assert.equal(base.length, leastPairs)
  })

  it('stops when it is told to, and when a side fails', async () => {
    const stop = new AbortController()
    const { base, order, now } = sides(1)
    const ours = async () => stop.abort(new Error('enough'))
    await assert.rejects(alternate(ours, base, { pairs: 4, budgetMs: 1000, signal: stop.signal, now }), /enough/)
    assert.deepEqual(order, [])
    const broken = () => Promise.reject(new Error('broken'))
    await assert.rejects(alternate(base, broken, { pairs: 4, budgetMs: 1000, signal, now }), /broken/)
  })
})
