import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import type { Reconciler } from '../../../src/driver/reconciler.ts'
import { chooseSubnet } from '../../../src/model/address-pool.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { call, eventually, type Host, newDockerId, newHost, range, restartHost, startReconciler } from './fixture.ts'
import { createMemoryDocker, type MemoryDocker } from './memory-docker.ts'

describe('networks born in Docker', () => {
  let host: Host
  let docker: MemoryDocker
  let reconciler: Reconciler

  const start = () => {
    reconciler = startReconciler(host, docker)
  }
  const view = () => host.peer.replica.view
  const web = (name = 'web', tenant = 'default') => view().networkByName(tenant, name)
  const adopted = async (name = 'web', tenant = 'default') => {
    await eventually(`${name} adopted`, () => web(name, tenant) !== undefined)
    const network = web(name, tenant)
    assert.ok(network)
    return network
  }
  const condition = (text: RegExp) =>
    eventually(`condition ${text}`, () => reconciler.conditions().some(found => text.test(found.text)))
  const noConditions = () => assert.deepEqual(reconciler.conditions(), [])

  beforeEach(async () => {
    host = await newHost(true)
    docker = createMemoryDocker(() => host.socketPath)
    start()
    await eventually('first pass', () => reconciler.dockerIsUp())
  })
  afterEach(async () => {
    await reconciler.stop()
    await host.stop()
  })

  it('become networks of ours with labels and options, and take containers at once', async () => {
    const labels = { 'com.docker.compose.network': 'default', b: '1' }
    const options = { encap: 'vxlan', 'pkt-tag': '77', foo: 'bar' }
    const id = await docker.create('my_app_default', { subnet: '10.1.2.0/24', labels, options, internal: true })
    const place = await docker.run('my_app_default', 'c1')
    assert.match(place.address, /^10\.1\.2\.\d+$/)
    const network = await adopted('my_app_default')
    assert.deepEqual([network.spec.subnet.text, network.spec.pktTag], ['10.1.2.0/24', 77])
    assert.deepEqual(network.docker, {
      host: host.peer.replica.self,
      labels: [
        ['b', '1'],
        ['com.docker.compose.network', 'default'],
      ],
      options: [['foo', 'bar']],
      internal: true,
    })
    assert.equal(host.driver.networks.idOf(id), network.id)
    assert.equal(view().endpoints(network.id).length, 1)
    await docker.kill('c1')
    assert.deepEqual([view().endpoints(network.id), host.ipam.held(network.id)], [[], []])
    assert.equal(docker.list().length, 1)
    noConditions()
  })

  it('get a subnet from tenant and name, though Docker must be answered before it tells the name', async () => {
    await host.peer.replica.write(() => [{ kind: 'tenant', name: 'blue' }])
    const names = ['web', 'db', 'cache']
    await Promise.all(names.map(name => docker.create(name, { tenant: 'blue' })))
    const places = await Promise.all(names.map(name => docker.run(name, `${name}-1`)))
    for (const [i, name] of names.entries()) {
      const network = await adopted(name, 'blue')
      const wanted = chooseSubnet(range, 'blue', name, [])
      assert.deepEqual(network.spec.subnet, wanted)
      assert.equal(places[i]?.address.replace(/\.\d+$/, '.0/24'), wanted?.text)
    }
  })

  it('keep the name that was typed, without the tenant, until another network should have it', async () => {
    const create = (tenant: string, name: string, subnet: string) =>
      createNetworkLeaves(view(), { tenant, name, spec: checkNetwork({ tenant, name, subnet }) })
    await host.peer.replica.write(() => [{ kind: 'tenant', name: 'blue' }])
    await docker.create('web', { subnet: '10.9.0.0/24', tenant: 'blue' })
    await adopted('web', 'blue')
    // a later pass has seen it too
    await host.peer.replica.write(() => create('default', 'db', '10.1.2.0/24'))
    await eventually('db is there', () => docker.byName('db') !== undefined)
    assert.ok(docker.byName('web'))
    await host.peer.replica.write(() => create('default', 'web', '10.1.3.0/24'))
    await eventually('both names', () => docker.list().length === 3 && docker.byName('web/blue') !== undefined)
    noConditions()
  })

  it('go on after a restart of the peer, and after the loss of its data', async () => {
    await docker.create('web', { subnet: '10.1.2.0/24' })
    await docker.create('db')
    const { id } = await adopted()
    const db = await adopted('db')
    await reconciler.stop()
    host = await restartHost(host)
    await docker.run('web', 'c1')
    await reconciler.stop()
    for (const [key] of host.peer.replica.local.entries('docker/'))
      await host.peer.replica.local.set([[key, undefined]])
    host = await restartHost(host)
    await host.driver.state.noteRegistered()
    start()
    await docker.run('web', 'c2')
    await docker.run('db', 'c3')
    assert.equal(view().endpoints(id).length, 2)
    assert.equal(view().endpoints(db.id).length, 1)
    assert.equal(view().networks().length, 2)
    noConditions()
  })

  it('are refused at once where that can be known, and leave nothing', async () => {
    await host.create('old', '10.1.0.0/16')
    await eventually('old', () => docker.byName('old') !== undefined)
    const create = (given: Parameters<MemoryDocker['create']>[1]) => docker.create('web', given)
    await assert.rejects(
      create({ subnet: '10.9.0.0/24', tenant: 'nobody' }),
      /tenant nobody does not exist: .*create nobody/,
    )
    await assert.rejects(create({ subnet: '10.1.2.0/24' }), /network old conflicts with subnet 10\.1\.2\.0\/24/)
    await assert.rejects(create({ subnet: '10.1.2.0/31' }), /length of 8 to 30/)
    await assert.rejects(
      create({ subnet: '10.9.0.0/24', options: { encap: 'gre' } }),
      /encap "gre" is invalid: use vxlan or vlan/,
    )
    await assert.rejects(create({ subnet: '10.9.0.0/24', options: { 'pkt-tag': 'x' } }), /pkt-tag "x" is no number/)
    await assert.rejects(
      create({ subnet: '10.9.0.0/24', options: { tenant: 'nobody' } }),
      /tenant nobody does not exist/,
    )
    assert.deepEqual(
      docker.list().map(network => network.name),
      ['old'],
    )
    assert.deepEqual(host.peer.replica.local.entries('docker/pool/'), [])
  })

  it('that cannot be taken over are removed from Docker again, with a condition; who waits is told', async () => {
    for (const [name, reason] of [
      ['a b', /network name "a b" is invalid/],
      ['web/blue', /names a tenant: add -o tenant=blue$/],
    ] as const) {
      await docker.create(name, { subnet: '10.9.0.0/24' })
      await assert.rejects(docker.run(name, 'c1'), reason)
      await eventually('removed', () => docker.byName(name) === undefined)
      await condition(reason)
    }
    await host.create('web', '10.1.2.0/24')
    await eventually('copy', () => docker.byName('web') !== undefined)
    assert.equal(view().networks().length, 1)
  })

  it('are this host’s copy where another host created the same just before', async () => {
    await reconciler.stop()
    const id = await host.create('web', '10.1.2.0/24')
    const dockerId = await docker.create('web', { subnet: '10.1.2.0/24' })
    start()
    await eventually('matched', () => host.driver.networks.idOf(dockerId) === id)
    assert.equal(web()?.docker, undefined)
    assert.equal(docker.list().length, 1)
    await assert.rejects(docker.create('other', { subnet: '10.1.2.0/24' }), /network web conflicts/)
  })

  it('are deleted everywhere by docker network rm', async () => {
    await docker.create('web', { subnet: '10.1.2.0/24' })
    const { id } = await adopted()
    await docker.rm('web')
    await eventually('deleted', () => view().isDeleted(id))
    assert.deepEqual(docker.list(), [])
    noConditions()
    await docker.create('web', { subnet: '10.1.2.0/24' })
    assert.notEqual((await adopted()).id, id)
  })

  it('come back if containers use them elsewhere; the condition names these and the command, and goes', async () => {
    await docker.create('web', { subnet: '10.1.2.0/24', labels: { a: 'b' } })
    const { id } = await adopted()
    const endpoint = { ip: 0x0a010203, mac: '02:02:0a:01:02:03', container: '', containerName: 'c9' }
    await host.peer.replica.write(() => [{ kind: 'endpoint', id: newDockerId(), network: id, ...endpoint }])
    await docker.rm('web')
    await condition(/network web was removed from this host's Docker and is created again: it is used by c9 on host1/)
    await eventually('again', () => docker.byName('web') !== undefined)
    assert.equal(docker.byName('web')?.labels.a, 'b')
    assert.match(reconciler.conditions()[0]?.remedy ?? '', /skein net rm web;/)
    await host.remove(id)
    await host.peer.replica.write(now =>
      now.endpoints(id).map(left => ({ kind: 'endpoint-rm', id: left.id, network: id })),
    )
    await eventually('no condition', () => reconciler.conditions().length === 0)
  })

  it('survive docker network prune, as do all others', async () => {
    await docker.create('web', { subnet: '10.1.2.0/24' })
    const { id } = await adopted()
    await host.create('db', '10.1.3.0/24')
    await eventually('db', () => docker.byName('db') !== undefined)
    await docker.prune()
    await condition(/network web .*docker network prune/)
    await condition(/network db .*not created by "docker network create"/)
    await eventually('both again', () => docker.byName('web') !== undefined && docker.byName('db') !== undefined)
    assert.equal(view().network(id)?.status, 'live')
    // the copy that was made again still is the one whose removal counts
    await docker.rm('web')
    await eventually('deleted', () => view().isDeleted(id))
  })

  it('come back if they went while the peer was down', async () => {
    await docker.create('web', { subnet: '10.1.2.0/24' })
    const { id } = await adopted()
    await docker.rm('web', false)
    await condition(/network web .*went without word to skeind/)
    await eventually('again', () => docker.byName('web')?.labels['skein.id'] === id)
  })

  it('may be removed and created again at once: the same goes on, another takes its place', async () => {
    await docker.create('web', { subnet: '10.1.2.0/24', labels: { a: '1' } })
    const { id } = await adopted()
    await docker.rm('web')
    await docker.create('web', { subnet: '10.1.2.0/24', labels: { a: '2' } })
    await eventually('labels', () => web()?.docker?.labels[0]?.[1] === '2')
    assert.equal(web()?.id, id)
    await docker.rm('web')
    await docker.create('web2', { subnet: '10.1.2.0/25' })
    await adopted('web2')
    assert.ok(view().isDeleted(id))
    noConditions()
  })

  it('that Skein does not know are left alone, with a condition', async () => {
    docker.put({ name: 'stray', driver: 'mesh', subnet: '10.1.2.0/24' })
    await host.create('web', '10.1.3.0/24')
    await condition(/network stray of this host's Docker bears Skein's driver, but Skein does not know it/)
    assert.ok(docker.byName('stray'))
  })

  it('have the gateway that the user chose', async () => {
    await docker.create('web', { subnet: '10.1.2.0/24', gateway: '10.1.2.254' })
    const { id, spec } = await adopted()
    assert.equal(spec.gateway, '10.1.2.254')
    const place = await docker.run('web', 'c1')
    assert.notEqual(place.address, '10.1.2.254')
    await docker.create('late', { subnet: '10.1.3.0/24', gateway: '10.1.3.1', tenant: 'default' })
    assert.equal((await adopted('late')).spec.gateway, '10.1.3.1')
    await docker.rm('late')
    await docker.create('late', { subnet: '10.1.3.0/24' })
    await eventually('another network', () => web('late')?.spec.gateway === '')
    assert.equal(web()?.id, id)
    noConditions()
  })

  it('give no address before they are created, nor a gateway that is none', async () => {
    const { PoolID } = await host.ok('IpamDriver.RequestPool', { Pool: '10.1.2.0/24', Options: {} })
    const ask = (Address: string, Options: object) =>
      call(host.socketPath, 'IpamDriver.RequestAddress', { PoolID, Address, Options })
    const aux = await ask('10.1.2.9', {})
    assert.match(String(aux.body.Err), /leave out --aux-address/)
    const gateway = (Address: string) => ask(Address, { RequestAddressType: 'com.docker.network.gateway' })
    assert.match(String((await gateway('10.1.3.1')).body.Err), /10\.1\.3\.1 is no address of a host in 10\.1\.2\.0/)
    assert.equal((await gateway('10.1.2.1')).body.Address, '10.1.2.1/24')
    await host.ok('IpamDriver.ReleasePool', { PoolID })
    assert.deepEqual(host.peer.replica.local.entries('docker/pool/'), [])
  })
})
