import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { formatIp, parseIp } from '../../../src/model/ip.ts'
import { formatIp6, parseIp6 } from '../../../src/model/ip6.ts'
import {
  address4,
  address6,
  checkGateway6,
  checkSubnet6,
  gateway6In,
  overlaps6,
  subnet6Of,
} from '../../../src/model/ipv6.ts'
import { parseSubnet } from '../../../src/model/subnet.ts'

const subnet = parseSubnet('10.6.0.0/24')
const spec = (subnet6: string, gateway6 = '', of = subnet) => ({ subnet: of, subnet6, gateway6 })
const ip = (text: string) => parseIp(text) ?? assert.fail(text)

describe('IPv6 addresses', () => {
  const forms: [text: string, canonical: string][] = [
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['FD00:0006:0::0a', 'fd00:6::a'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ]
  for (const [text, canonical] of forms) {
    it(`${text} is ${canonical}`, () => assert.equal(formatIp6(parseIp6(text) ?? assert.fail()), canonical))
  }
  for (const text of [
    '',
    ':',
    ':::',
    '1',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '1:2:3:4::5:6:7:8',
    '12345::',
  ]) {
    it(`${JSON.stringify(text)} is none`, () => assert.equal(parseIp6(text), undefined))
  }
  for (const text of ['fe80::1%eth0', '::10.1.2.3', 'g::', '1::2:', ':1::2', '1::\n', ' 1::', '0x1::', '-1::']) {
    it(`${JSON.stringify(text)} is none`, () => assert.equal(parseIp6(text), undefined))
  }

  it('are read as they are written', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), value => {
        assert.equal(parseIp6(formatIp6(value)), value)
      }),
    )
  })
})

describe('IPv6 subnets of networks', () => {
  const refused: [text: string, message: RegExp][] = [
    ['', /^IPv6 subnet "" is not an IPv6 prefix; write it like fd00:6::\/64$/],
    ['fd00:6::', /is not an IPv6 prefix/],
    ['fd00:6::/', /is not an IPv6 prefix/],
    ['10.1.2.0/24', /is not an IPv6 prefix/],
    ['fd00:6::/64\n', /is not an IPv6 prefix/],
    ['fd00:6::/47', /length of 48 to 120: each address of 10\.6\.0\.0\/24/],
    ['fd00:6::/121', /length of 48 to 120/],
    ['fd00:6::/128', /length of 48 to 120/],
    ['fd00:6::1/64', /host bits set \(did you mean fd00:6::\/64\?\)/],
    ['fe80::/64', /neither a global \(2000::\/3\) nor a unique local/],
    ['ff02::/64', /neither a global/],
    ['::/64', /neither a global/],
    ['::ffff:0:0/96', /neither a global/],
    ['4000::/64', /neither a global/],
  ]
  for (const [text, message] of refused) {
    it(`are not ${JSON.stringify(text)}`, () => {
      assert.throws(() => checkSubnet6(text, subnet), { code: 'invalid', message })
      assert.equal(subnet6Of(spec(text)), undefined)
    })
  }
  for (const [text, canonical] of [
    ['fd00:6::/64', 'fd00:6::/64'],
    ['FD00:0006::0/120', 'fd00:6::/120'],
    ['2016:0617::/100', '2016:617::/100'],
    ['fc00::/48', 'fc00::/48'],
  ] as const) {
    it(`may be ${text}`, () => assert.equal(checkSubnet6(text, subnet).text, canonical))
  }

  it('hold every address of the IPv4 subnet: larger ones need shorter prefixes', () => {
    assert.throws(() => checkSubnet6('fd00:6::/112', parseSubnet('10.0.0.0/8')), { message: /length of 48 to 104/ })
    assert.equal(checkSubnet6('fd00:6::/126', parseSubnet('10.0.0.0/30')).length, 126)
  })

  it('take no effect in a record that does not write them canonically', () => {
    for (const text of ['FD00:6::/64', 'fd00:6:0::/64', 'fd00:6::/064']) assert.equal(subnet6Of(spec(text)), undefined)
  })

  it('overlap if one holds the other', () => {
    const overlap = (a: string, b: string) => overlaps6(checkSubnet6(a, subnet), checkSubnet6(b, subnet))
    assert.ok(overlap('fd00:6::/64', 'fd00:6::/64'))
    assert.ok(overlap('fd00:6::/48', 'fd00:6:0:7::/64') && overlap('fd00:6:0:7::/64', 'fd00:6::/48'))
    assert.equal(overlap('fd00:6::/64', 'fd00:6:0:1::/64'), false)
  })
})

