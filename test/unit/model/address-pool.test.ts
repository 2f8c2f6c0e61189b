import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { chooseSubnet, parseAddressPool } from '../../../src/model/address-pool.ts'
import { overlaps, parseSubnet } from '../../../src/model/subnet.ts'

describe('model: address pool', () => {
  const pool = parseAddressPool('10.64.0.0/10')

  it('refuses what is no range, with the reason', () => {
    for (const [text, reason] of [
      ['10.64.0.0', /is not an IPv4 prefix/],
      ['10.64.0/10', /is not an IPv4 prefix/],
      ['10.64.0.0/25', /length of 8 to 24/],
      ['10.64.0.0/7', /length of 8 to 24/],
      ['10.65.0.0/10', /has host bits set/],
    ] as const) {
      assert.throws(() => parseAddressPool(text), reason, text)
    }
  })

  it('chooses the same /24 of the range for the same tenant and name, whatever else there is', () => {
    const web = chooseSubnet(pool, 'default', 'web', [])
    // fixed for ever: hosts of different versions must choose alike
    assert.equal(web?.text, '10.76.79.0/24')
    const elsewhere = [parseSubnet('10.1.2.0/24'), parseSubnet('10.64.0.0/24')]
    assert.deepEqual(chooseSubnet(pool, 'default', 'web', elsewhere), web)
    assert.notDeepEqual(chooseSubnet(pool, 'blue', 'web', []), web)
    assert.notDeepEqual(chooseSubnet(pool, 'default', 'web2', []), web)
  })

  it('goes on to the next one that is free, and says when there is none', () => {
    const small = parseAddressPool('10.64.4.0/22')
    const taken: ReturnType<typeof parseSubnet>[] = []
    for (let i = 0; i < 4; i++) {
      const next = chooseSubnet(small, 'default', 'web', taken)
      assert.ok(next && !taken.some(other => overlaps(other, next)))
      assert.match(next.text, /^10\.64\.[4-7]\.0\/24$/)
      taken.push(next)
    }
    assert.equal(chooseSubnet(small, 'default', 'web', taken), undefined)
  })

  it('never overlaps what is taken', () => {
    const subnet = fc.tuple(fc.integer({ min: 8, max: 30 }), fc.nat(0xffffffff)).map(([length, ip]) => {
      const base = Math.floor(ip / 2 ** (32 - length)) * 2 ** (32 - length)
      return parseSubnet(`${[24, 16, 8, 0].map(shift => (base >>> shift) & 255).join('.')}/${length}`)
    })
    fc.assert(
      fc.property(fc.string(), fc.array(subnet, { maxLength: 5 }), (name, taken) => {
        const chosen = chooseSubnet(pool, 'default', name, taken)
        assert.ok(chosen === undefined || !taken.some(other => overlaps(other, chosen)))
      }),
    )
  })
})
