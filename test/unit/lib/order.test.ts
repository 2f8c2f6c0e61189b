import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { reordered } from '../../../src/lib/order.ts'

describe('order', () => {
  const compare = (a: number, b: number) => a - b

  it('is that of the items alone, whatever was sorted before', () => {
    const items = fc.uniqueArray(fc.nat(60), { maxLength: 40 })
    fc.assert(
      fc.property(items, items, (now, before) => {
        const sorted = [...now].sort(compare)
        assert.deepEqual(reordered(now, [...before].sort(compare), compare), sorted)
        assert.deepEqual(reordered([...now, ...now], [], compare), sorted)
      }),
    )
  })

  it('finds places for a few among thousands, and compares nothing else', () => {
    const before = Array.from({ length: 5_000 }, (_, n) => 2 * n)
    let compared = 0
    const found = reordered([4_001, ...[...before].reverse()], before, (a, b) => {
      compared++
      return a - b
    })
    assert.equal(found.indexOf(4_001), 2_001)
    assert.ok(compared < 20, `${compared} comparisons`)
  })
})
