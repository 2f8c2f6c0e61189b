import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { formatIp, macOf, parseIp } from '../../../src/model/ip.ts'
import { contains, overlaps, parseSubnet, prefixText } from '../../../src/model/subnet.ts'

const ips = fc.nat(0xffffffff)

describe('addresses', () => {
  it('go through text', () => {
    fc.assert(fc.property(ips, ip => assert.equal(parseIp(formatIp(ip)), ip)))
    assert.equal(formatIp(0xffffffff), '255.255.255.255')
    assert.equal(parseIp('10.1.2.3'), 0x0a010203)
  })

  for (const text of [
    '',
    '10',
    '10.1.2',
    '10.1.2.3.4',
    '10.1.2.256',
    '010.1.2.3',
    '10.1.2.03',
    '10.1.2.-3',
    ' 10.1.2.3',
  ]) {
    it(`are not ${JSON.stringify(text)}`, () => assert.equal(parseIp(text), undefined))
  }
  for (const text of [
    '10.1.2.3 ',
    '10.1.2.3\n',
    '0x0a.1.2.3',
    '1e1.1.2.3',
    '١٠.1.2.3',
    '::1',
    '10..2.3',
    '999.1.1.1',
  ]) {
    it(`are not ${JSON.stringify(text)}`, () => assert.equal(parseIp(text), undefined))
  }

  it('make a MAC that is theirs alone', () => {
    assert.equal(macOf(0x0a010203), '02:02:0a:01:02:03')
    assert.equal(macOf(0xfffffffe), '02:02:ff:ff:ff:fe')
  })
})

const good: [text: string, canonical: string, first: string, last: string][] = [
  ['10.1.2.0/24', '10.1.2.0/24', '10.1.2.1', '10.1.2.254'],
  ['10.0.0.0/8', '10.0.0.0/8', '10.0.0.1', '10.255.255.254'],
  ['10.1.2.4/30', '10.1.2.4/30', '10.1.2.5', '10.1.2.6'],
  ['192.168.255.0/24', '192.168.255.0/24', '192.168.255.1', '192.168.255.254'],
  ['10.1.2.10-10.1.2.50/24', '10.1.2.10-10.1.2.50/24', '10.1.2.10', '10.1.2.50'],
  ['10.1.2.10-10.1.2.10/24', '10.1.2.10-10.1.2.10/24', '10.1.2.10', '10.1.2.10'],
  ['10.1.2.0-10.1.2.255/24', '10.1.2.0-10.1.2.255/24', '10.1.2.1', '10.1.2.254'],
  ['10.1.2.1-10.1.3.9/16', '10.1.2.1-10.1.3.9/16', '10.1.2.1', '10.1.3.9'],
  ['10.0.0.0/08', '10.0.0.0/8', '10.0.0.1', '10.255.255.254'],
]

const bad: [text: string, reason: RegExp][] = [
  ['', /subnet "" is not an IPv4 prefix/],
  ['10.1.2.0', /is not an IPv4 prefix/],
  ['10.1.2.0/', /is not an IPv4 prefix/],
  ['10.1.2/24', /is not an IPv4 prefix/],
  ['fd00::/64', /is not an IPv4 prefix/],
  ['10.1.2.0/24 ', /is not an IPv4 prefix/],
  ['10.1.2.0/24\n', /is not an IPv4 prefix/],
  ['10.1.2.256/24', /is not an IPv4 prefix/],
  ['a-b/24', /is not an IPv4 prefix/],
  ['10.1.2.0/7', /length of 8 to 30/],
  ['10.1.2.0/31', /length of 8 to 30/],
  ['10.1.2.0/32', /length of 8 to 30/],
  ['10.1.2.0/99', /length of 8 to 30/],
  ['10.1.2.3/24', /host bits set \(did you mean 10\.1\.2\.0\/24\?\)/],
  ['10.1.2.50-10.1.2.10/24', /ends before it starts/],
  ['10.1.2.10-10.1.3.10/24', /leaves its prefix/],
  ['10.1.2.10-10.1.2.300/24', /end is not an address/],
  ['10.1.2.0-10.1.2.0/24', /without an address/],
  ['10.1.2.255-10.1.2.255/24', /without an address/],
]

describe('subnets', () => {
  for (const [text, canonical, first, last] of good) {
    it(`are read: ${text}`, () => {
      const subnet = parseSubnet(text)
      assert.equal(subnet.text, canonical)
      assert.equal(formatIp(subnet.first), first)
      assert.equal(formatIp(subnet.last), last)
      assert.deepEqual(parseSubnet(subnet.text), subnet)
    })
  }

  for (const [text, reason] of bad) {
    it(`are refused with the reason: ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseSubnet(text), { code: 'invalid', message: reason })
      assert.throws(() => parseSubnet(text), { message: /; write it like 10\.1\.2\.0\/24/ })
    })
  }

  it('never hand out the network or the broadcast address', () => {
    const texts = fc.tuple(ips, ips, fc.integer({ min: 8, max: 30 }))
    fc.assert(
      fc.property(texts, ([a, b, length]) => {
        const size = 2 ** (32 - length)
        const base = Math.floor(a / size) * size
        const [low, high] = [base + (a % size), base + (b % size)].sort((x, y) => x - y) as [number, number]
        const ranged = low === high ? `${formatIp(base)}/${length}` : `${formatIp(low)}-${formatIp(high)}/${length}`
        fc.pre(!(low === base && high === base) && !(low === base + size - 1))
        const subnet = parseSubnet(ranged)
        assert.ok(subnet.first > subnet.base && subnet.last < subnet.base + size - 1)
        assert.ok(subnet.first <= subnet.last && contains(subnet, subnet.first) && contains(subnet, subnet.last))
        assert.equal(contains(subnet, base + size) || contains(subnet, base - 1), false)
      }),
    )
  })

  it('overlap when they can hand out an address in common', () => {
    const [web, half, range, rest] = [
      '10.1.2.0/24',
      '10.1.2.128/25',
      '10.1.2.10-10.1.2.20/24',
      '10.1.2.21-10.1.2.30/24',
    ].map(parseSubnet)
    assert.ok(web && half && range && rest)
    assert.equal(overlaps(web, half), true)
    assert.equal(overlaps(half, range), false)
    assert.equal(overlaps(range, rest), false)
    assert.equal(overlaps(web, parseSubnet('10.1.3.0/24')), false)
    assert.equal(prefixText(range), '10.1.2.0/24')
  })
})
