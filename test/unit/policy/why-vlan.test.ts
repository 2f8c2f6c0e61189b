import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import { createGroupLeaves } from '../../../src/crdt/object-acts.ts'
import { macOf } from '../../../src/model/ip.ts'
import { checkNetwork, type NetworkRequest } from '../../../src/model/network.ts'
import { deciding, only, tutorial } from './why-tutorial.ts'

describe('policy: why, of a VLAN', () => {
  const onWire = (more: Partial<NetworkRequest> = {}) => {
    const scene = tutorial()
    const wire = { encap: 'vlan', pktTag: 112, subnet: '10.1.8.0/24', gateway: '10.1.8.254', ...more }
    const spec = checkNetwork({ tenant: 'default', name: 'wire', ...wire })
    scene.write(known => createNetworkLeaves(known, { tenant: 'default', name: 'wire', spec }))
    const network = scene.view.networkByName('default', 'wire')?.id ?? ''
    scene.write(({ objects }) =>
      createGroupLeaves(objects, { tenant: 'default', name: 'served', network, pool: '' }, { policies: ['p'] }),
    )
    const ip = 0x0a010802
    const [id, names] = ['ab'.repeat(32), { container: 'ab'.repeat(32), containerName: 'v1' }]
    const endpoint = { kind: 'endpoint' as const, id, network, ip, mac: macOf(ip), ...names }
    scene.write(() => [{ ...endpoint, group: scene.group('served') }])
    return scene
  }

  it('the router leads to the outside and from there, under the rules of the container', () => {
    const scene = onWire()
    const out = scene.ask('v1', '192.0.2.1', 'tcp/80')
    assert.equal(
      only(out).text,
      'by the router of network wire, 10.1.8.254 on VLAN 112, from the address that the container has there',
    )
    assert.equal(out.passes, 'yes')
    const called = scene.ask('192.0.2.1', 'v1', 'tcp/80')
    assert.deepEqual([only(called).kind, ...deciding(called)], ['router', 'deny p 1'])
    assert.equal(scene.ask('192.0.2.1', 'v1', 'tcp/8888').passes, 'yes')
  })

  it('of IPv6 only if the router has an address of it', () => {
    const ipv6 = { subnet6: 'fd00:8::/64', gateway6: 'fd00:8::fe' }
    assert.match(only(onWire(ipv6).ask('v1', '2001:db8::1', 'tcp/80')).text, /, fd00:8::fe on VLAN 112, from/)
    const without = onWire({ ...ipv6, gateway6: '' })
    assert.match(only(without.ask('v1', '2001:db8::1', 'tcp/80')).text, /^out of network wire, over docker_gwbridge/)
  })

  it('without a router is left by the way that Docker made', () => {
    assert.match(only(onWire({ gateway: '' }).ask('v1', '192.0.2.1', 'tcp/80')).text, /translated to the address of/)
  })

  it('an address that no container has may be a plain host’s', () => {
    const scene = onWire()
    for (const plain of ['10.1.8.254', '10.1.8.200']) {
      const called = scene.ask(plain, 'v1', 'tcp/80')
      assert.deepEqual(deciding(called), ['deny p 1'], plain)
      const { text, decidedOn } = only(called)
      assert.equal(text, `network wire, with a plain host of VLAN 112, if one has ${plain}`)
      assert.deepEqual(decidedOn, [scene.world.at(1).key])
      assert.equal(scene.ask('v1', plain, 'tcp/80').passes, 'yes')
    }
    assert.match(only(scene.ask('c1', '10.1.8.200', 'icmp')).text, /^networks web and wire are apart/)
  })
})
