import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'mocha'
import { isUnicastMac, planEntries, targetsOf } from '../../../src/datapath/plan.ts'
import { macOf, parseIp } from '../../../src/model/ip.ts'
import { parseSubnet } from '../../../src/model/subnet.ts'
import { network, World } from './world.ts'

const ip = (text: string) => parseIp(text) ?? 0
const own = '192.168.2.1'

describe('datapath plan', () => {
  let world: World
  const plan = () => {
    const targets = targetsOf(world.registry.vteps(network), world.key(1), own)
    return planEntries(world.registry.endpoints(network), targets, world.key(1))
  }

  beforeEach(() => {
    world = new World()
    world.vtep(1, 501)
    world.vtep(2, 777)
    world.vtep(3, 888)
  })

  it('leads to each remote endpoint on the VNI that its host receives on', () => {
    world.endpoint(1, ip('10.1.1.11'))
    world.endpoint(2, ip('10.1.1.21'))
    assert.deepEqual(plan(), {
      unicast: new Map([['02:02:0a:01:01:15', '192.168.2.2 777']]),
      neighbours: new Map([['10.1.1.21', '02:02:0a:01:01:15']]),
      flood: new Set(['192.168.2.2 777']),
    })
  })

  it('answers for the IPv6 address of each, in a network that has IPv6', () => {
    world.endpoint(1, ip('10.1.1.11'))
    world.endpoint(2, ip('10.1.1.21'))
    const targets = targetsOf(world.registry.vteps(network), world.key(1), own)
    const ipv6 = { subnet: parseSubnet('10.1.1.0/24'), subnet6: 'fd00:6::/64', gateway6: '' }
    const { neighbours } = planEntries(world.registry.endpoints(network), targets, world.key(1), ipv6)
    const mac = '02:02:0a:01:01:15'
    assert.deepEqual(
      neighbours,
      new Map([
        ['10.1.1.21', mac],
        ['fd00:6::15', mac],
      ]),
    )
  })

  it('floods only to hosts with an endpoint', () => {
    world.endpoint(3, ip('10.1.1.31'))
    assert.deepEqual([...plan().flood], ['192.168.2.3 888'])
    world.endpointGone(3, ip('10.1.1.31'))
    assert.equal(plan().flood.size, 0)
  })

  it('has nothing for a host that published no VTEP, and nothing for malformed records', () => {
    world.endpoint(4, ip('10.1.1.41'))
    world.vtep(2, 777, '192.168.2.2\nlink del eth0')
    world.endpoint(2, ip('10.1.1.21'))
    world.endpoint(3, ip('10.1.1.31'), '02:02:0a:01:01:1f dev eth0')
    assert.deepEqual(plan(), { unicast: new Map(), neighbours: new Map(), flood: new Set() })
  })

  it("lets this host's own endpoint win over a remote one with the same address", () => {
    world.endpoint(1, ip('10.1.1.21'))
    world.endpoint(2, ip('10.1.1.21'))
    assert.equal(plan().unicast.size, 0)
    assert.equal(plan().neighbours.size, 0)
  })

  it('takes endpoints of an earlier incarnation of this host as local', () => {
    world.vtep(5, 501, own)
    world.endpoint(5, ip('10.1.1.51'))
    assert.deepEqual(plan(), { unicast: new Map(), neighbours: new Map(), flood: new Set() })
  })

  it('leads to each machine of a forked host what that one runs, and what ran before where it ran (R8)', () => {
    world.endpoint(2, ip('10.1.1.21'))
    world.aside(2, () => {
      world.vtep(2, 999, '192.168.2.9')
      world.endpoint(2, ip('10.1.1.29'))
    })
    world.endpoint(2, ip('10.1.1.22'))
    const { unicast, flood } = plan()
    assert.deepEqual(
      ['10.1.1.21', '10.1.1.22', '10.1.1.29'].map(text => unicast.get(macOf(ip(text)))),
      ['192.168.2.2 777', '192.168.2.2 777', '192.168.2.9 999'],
    )
    assert.deepEqual([...flood].sort(), ['192.168.2.2 777', '192.168.2.9 999'])
  })

  it('leads to the other machine with this host’s key what is not here (R8)', () => {
    world.endpoint(1, ip('10.1.1.11'))
    world.aside(1, () => {
      world.vtep(1, 999, '192.168.2.9')
      world.endpoint(1, ip('10.1.1.19'))
    })
    world.endpoint(1, ip('10.1.1.12'))
    assert.deepEqual(plan().unicast, new Map([[macOf(ip('10.1.1.19')), '192.168.2.9 999']]))
  })

  it('follows an address to its new host', () => {
    world.endpoint(2, ip('10.1.1.21'))
    world.endpointGone(2, ip('10.1.1.21'))
    world.endpoint(3, ip('10.1.1.21'))
    assert.equal(plan().unicast.get(macOf(ip('10.1.1.21'))), '192.168.2.3 888')
  })

  it('knows a unicast MAC', () => {
    assert.deepEqual(
      ['02:02:0a:01:01:15', '01:00:5e:00:00:01', '00:00:00:00:00:00', '02:02:0A:01:01:15', 'x'].map(isUnicastMac),
      [true, false, false, false, false],
    )
  })
})
