import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Plain } from '../../../src/lib/cbor.ts'
import { bareName, checkName, dockerName, isName, isNetworkName } from '../../../src/model/names.ts'
import {
  checkNetwork,
  collide,
  fulfils,
  type NetworkRequest,
  sameSpec,
  specFromPlain,
  specToPlain,
} from '../../../src/model/network.ts'

const request = { tenant: 'default', name: 'web', subnet: '10.1.2.0/24' }

describe('names', () => {
  for (const name of ['a', 'web', 'contiv-net', 'a.b', 'A1', '1', 'x'.repeat(64), 'a--b', 'a.b-c.d']) {
    it(`may be ${name}`, () => assert.ok(isName(name)))
  }
  for (const name of [
    '',
    '-a',
    'a-',
    '.a',
    'a.',
    'a..b',
    'a.-b',
    'a_b',
    'a b',
    'a/b',
    'web~1a2b3c',
    'ü',
    'x'.repeat(65),
  ]) {
    it(`may not be ${JSON.stringify(name)}`, () => assert.equal(isName(name), false))
  }
  it('may not hold a line end', () => assert.equal(isName('web\n'), false))

  it('are refused with what they are, and what is allowed', () => {
    assert.throws(() => checkName('tenant', 'a b'), {
      code: 'invalid',
      message: /^tenant name "a b" is invalid: use letters/,
    })
    checkName('network', 'web')
  })

  it('are told to Docker with their tenant, but for the default one', () => {
    assert.equal(dockerName('default', 'web'), 'web')
    assert.equal(dockerName('blue', 'web'), 'web/blue')
    assert.deepEqual([bareName('blue', 'web/blue'), bareName('blue', 'web')], ['web', 'web'])
    assert.deepEqual([bareName('blue', 'web/red'), bareName('default', 'web/default')], ['web/red', 'web/default'])
  })
})

const refused: [change: Partial<NetworkRequest>, code: string, message: RegExp][] = [
  [{ tenant: 'a b' }, 'invalid', /tenant name/],
  [{ name: '' }, 'invalid', /network name ""/],
  [{ subnet: '' }, 'invalid', /subnet is required: add --subnet=/],
  [{ subnet: '10.1.2.3/24' }, 'invalid', /host bits/],
  [{ encap: 'gre' }, 'invalid', /encap "gre".*use vxlan or vlan/],
  [{ encap: 'VLAN' }, 'invalid', /encap "VLAN".*use vxlan or vlan/],
  [{ encap: 'vlan', pktTag: 4095 }, 'invalid', /^VLAN 4095 is invalid: use a number from 1 to 4094, or 0 to let/],
  [{ encap: 'vlan', pktTag: 0xffffff }, 'invalid', /^VLAN 16777215 is invalid/],
  [{ encap: 'vlan', pktTag: -1 }, 'invalid', /pkt-tag -1/],
  [{ encap: 'vlan', pktTag: 11.2 }, 'invalid', /pkt-tag 11\.2/],
  [{ type: 'other' }, 'invalid', /nw-type "other"/],
  [{ type: 'infra' }, 'unsupported', /infra.*--nw-type=data/],
  [{ pktTag: -1 }, 'invalid', /pkt-tag -1/],
  [{ pktTag: 1.5 }, 'invalid', /pkt-tag 1\.5/],
  [{ pktTag: Number.NaN }, 'invalid', /pkt-tag NaN/],
  [{ pktTag: 0x1000000 }, 'invalid', /1 to 16777215/],
  [
    { gateway: '10.1.3.254' },
    'invalid',
    /10\.1\.3\.254 is no address of a host in 10\.1\.2\.0\/24: .*--gateway=10\.1\.2\.254$/,
  ],
  [{ gateway: '10.1.2.0' }, 'invalid', /--gateway=10\.1\.2\.254/],
  [{ gateway: '10.1.2.255' }, 'invalid', /--gateway=10\.1\.2\.254/],
  [{ gateway: '10.1.2.1/24' }, 'invalid', /--gateway=10\.1\.2\.254/],
  [{ gateway: 'router' }, 'invalid', /--gateway=10\.1\.2\.254/],
  [
    { gateway: '10.1.3.254', encap: 'vlan' },
    'invalid',
    /no address of a host in 10\.1\.2\.0\/24: .*--gateway=10\.1\.2\.254$/,
  ],
  [{ gateway: '10.1.2.0', encap: 'vlan' }, 'invalid', /--gateway=10\.1\.2\.254/],
  [{ gateway6: 'fd00::1' }, 'invalid', /needs its subnet: add --subnetv6/],
  [{ subnet6: 'fd00::/64', gateway6: 'fd00::fe' }, 'invalid', /add --gateway=10\.1\.2\.254/],
  [{ subnet6: 'fd00::/64', gateway: '10.1.2.1', gateway6: 'fd00::2' }, 'invalid', /container that has 10\.1\.2\.2/],
  [{ subnet6: 'fd00::/64', gateway6: 'fd00::1', encap: 'vlan' }, 'invalid', /add --gateway=10\.1\.2\.254/],
  [
    { subnet6: 'fd00::/64', gateway: '10.1.2.1', gateway6: 'fe80::1', encap: 'vlan' },
    'invalid',
    /no address of a host in fd00::\/64/,
  ],
  [{ subnet6: 'fd00::/20' }, 'invalid', /length of 48 to 120/],
]

