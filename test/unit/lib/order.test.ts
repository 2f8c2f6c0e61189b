import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { amended, amendmentOf } from '../../../src/lib/order.ts'

interface Item {
  readonly n: number
}

describe('order', () => {
  const compare = (a: Item, b: Item) => a.n - b.n
  const sorted = (items: readonly Item[]) => [...items].sort(compare)

  it('is that of the items alone, whatever was sorted before', () => {
    const all = Array.from({ length: 60 }, (_, n): Item => ({ n }))
    fc.assert(
      fc.property(fc.subarray(all), fc.subarray(all), (before, now) => {
        const amendment = amendmentOf(before, now)
        assert.deepEqual(amended(before, amendment, compare), now)
        assert.deepEqual(new Set(amendment.gone), new Set(before.filter(item => !now.includes(item))))
        assert.deepEqual(new Set(amendment.added), new Set(now.filter(item => !before.includes(item))))
        const mixed = [...now].reverse()
        assert.deepEqual(amended(before, amendmentOf(before, mixed), compare), now, 'in any order')
      }),
    )
  })

  it('tells items that say the same apart: one may take the place of another', () => {
    const items = [1, 2, 2, 2, 3].map((n): Item => ({ n }))
    for (const [at, item] of items.entries()) {
      const other = { n: item.n }
      const now = [...items.slice(0, at), ...items.slice(at + 1), other]
      const found = amended(items, amendmentOf(items, now), compare)
      assert.deepEqual(found, sorted(now))
      assert.deepEqual(new Set(found), new Set(now))
      assert.ok(found.includes(other) && !found.includes(item))
    }
  })

  it('finds places for a few among thousands, and compares nothing else', () => {
    const before = Array.from({ length: 5_000 }, (_, n): Item => ({ n: 2 * n }))
    const [gone, added] = [before[7] as Item, { n: 4_001 }]
    let compared = 0
    const found = amended(before, { gone: [gone], added: [added] }, (a, b) => {
      compared++
      return compare(a, b)
    })
    assert.deepEqual([found.indexOf(added), found.indexOf(gone), found.length], [2_000, -1, 5_000])
    assert.ok(compared < 40, `${compared} comparisons`)
    assert.equal(amended(before, amendmentOf(before, [...before]), compare), before)
  })
})
