import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import { createReconciler, type Reconciler } from '../../../src/driver/reconciler.ts'
import { systemClock as clock } from '../../../src/lib/clock.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { eventually, type Host, newHost, range, restartHost } from './fixture.ts'
import { createMemoryDocker, type MemoryDocker } from './memory-docker.ts'

describe('driver: VLAN networks', () => {
  let host: Host
  let docker: MemoryDocker
  let reconciler: Reconciler
  const start = () => {
    const { peer, ipam, datapath, driver } = host
    const base = { replica: peer.replica, ipam, datapath, docker, clock, log: silentLogger, driverName: 'mesh' }
    reconciler = createReconciler({ ...base, ...driver, range })
    reconciler.start()
  }
  const create = async (name: string, pktTag: number, subnet = '10.1.3.0/24') => {
    const spec = checkNetwork({ tenant: 'default', name, subnet, encap: 'vlan', pktTag })
    await host.peer.replica.write(view => createNetworkLeaves(view, { tenant: 'default', name, spec }))
    return host.peer.replica.view.networkByName('default', name)?.id ?? ''
  }
  const appears = (name: string) => eventually(`${name} in Docker`, () => docker.byName(name) !== undefined)

  beforeEach(async () => {
    host = await newHost(true)
    docker = createMemoryDocker(() => host.socketPath)
    start()
  })
  afterEach(async () => {
    await reconciler.stop()
    await host.stop()
  })

  it('show encapsulation and tag in Docker, as the tutorial does, and publish no VTEP', async () => {
    const id = await create('contiv-vlan', 112)
    await appears('contiv-vlan')
    const { encap, 'pkt-tag': tag } = docker.byName('contiv-vlan')?.options ?? {}
    assert.deepEqual([encap, tag], ['vlan', '112'])
    assert.deepEqual(host.peer.replica.view.vteps(id), [])
    await docker.run('contiv-vlan', 'c1')
    assert.equal(host.peer.replica.view.endpoints(id).length, 1)
  })

  it('I5: lose their devices on the evidence of a deletion, also one that a restart came in between', async () => {
    const [web, db] = [await create('web', 112), await create('db', 113, '10.1.4.0/24')]
    await Promise.all([appears('web'), appears('db')])
    await host.remove(web)
    await eventually('devices of web gone', () => !host.datapath.networks.has(web))
    await reconciler.stop()
    const { datapath } = host
    host = await restartHost(host)
    for (const id of datapath.networks) host.datapath.networks.add(id)
    await docker.removeNetwork(docker.byName('db')?.id ?? '')
    await host.remove(db)
    start()
    await eventually('devices of db gone', () => !host.datapath.networks.has(db))
    assert.deepEqual(host.peer.replica.local.entries('kernel/vlan/'), [])
  })

  it('can be born in Docker, with a tag or without', async () => {
    const options = { encap: 'vlan', 'pkt-tag': '112' }
    await docker.create('web', { subnet: '10.1.2.0/24', options })
    await docker.run('web', 'c1')
    const network = () => host.peer.replica.view.networkByName('default', 'web')
    assert.deepEqual([network()?.spec.encap, network()?.spec.pktTag], ['vlan', 112])
    await docker.create('db', { options: { encap: 'vlan' } })
    await docker.run('db', 'c2')
    const tag = host.peer.replica.view.networkByName('default', 'db')?.spec.pktTag ?? 0
    assert.ok(tag >= 1 && tag <= 4094 && tag !== 112, String(tag))
  })

  it("have their router as Docker's gateway, which no container gets, also when it is born there", async () => {
    const ipv6 = { subnet6: 'fd00:3::/64', gateway6: 'fd00:3::fe' }
    await docker.create('web', { subnet: '10.1.2.0/24', gateway: '10.1.2.254', ...ipv6, options: { encap: 'vlan' } })
    await docker.run('web', 'c1')
    const spec = host.peer.replica.view.networkByName('default', 'web')?.spec
    assert.deepEqual([spec?.encap, spec?.gateway, spec?.gateway6], ['vlan', '10.1.2.254', 'fd00:3::fe'])
    const asked = checkNetwork({
      tenant: 'default',
      name: 'db',
      subnet: '10.1.4.0/29',
      encap: 'vlan',
      pktTag: 113,
      gateway: '10.1.4.1',
    })
    await host.peer.replica.write(view => createNetworkLeaves(view, { tenant: 'default', name: 'db', spec: asked }))
    await appears('db')
    assert.equal(docker.byName('db')?.gateway, '10.1.4.1')
    const addresses = []
    for (let n = 0; n < 5; n++) addresses.push((await docker.run('db', `c${n + 2}`)).address)
    assert.deepEqual(addresses.sort(), ['10.1.4.2', '10.1.4.3', '10.1.4.4', '10.1.4.5', '10.1.4.6'])
    await assert.rejects(docker.run('db', 'c9'), /no free address|exhausted|10\.1\.4\.0/)
  })

  it('are refused at once with a tag that another network has, or that none can have', async () => {
    await create('old', 112)
    await appears('old')
    const made = (tag: string) =>
      docker.create('web', { subnet: '10.9.0.0/24', options: { encap: 'vlan', 'pkt-tag': tag } })
    await assert.rejects(made('112'), /VLAN 112 belongs to network old: choose another/)
    await assert.rejects(made('4095'), /VLAN 4095 is invalid/)
    await assert.rejects(made('x'), /pkt-tag "x" is no number/)
    assert.equal(docker.byName('web'), undefined)
    assert.equal(host.peer.replica.view.networkByName('default', 'web'), undefined)
  })
})
