import assert from 'node:assert/strict'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { describe, it } from 'mocha'
import { isWithin, parseAddress, parseAddressMatch } from '../../../src/model/address-match.ts'
import { formatIp6 } from '../../../src/model/ip6.ts'
import { checkRule, type RuleRequest, ruleFromPlain, ruleToPlain } from '../../../src/model/rule.ts'

const address = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n })
const text = (said: string) => parseAddressMatch('from-ip-address', said).text

describe('addresses of a rule', () => {
  it('have one text for each meaning', () => {
    assert.equal(text('FD00:6:0::5'), 'fd00:6::5')
    assert.equal(text('fd00:6::5/128'), 'fd00:6::5')
    assert.equal(text('fd00:6::/64'), 'fd00:6::/64')
    assert.equal(text('fd00:6::5-fd00:6::0:9'), 'fd00:6::5-fd00:6::9')
    assert.equal(text('fd00:6::5-fd00:6::5'), 'fd00:6::5')
    assert.equal(text('10.1.2.3-9'), '10.1.2.3-10.1.2.9')
  })

  it('have what is in a prefix and nothing else', () => {
    fc.assert(
      fc.property(address, address, fc.integer({ min: 1, max: 128 }), (one, other, length) => {
        const hostBits = BigInt(128 - length)
        const base = formatIp6((one >> hostBits) << hostBits)
        const match = parseAddressMatch('to-ip-address', `${base}/${length}`)
        for (const ip of [one, other, match.first, match.last]) {
          const isIn = ipaddr.IPv6.parse(formatIp6(ip as bigint)).match(ipaddr.IPv6.parse(base), length)
          assert.equal(isWithin(match, ip), isIn, `${formatIp6(ip as bigint)} in ${match.text}`)
        }
      }),
    )
  })

  it('have none of the other family', () => {
    assert.equal(isWithin(parseAddressMatch('', '0.0.0.0-255.255.255.255'), 5n), false)
    assert.equal(isWithin(parseAddressMatch('', '::/1'), 5), false)
    assert.equal(isWithin(undefined, 5n), true)
  })

  for (const said of [
    'fd00:6::5/0',
    'fd00:6::5/129',
    'fd00:6::5/64',
    'fd00:6::9-fd00:6::5',
    'fd00:6::5-9',
    'fd00:6::5-10.1.2.3',
    '10.1.2.3-fd00:6::5',
    'fe80::1%eth0',
    '::ffff:10.1.2.3',
    ':',
    'fd00:6::5, fd00:6::6',
  ]) {
    it(`are not ${JSON.stringify(said)}`, () => {
      assert.throws(() => text(said), { code: 'invalid', message: /^from-ip-address .*; write it like / })
    })
  }

  it('are addresses of a family', () => {
    assert.equal(parseAddress('10.1.2.3'), 0x0a010203)
    assert.equal(parseAddress('::a'), 10n)
    assert.equal(parseAddress('10'), undefined)
  })
})

describe('a rule with IPv6 addresses', () => {
  const rule = (request: RuleRequest) => checkRule({ action: 'deny', ...request })

  it('is read from the canonical form, and from no other', () => {
    const value = rule({ fromIp: 'FD00:6::0:5', toIp: 'fd00:6::/64' })
    assert.deepEqual([value.fromIp, value.toIp], ['fd00:6::5', 'fd00:6::/64'])
    assert.deepEqual(ruleFromPlain(ruleToPlain(value)), value)
    const other = ruleToPlain({ ...value, fromIp: 'fd00:6:0::5' })
    assert.equal(ruleFromPlain(other), undefined)
  })

  it('is refused with addresses of two families, from people and in records', () => {
    assert.throws(() => rule({ fromIp: '10.1.2.3', toIp: 'fd00:6::5' }), {
      code: 'invalid',
      message:
        'from-ip-address 10.1.2.3 and to-ip-address fd00:6::5 fit no packet together: give both as IPv4 or both as IPv6, in two rules if need be',
    })
    assert.equal(ruleFromPlain(ruleToPlain({ ...rule({ fromIp: '10.1.2.3' }), toIp: 'fd00:6::5' })), undefined)
  })
})