describe("an endpoint's IPv6 address", () => {
  it('has the place of its IPv4 address', () => {
    const network = spec('fd00:6::/64')
    assert.equal(address6(network, ip('10.6.0.1')), 'fd00:6::1')
    assert.equal(address6(network, ip('10.6.0.10')), 'fd00:6::a')
    assert.equal(address6(network, ip('10.6.0.254')), 'fd00:6::fe')
    assert.equal(
      address6(spec('fd00:6::/64', '', parseSubnet('10.6.0.100-10.6.1.9/16')), ip('10.6.1.0')),
      'fd00:6::100',
    )
  })

  it('is none outside the subnet, and none without an IPv6 subnet', () => {
    assert.equal(address6(spec('fd00:6::/64'), ip('10.6.1.1')), undefined)
    assert.equal(address6(spec(''), ip('10.6.0.1')), undefined)
    assert.equal(address4(spec(''), 'fd00:6::1'), undefined)
    for (const text of ['fd00:6::100', 'fd00:7::1', 'fd00:5:ffff:ffff:ffff:ffff:ffff:ffff', 'x', '10.6.0.1']) {
      assert.equal(address4(spec('fd00:6::/64'), text), undefined, text)
    }
  })

  it("is nobody else's (I1): one IPv4 address for each, whatever the prefixes", () => {
    const length = fc.integer({ min: 8, max: 30 })
    const place = fc.nat(2 ** 24 - 1)
    fc.assert(
      fc.property(length, fc.integer({ min: 48, max: 126 }), place, place, (bits, bits6, one, two) => {
        const of = parseSubnet(`10.0.0.0/${bits}`)
        const network = spec(`fd00:6::/${Math.min(bits6, 96 + bits)}`, '', of)
        const size = 2 ** (32 - bits)
        const [a, b] = [of.base + (one % size), of.base + (two % size)]
        const text = address6(network, a) ?? assert.fail()
        assert.equal(address4(network, text), a, formatIp(a))
        assert.equal(text === address6(network, b), a === b)
      }),
    )
  })
})

describe('IPv6 gateways', () => {
  const subnet6 = checkSubnet6('fd00:6::/64', subnet)
  const gateway = ip('10.6.0.254')

  it('have the place of the IPv4 gateway, or one of no container', () => {
    assert.equal(checkGateway6('FD00:6::fe', subnet6, subnet, gateway), 'fd00:6::fe')
    assert.equal(checkGateway6('fd00:6::1:1', subnet6, subnet, gateway), 'fd00:6::1:1')
    assert.equal(checkGateway6('fd00:6::ff', subnet6, subnet, gateway), 'fd00:6::ff')
    const range = parseSubnet('10.6.0.100-10.6.0.200/24')
    assert.equal(checkGateway6('fd00:6::1', subnet6, range, gateway), 'fd00:6::1')
  })

  const refused: [text: string, message: RegExp][] = [
    ['fd00:6::', /is no address of a host in fd00:6::\/64: use for example --gatewayv6=fd00:6::fe$/],
    ['fd00:7::1', /is no address of a host/],
    ['10.6.0.254', /is no address of a host/],
    ['fd00:6::fe/64', /is no address of a host/],
    ['fd00:6::1', /is the IPv6 address of the container that has 10\.6\.0\.1: use for example --gatewayv6=fd00:6::fe$/],
  ]
  for (const [text, message] of refused) {
    it(`are not ${text}`, () => {
      assert.throws(() => checkGateway6(text, subnet6, subnet, gateway), { code: 'invalid', message })
      assert.equal(gateway6In(spec('fd00:6::/64', text), gateway), undefined)
    })
  }

  it('take effect with their subnet only', () => {
    assert.equal(gateway6In(spec('fd00:6::/64', 'fd00:6::fe'), gateway), 'fd00:6::fe')
    assert.equal(gateway6In(spec('', 'fd00:6::fe'), gateway), undefined)
    assert.equal(gateway6In(spec('fd00:6::/64', 'FD00:6::fe'), gateway), undefined)
    assert.equal(gateway6In(spec('fd00:6::/64'), gateway), undefined)
  })
})
