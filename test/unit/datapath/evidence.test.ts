import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'mocha'
import type { Entries } from '../../../src/datapath/entries.ts'
import { unexplained } from '../../../src/datapath/evidence.ts'
import { parseIp } from '../../../src/model/ip.ts'
import { parseSubnet } from '../../../src/model/subnet.ts'
import { network, World } from './world.ts'

const left: Entries = {
  unicast: new Map([
    ['02:02:0a:01:01:15', '192.168.2.2 777'],
    ['0e:00:00:00:00:01', '192.168.2.2 777'],
  ]),
  neighbours: new Map([
    ['10.1.1.21', '02:02:0a:01:01:15'],
    ['10.1.1.22', '0e:00:00:00:00:01'],
  ]),
  flood: new Set(['192.168.2.2 777']),
}
const keys = ['u 02:02:0a:01:01:15', 'u 0e:00:00:00:00:01', 'n 10.1.1.21', 'n 10.1.1.22', 'f 192.168.2.2 777']

describe('datapath evidence', () => {
  let world: World
  const kept = () => [...unexplained(world.registry, network, left, new Set(keys))]

  beforeEach(() => {
    world = new World()
  })

  it('I5: a state that knows nothing of the entries removes none', () => {
    assert.deepEqual(kept(), keys)
  })

  it('an address that some record ever held is known to be gone, with its MAC', () => {
    world.endpoint(2, parseIp('10.1.1.21') ?? 0)
    world.endpointGone(2, parseIp('10.1.1.21') ?? 0)
    assert.deepEqual(kept(), ['u 0e:00:00:00:00:01', 'n 10.1.1.22', 'f 192.168.2.2 777'])
    world.endpoint(2, parseIp('10.1.1.22') ?? 0, '0e:00:00:00:00:01')
    assert.deepEqual(kept(), ['f 192.168.2.2 777'])
  })

  it('the IPv6 address of an endpoint is known to be gone with its IPv4 address', () => {
    const spec = { subnet: parseSubnet('10.1.1.0/24'), subnet6: 'fd00:6::/64', gateway6: '' }
    const keys6 = ['n fd00:6::15', 'n fd00:6::1:15']
    const stays = () => [...unexplained(world.registry, network, left, new Set(keys6), spec)]
    assert.deepEqual(stays(), keys6)
    world.endpoint(2, parseIp('10.1.1.21') ?? 0)
    world.endpointGone(2, parseIp('10.1.1.21') ?? 0)
    assert.deepEqual(stays(), ['n fd00:6::1:15'])
  })

  it('a flood entry is stale once its host publishes another VNI, not while it publishes this one', () => {
    world.vtep(2, 777)
    assert.ok(kept().includes('f 192.168.2.2 777'))
    world.vtep(2, 778)
    assert.ok(!kept().includes('f 192.168.2.2 777'))
  })
})
