import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Network } from '../../../src/crdt/registry-view.ts'
import { presentLines, wayOutChanges, wayOutLines, waysOut } from '../../../src/datapath/router-plan.ts'
import { routerOf } from '../../../src/model/gateway.ts'
import { checkSpec, type NetworkRequest } from '../../../src/model/network.ts'

const networkOf = (id: string, request: Partial<NetworkRequest> & { subnet: string }): Network => {
  const names = { tenant: 'blue', name: id, bornName: id, givenName: id }
  const at = { named: [1, 0], created: [1, 0] } as const
  return { id, ...names, ...at, generation: 0, spec: checkSpec(request), roster: [], status: 'live' }
}

const lan = networkOf('a', { encap: 'vlan', pktTag: 112, subnet: '10.1.3.0/24', gateway: '10.1.3.254' })
const ipv6 = { subnet6: 'fd00:4::/64', gateway6: 'fd00:4::fe' }
const dual = networkOf('b', {
  encap: 'vlan',
  pktTag: 9,
  subnet: '10.1.4.10-10.1.4.90/24',
  gateway: '10.1.4.1',
  ...ipv6,
})
const closed = networkOf('c', { encap: 'vlan', pktTag: 113, subnet: '10.1.5.0/24' })
const overlay = networkOf('d', { subnet: '10.1.6.0/24', gateway: '10.1.6.1' })
const ways = (...own: Network[]) => waysOut(own, ({ spec }) => routerOf(spec))

const alone = [
  'route default via 10.1.3.254 table 7374112',
  'rule pref 7374 from all lookup main suppress_prefixlength 0',
  'rule pref 7375 from 10.1.3.0/24 lookup 7374112',
  'rule pref 7376 from 0.0.0.0 dport 53 lookup main',
  'rule pref 7378 from 0.0.0.0 lookup 7374112',
]
const alone6 = [
  'route default via fd00:4::fe table 7374009',
  'rule pref 7374 from all lookup main suppress_prefixlength 0',
  'rule pref 7375 from fd00:4::/64 lookup 7374009',
  'rule pref 7376 from all dport 53 lookup main',
  'rule pref 7377 from ::/1 lookup main',
  'rule pref 7377 from 8000::/1 lookup main',
  'rule pref 7378 from all lookup 7374009',
]

/** As `ip` of iproute2 6.15 shows the above, beside what the kernel has of itself. */
const rules = [
  { priority: 0, src: 'all', table: 'local' },
  { priority: 7374, src: 'all', table: 'main', suppress_prefixlen: 0, protocol: '137' },
  { priority: 7375, src: '10.1.3.0', srclen: 24, table: '7374112', protocol: '137' },
  { priority: 7376, src: '0.0.0.0', dport: 53, dport_mask: '0xffff', table: 'main', protocol: '137' },
  { priority: 7378, src: '0.0.0.0', table: '7374112', protocol: '137' },
  { priority: 32766, src: 'all', table: 'main' },
]
const routes = [{ dst: 'default', gateway: '10.1.3.254', dev: 'eth0', table: '7374112', flags: [] }]
const rules6 = [
  { priority: 7374, src: 'all', table: 'main', suppress_prefixlen: 0, protocol: '137' },
  { priority: 7375, src: 'fd00:4::', srclen: 64, table: '7374009', protocol: '137' },
  { priority: 7376, src: 'all', dport: 53, dport_mask: '0xffff', table: 'main', protocol: '137' },
  { priority: 7377, src: '::', srclen: 1, table: 'main', protocol: '137' },
  { priority: 7377, src: '8000::', srclen: 1, table: 'main', protocol: '137' },
  { priority: 7378, src: 'all', table: '7374009', protocol: '137' },
]
const routes6 = [{ dst: 'default', gateway: 'fd00:4::fe', dev: 'eth0', table: '7374009', metric: 1024, flags: [] }]
const lines4 = (...own: Network[]) => wayOutLines(ways(...own), 'ipv4')
const lines6 = (...own: Network[]) => wayOutLines(ways(...own), 'ipv6')

describe("datapath: the way out by a VLAN's router", () => {
  it('is of a container on such a network, and of no other', () => {
    assert.deepEqual(lines4(lan), alone)
    assert.deepEqual(lines4(closed, overlay), [])
    assert.deepEqual(lines4(overlay, lan, closed), alone)
  })

  it('on two of them: what begins goes to the first, answers to the router of the address that was called', () => {
    assert.deepEqual(lines4(dual, lan), [
      'route default via 10.1.4.1 table 7374009',
      'route default via 10.1.3.254 table 7374112',
      'rule pref 7374 from all lookup main suppress_prefixlength 0',
      'rule pref 7375 from 10.1.4.0/24 lookup 7374009',
      'rule pref 7375 from 10.1.3.0/24 lookup 7374112',
      'rule pref 7376 from 0.0.0.0 dport 53 lookup main',
      'rule pref 7378 from 0.0.0.0 lookup 7374009',
    ])
  })

  it('of IPv6 leads by the first whose router has it', () => {
    assert.deepEqual(lines6(lan), [])
    assert.deepEqual(lines6(lan, dual), alone6)
  })

  it('is known again as ip shows it, and left alone', () => {
    assert.deepEqual(wayOutChanges(lines4(lan), presentLines(rules, routes), true), [])
    assert.deepEqual(wayOutChanges(lines6(dual), presentLines(rules6, routes6), true), [])
    assert.equal(presentLines(rules, routes).length, alone.length)
  })

  it('leaves rules and tables of others alone', () => {
    const others = [
      ...rules.slice(0, 1),
      { priority: 7376, src: '10.9.0.0', srclen: 16, table: '100', protocol: 'static' },
    ]
    assert.deepEqual(presentLines(others, [{ dst: '10.1.2.0/24', gateway: '10.1.3.1' }]), [])
  })

  it('is written at once, and follows the state', () => {
    const written = [
      'route replace default via 10.1.3.254 table 7374112 protocol 137',
      'rule add pref 7374 from all lookup main suppress_prefixlength 0 protocol 137',
      'rule add pref 7375 from 10.1.3.0/24 lookup 7374112 protocol 137',
      'rule add pref 7376 from 0.0.0.0 dport 53 lookup main protocol 137',
      'rule add pref 7378 from 0.0.0.0 lookup 7374112 protocol 137',
    ]
    assert.deepEqual(wayOutChanges(alone, [], false), written)
    assert.deepEqual(wayOutChanges(alone, alone.slice(2), false), written.slice(0, 2))
  })

  it('I5: goes only when this host is sure', () => {
    assert.deepEqual(wayOutChanges([], alone, false), [])
    assert.deepEqual(wayOutChanges([], alone.slice(2, 3), true), [
      'rule del pref 7375 from 10.1.3.0/24 lookup 7374112 protocol 137',
    ])
  })
})
