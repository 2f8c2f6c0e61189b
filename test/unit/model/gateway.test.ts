import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { gateway6Of, gatewayOf, nextHop6Of, nextHopOf, routerOf } from '../../../src/model/gateway.ts'
import { formatIp } from '../../../src/model/ip.ts'
import { checkSpec } from '../../../src/model/network.ts'

const ipv6 = { subnet6: 'fd00:3::/64', gateway6: 'fd00:3::fe' }
const asked = { subnet: '10.1.3.0/24', gateway: '10.1.3.254' }

describe('gateways', () => {
  it('of VXLAN are on every host, of a VLAN on the wire', () => {
    const overlay = checkSpec({ ...asked, ...ipv6 })
    assert.equal(formatIp(gatewayOf(overlay) ?? 0), '10.1.3.254')
    assert.deepEqual([gateway6Of(overlay), routerOf(overlay)], ['fd00:3::fe', undefined])
    const lan = checkSpec({ ...asked, ...ipv6, encap: 'vlan' })
    assert.deepEqual([gatewayOf(lan), gateway6Of(lan)], [undefined, undefined])
    assert.deepEqual(routerOf(lan), { address: '10.1.3.254', address6: 'fd00:3::fe' })
    for (const spec of [overlay, lan]) {
      assert.equal(formatIp(nextHopOf(spec) ?? 0), '10.1.3.254')
      assert.equal(nextHop6Of(spec), 'fd00:3::fe')
    }
  })

  it('of a VLAN may be of IPv4 alone, or none', () => {
    assert.deepEqual(routerOf(checkSpec({ ...asked, encap: 'vlan' })), { address: '10.1.3.254', address6: '' })
    assert.equal(routerOf(checkSpec({ subnet: asked.subnet, encap: 'vlan' })), undefined)
  })

  it('that a record names beside its subnet are none', () => {
    const lan = checkSpec({ ...asked, ...ipv6, encap: 'vlan' })
    for (const gateway of ['10.1.4.254', '10.1.3.0', '10.1.3.255', 'x', '']) {
      assert.equal(nextHopOf({ ...lan, gateway }), undefined, gateway)
      assert.equal(routerOf({ ...lan, gateway }), undefined, gateway)
    }
    assert.deepEqual(routerOf({ ...lan, gateway6: 'fd00:4::fe' }), { address: '10.1.3.254', address6: '' })
  })
})