describe('names of networks born in Docker', () => {
  it('follow its rule', () => {
    for (const name of ['my_app_default', 'a', '9', 'web.', 'a-_.', 'a'.repeat(64)])
      assert.ok(isNetworkName(name), name)
    for (const name of ['', '_a', '-a', '.a', 'a b', 'a/b', 'a~b', 'ä', 'a\n', 'a'.repeat(65)]) {
      assert.ok(!isNetworkName(name), name)
    }
  })
})

describe('networks', () => {
  it('are VXLAN data networks unless asked otherwise', () => {
    const { subnet, ...rest } = checkNetwork(request)
    assert.equal(subnet.text, '10.1.2.0/24')
    assert.deepEqual(rest, { encap: 'vxlan', type: 'data', pktTag: 0, gateway: '', subnet6: '', gateway6: '' })
    const asked = { ...request, encap: 'vxlan', type: 'data', pktTag: 0xffffff, gateway: '', subnet6: '', gateway6: '' }
    assert.equal(checkNetwork(asked).pktTag, 0xffffff)
    assert.equal(checkNetwork({ ...request, encap: '', type: '', pktTag: undefined }).encap, 'vxlan')
  })

  for (const pktTag of [undefined, 0, 1, 112, 4094]) {
    it(`are VLANs if asked so, with tag ${pktTag}`, () => {
      const { encap, pktTag: tag } = checkNetwork({ ...request, encap: 'vlan', pktTag })
      assert.deepEqual([encap, tag], ['vlan', pktTag ?? 0])
    })
  }

  it('have an IPv6 subnet beside the other, in canonical form', () => {
    const dual = checkNetwork({ ...request, gateway: '10.1.2.254', subnet6: 'FD00:06::/64', gateway6: 'fd00:6:0::fe' })
    assert.deepEqual([dual.subnet6, dual.gateway6], ['fd00:6::/64', 'fd00:6::fe'])
    assert.equal(checkNetwork({ ...request, subnet6: 'fd00:6::/64', encap: 'vlan' }).subnet6, 'fd00:6::/64')
    assert.deepEqual(specFromPlain(specToPlain(dual)), dual)
    assert.equal(fulfils(dual, checkNetwork({ ...request, gateway: '10.1.2.254' })), false)
  })

  it('collide if their IPv6 prefixes do, whatever their IPv4 subnets', () => {
    const make = (subnet: string, subnet6: string) => checkNetwork({ ...request, subnet, subnet6 })
    assert.ok(collide(make('10.1.2.0/24', 'fd00:6::/64'), make('10.1.3.0/24', 'fd00:6::/56')))
    assert.equal(collide(make('10.1.2.0/24', 'fd00:6::/64'), make('10.1.3.0/24', 'fd00:6:0:1::/64')), false)
    assert.equal(collide(make('10.1.2.0/24', 'fd00:6::/64'), make('10.1.3.0/24', '')), false)
  })

  it('fulfil a request that leaves the VLAN to Skein, and no other', () => {
    const vlan = (pktTag: number, subnet = request.subnet) =>
      checkNetwork({ ...request, subnet, encap: 'vlan', pktTag })
    assert.ok(fulfils(vlan(112), vlan(0)))
    assert.ok(fulfils(vlan(112), vlan(112)))
    assert.equal(fulfils(vlan(112), vlan(113)), false)
    assert.equal(fulfils(vlan(112), vlan(0, '10.9.0.0/24')), false)
    assert.equal(fulfils(vlan(112), checkNetwork(request)), false)
    assert.equal(fulfils(checkNetwork({ ...request, pktTag: 112 }), checkNetwork(request)), false)
  })

  for (const [change, code, message] of refused) {
    it(`are refused with ${JSON.stringify(change)}`, () => {
      assert.throws(() => checkNetwork({ ...request, ...change }), { code, message })
    })
  }

  it('are the same when their specs are', () => {
    const spec = checkNetwork(request)
    assert.ok(sameSpec(spec, checkNetwork({ ...request, name: 'other', tenant: 'blue' })))
    assert.equal(sameSpec(spec, checkNetwork({ ...request, pktTag: 5 })), false)
    assert.equal(sameSpec(spec, checkNetwork({ ...request, subnet: '10.1.2.0/25' })), false)
  })

  it('come back from the wire, also those that only a newer version creates', () => {
    const spec = checkNetwork(request)
    assert.deepEqual(specFromPlain(specToPlain(spec)), spec)
    const newer = { ...spec, encap: 'vlan', type: 'infra', gateway: '10.1.2.254', subnet6: 'fd00::/64' } as const
    assert.deepEqual(specFromPlain(specToPlain(newer)), newer)
  })

  it('do not come back from what is no canonical spec', () => {
    const good = specToPlain(checkNetwork(request))
    const set = (index: number, value: Plain) => good.map((field, i) => (i === index ? value : field))
    const bad: Plain[] = [
      null,
      'x',
      [],
      good.slice(1),
      [...good, 1],
      set(0, '10.1.2.0/024'),
      set(0, '10.1.2.3/24'),
      set(0, 5),
    ]
    bad.push(set(1, 'gre'), set(2, 'x'), set(3, -1), set(3, 0x1000000), set(3, '5'), set(4, 5), set(5, null), set(6, 5))
    bad.push(set(0, '10.0.0.0/08'))
    for (const value of bad) assert.equal(specFromPlain(value), undefined, JSON.stringify(value))
  })
})
