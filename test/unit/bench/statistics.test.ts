import assert from 'node:assert/strict'
import fc from 'fast-check'
import { alone, besides, compare, median, quantile } from '../../../bench/lib/statistics.ts'

const finite = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 })

describe('bench: statistics', () => {
  it('takes the middle value, or the mean of the two in the middle, whatever the order', () => {
    assert.equal(median([9, 1, 5]), 5)
    assert.equal(median([10, 1, 4, 2]), 3)
    assert.equal(median([7]), 7)
  })

  it('interpolates quantiles', () => {
    assert.equal(quantile([0, 10, 20, 30, 40], 0.25), 10)
    assert.equal(quantile([0, 10], 0.75), 7.5)
    assert.throws(() => median([]), /nothing was measured/)
  })

  it('gives a median that lies within the values and changes nothing', () => {
    fc.assert(
      fc.property(fc.array(finite, { minLength: 1 }), values => {
        const before = [...values]
        const middle = median(values)
        assert.deepEqual(values, before)
        assert.ok(middle >= Math.min(...values) && middle <= Math.max(...values))
        const notAbove = values.filter(value => value <= middle).length
        assert.ok(notAbove * 2 >= values.length)
      }),
    )
  })

  it('compares pair by pair: a slow while that hits both halves leaves the ratio alone', () => {
    const row = compare('x', 'ms', [1, 10, 2], [2, 20, 4])
    assert.deepEqual(row.ratio, { median: 0.5, low: 0.5, high: 0.5 })
    assert.deepEqual([row.ours, row.base], [2, 4])
    // the ratio of the medians would be 1
    assert.equal(compare('x', 'ms', [1, 2, 9], [2, 4, 1]).ratio?.median, 0.5)
  })

  it('refuses values that are no pairs', () => {
    assert.throws(() => compare('x', 'ms', [1, 2], [1]), /2 and 1 values are no pairs/)
  })

  it('gives no ratio where there is none', () => {
    assert.equal(besides('x', 'ms', [-1], [3]).ratio, undefined)
    assert.deepEqual(alone('x', 'B', [3, 4, 5]), {
      what: 'x',
      unit: 'B',
      ours: 4,
      samples: { ours: [3, 4, 5], base: [] },
    })
  })
})
