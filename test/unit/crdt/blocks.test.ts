import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { blockCount, blockRange, blockSize, dealOrder } from '../../../src/crdt/blocks.ts'
import { formatIp } from '../../../src/model/ip.ts'
import { parseSubnet } from '../../../src/model/subnet.ts'

const table: [subnet: string, peers: number, size: number, count: number][] = [
  ['10.1.2.0/24', 5, 8, 32],
  ['10.1.2.0/24', 1, 8, 32],
  ['10.1.2.0/24', 3, 8, 32],
  ['10.1.2.0/24', 16, 2, 128],
  ['10.1.2.0/24', 64, 1, 254],
  ['10.1.2.0/30', 3, 1, 2],
  ['10.1.2.0/29', 3, 1, 6],
  ['10.1.0.0/16', 3, 64, 1024],
  ['10.0.0.0/8', 3, 64, 262_144],
  ['10.1.2.10-10.1.2.50/24', 3, 2, 21],
  ['10.1.2.7-10.1.2.7/24', 3, 1, 1],
]

/** Subnets with and without a range. */
const subnets = fc
  .record({
    length: fc.integer({ min: 16, max: 30 }),
    start: fc.nat(0xffff),
    end: fc.nat(0xffff),
    ranged: fc.boolean(),
  })
  .map(({ length, start, end, ranged }) => {
    const size = 2 ** (32 - length)
    const base = 0x0a000000
    const [low, high] = [start % size, end % size].sort((a, b) => a - b) as [number, number]
    if (!ranged || high < 1 || low > size - 2) return parseSubnet(`${formatIp(base)}/${length}`)
    return parseSubnet(`${formatIp(base + low)}-${formatIp(base + high)}/${length}`)
  })
const peers = fc.integer({ min: 1, max: 40 })

describe('crdt: genesis of blocks', () => {
  for (const [text, count, size, blocks] of table) {
    it(`cuts ${text} for ${count} into ${blocks} of ${size}`, () => {
      assert.equal(blockSize(parseSubnet(text), count), size)
      assert.equal(blockCount(parseSubnet(text), count), blocks)
    })
  }

  it('covers exactly what may be handed out, aligned, without gap or overlap', () => {
    fc.assert(
      fc.property(subnets, peers, (subnet, count) => {
        const size = blockSize(subnet, count)
        const blocks = blockCount(subnet, count)
        for (const index of [0, 1, Math.floor(blocks / 2), blocks - 1].filter(i => i < blocks)) {
          const { first, last } = blockRange(subnet, count, index)
          assert.equal((first - subnet.base) % size, 0)
          assert.equal(last - first + 1, size)
          if (index > 0) assert.equal(blockRange(subnet, count, index - 1).last + 1, first)
        }
        const [head, tail] = [blockRange(subnet, count, 0), blockRange(subnet, count, blocks - 1)]
        assert.ok(head.first <= subnet.first && subnet.first <= head.last)
        assert.ok(tail.first <= subnet.last && subnet.last <= tail.last)
      }),
    )
  })

  it('covers a /8 to its last address', () => {
    const subnet = parseSubnet('10.0.0.0/8')
    assert.equal(formatIp(blockRange(subnet, 3, 262_143).last), '10.255.255.255')
    assert.equal(formatIp(blockRange(subnet, 3, 0).first), '10.0.0.0')
  })

  const keyAt = (n: number) => n.toString(16).padStart(64, '0')

  it('deals even within one, in an order that depends on the network and not on that of the roster', () => {
    fc.assert(
      fc.property(subnets, peers, fc.integer({ min: 1, max: 1000 }), (subnet, count, n) => {
        const roster = Array.from({ length: count }, (_, i) => keyAt(i + 1))
        const order = dealOrder(keyAt(n), roster)
        assert.deepEqual([...order].sort(), roster)
        assert.deepEqual(dealOrder(keyAt(n), [...roster].reverse()), order)
        const dealt = new Array<number>(count).fill(0)
        for (let i = 0; i < Math.min(blockCount(subnet, count), 2000); i++)
          dealt[i % count] = (dealt[i % count] ?? 0) + 1
        assert.ok(Math.max(...dealt) - Math.min(...dealt) <= 1)
      }),
    )
    const roster = [1, 2, 3, 4, 5].map(keyAt)
    const orders = new Set([1, 2, 3, 4, 5].map(n => dealOrder(keyAt(n), roster).join()))
    assert.ok(orders.size > 1)
  })
})
