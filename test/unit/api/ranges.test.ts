import assert from 'node:assert/strict'
import fc from 'fast-check'
import { rangesText, toRanges, without } from '../../../src/api/ranges.ts'

const expand = (ranges: readonly (readonly [number, number])[]) =>
  ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i))

describe('api: ranges', () => {
  it('are the set they were made of, and the rest is the complement', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60 })), fc.integer({ min: 0, max: 30 }), (addresses, first) => {
        const whole = [first, first + 20] as const
        const ranges = toRanges(addresses)
        assert.deepEqual(
          expand(ranges),
          [...new Set(addresses)].sort((a, b) => a - b),
        )
        const expected = expand([whole]).filter(ip => !addresses.includes(ip))
        assert.deepEqual(expand(without(whole, ranges)), expected)
      }),
    )
  })

  it("has Contiv's text", () => {
    const ip = 0x0a010100
    assert.equal(
      rangesText([
        [ip + 2, ip + 4],
        [ip + 6, ip + 6],
      ]),
      '10.1.1.2-10.1.1.4, 10.1.1.6',
    )
    assert.equal(rangesText([]), '')
  })
})
