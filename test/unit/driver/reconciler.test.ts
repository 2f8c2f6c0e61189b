import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import type { Reconciler } from '../../../src/driver/reconciler.ts'
import { parseIp } from '../../../src/model/ip.ts'
import { eventually, type Host, newDockerId, newHost, restartHost, startReconciler } from './fixture.ts'
import { createMemoryDocker, type MemoryDocker } from './memory-docker.ts'

describe('docker reconciler', () => {
  let host: Host
  let docker: MemoryDocker
  let reconciler: Reconciler

  const start = (orphanAfterMs = 30_000) => {
    reconciler = startReconciler(host, docker, { orphanAfterMs })
  }
  const appears = (name: string) => eventually(`network ${name}`, () => docker.byName(name) !== undefined)
  const disappears = (name: string) => eventually(`network ${name} gone`, () => docker.byName(name) === undefined)
  const records = (id: string) => host.peer.replica.view.endpoints(id)
  /** Two more passes, so that what must not happen has had its chance. */
  const passes = async () => {
    for (const name of ['probe-1', 'probe-2']) {
      const id = await host.create(name, name === 'probe-1' ? '10.250.1.0/24' : '10.250.2.0/24')
      await appears(name)
      await host.remove(id)
      await disappears(name)
    }
  }

  beforeEach(async () => {
    host = await newHost(false)
    docker = createMemoryDocker(() => host.socketPath)
    docker.put({ name: 'bridge' })
  })
  afterEach(async () => {
    await reconciler.stop()
    await host.stop()
  })

  it('creates each live network in Docker, as the tutorial shows it', async () => {
    start()
    const id = await host.create('contiv-net', '10.1.2.0/24')
    await appears('contiv-net')
    const vni = [...host.peer.replica.view.vnisOf(host.peer.replica.self).keys()][0]
    assert.deepEqual(docker.created, [
      {
        name: 'contiv-net',
        driver: 'mesh',
        subnet: '10.1.2.0/24',
        gateway: '',
        subnet6: '',
        gateway6: '',
        labels: { 'skein.id': id, 'skein.tenant': 'default', 'skein.network': 'contiv-net' },
        options: { encap: 'vxlan', 'pkt-tag': String(vni), tenant: 'default', 'skein.id': id },
        ipamOptions: { 'skein.id': id },
        internal: false,
      },
    ])
    assert.equal(host.driver.networks.idOf(docker.byName('contiv-net')?.id ?? ''), id)
    await host.create('contiv-net', '10.1.2.0/24', 'blue')
    await appears('contiv-net/blue')
  })

  it('waits for Docker, and notices that it goes and comes', async () => {
    docker.setUp(false)
    start()
    await host.create('web', '10.1.2.0/24')
    docker.setUp(true)
    await appears('web')
    assert.equal(reconciler.dockerIsUp(), true)
    docker.setUp(false)
    await eventually('Docker is away', () => !reconciler.dockerIsUp())
    await host.create('db', '10.1.3.0/24')
    docker.setUp(true)
    await appears('db')
  })

  it('I5: removes a Docker network on the evidence of a deletion, never because its id is unknown', async () => {
    const labels = { 'skein.id': 'e'.repeat(64) }
    docker.put({ name: 'stranger', driver: 'mesh', labels })
    start()
    const id = await host.create('web', '10.1.2.0/24')
    await appears('web')
    assert.ok(host.datapath.networks.has(id))
    await host.remove(id)
    await disappears('web')
    await eventually('devices gone', () => !host.datapath.networks.has(id))
    await passes()
    assert.ok(docker.byName('stranger'))
    assert.ok(docker.byName('bridge'))
  })

  it('keeps a deleted network while a container uses it, and says so; it goes with the container', async () => {
    start()
    const id = await host.create('web', '10.1.2.0/24')
    await appears('web')
    await docker.run('web', 'c1')
    await host.remove(id)
    const kept = /web was deleted, but containers of this host still use it/
    await eventually('condition', () => reconciler.conditions().some(({ text }) => kept.test(text)))
    assert.ok(docker.byName('web'))
    assert.ok(host.datapath.networks.has(id))
    const again = await host.create('web', '10.1.2.0/24')
    assert.notEqual(again, id)
    await appears(`web~${again.slice(0, 6)}`)
    await docker.kill('c1')
    await eventually('the name is free', () => docker.byName('web')?.labels['skein.id'] === again)
    assert.equal(docker.byName(`web~${again.slice(0, 6)}`), undefined)
    await eventually('devices gone', () => !host.datapath.networks.has(id))
    await eventually('no condition', () => reconciler.conditions().length === 0)
    assert.ok(host.datapath.networks.has(again))
  })

  it('gives a network that is created again its name, though the old one is just going', async () => {
    start()
    const id = await host.create('web', '10.1.2.0/24')
    await appears('web')
    await docker.run('web', 'c1')
    await host.remove(id)
    const again = await host.create('web', '10.1.2.0/24')
    await docker.kill('c1')
    await eventually('new web', () => docker.byName('web')?.labels['skein.id'] === again)
  })

  it('tells how to free a name that its Docker has from a mesh that this host was in before', async () => {
    docker.put({ name: 'web', driver: 'mesh', labels: { 'skein.id': 'f'.repeat(64) } })
    start()
    const id = await host.create('web', '10.1.2.0/24')
    await appears(`web~${id.slice(0, 6)}`)
    await eventually('condition', () => /docker network rm web/.test(reconciler.conditions()[0]?.remedy ?? ''))
    await docker.rm('web')
    await appears('web')
    await eventually('no condition', () => reconciler.conditions().length === 0)
  })

  it('leaves the network that bears the name to its owner, and takes another', async () => {
    const theirs = docker.put({ name: 'web', driver: 'bridge' })
    start()
    const id = await host.create('web', '10.1.2.0/24')
    const name = `web~${id.slice(0, 6)}`
    await appears(name)
    await eventually('condition', () => reconciler.conditions().length === 1)
    const [condition] = reconciler.conditions()
    assert.match(condition?.text ?? '', new RegExp(`is called ${name} here`))
    assert.match(condition?.remedy ?? '', /docker network rm web/)
    assert.equal(docker.byName('web')?.id, theirs.id)
    await docker.rm('web')
    await docker.rm(name)
    await appears('web')
    await eventually('no condition', () => reconciler.conditions().length === 0)
  })

  it('adopts by label after a restart with an empty mapping, keeps the name, re-creates under its own what is empty', async () => {
    const id = await host.create('web', '10.1.2.0/24')
    const old = docker.put({
      name: 'old-name',
      driver: 'mesh',
      labels: { 'skein.id': id },
      options: { 'skein.id': id },
    })
    docker.putContainer('old-name', 'c1', '10.1.2.9')
    start()
    await eventually('mapping', () => host.driver.networks.idOf(old.id) === id)
    await passes()
    assert.equal(docker.byName('web'), undefined)
    await docker.kill('c1', false)
    await appears('web')
    assert.equal(docker.byName('old-name'), undefined)
  })

  it('fills in the container of a record', async () => {
    start()
    const id = await host.create('web', '10.1.2.0/24')
    await appears('web')
    const place = await docker.run('web', 'c1')
    await eventually('name', () => records(id)[0]?.containerName === 'c1')
    assert.equal(records(id)[0]?.container, place.container)
    assert.equal(records(id)[0]?.mac, place.mac)
  })

  it("fills in a container's aliases, and follows a rename", async () => {
    start()
    const id = await host.create('web', '10.1.2.0/24')
    await appears('web')
    docker.alias('c1', 'db', 'db.primary')
    const { container } = await docker.run('web', 'c1')
    const shortId = container.slice(0, 12)
    await eventually('aliases', () => records(id)[0]?.aliases.join() === `db,db.primary,${shortId}`)
    docker.rename('c1', 'c9')
    await eventually('new name', () => records(id)[0]?.containerName === 'c9')
    assert.deepEqual(records(id)[0]?.aliases, ['db', 'db.primary', shortId])
  })

  it('R5: registers a running container that has no record, with its address, before addresses are handed out', async () => {
    const id = await host.create('web', '10.1.2.0/24')
    docker.put({ name: 'web', driver: 'mesh', labels: { 'skein.id': id }, options: { 'skein.id': id } })
    const taken = [1, 2, 3, 4].map(last => docker.putContainer('web', `c${last}`, `10.1.2.${last}`))
    start()
    const { address } = await docker.run('web', 'c5')
    assert.ok(!taken.some(place => place.address === address))
    assert.equal(records(id).length, 5)
    assert.deepEqual(
      records(id).find(({ containerName }) => containerName === 'c1'),
      {
        id: taken[0]?.endpointId,
        network: id,
        owner: host.peer.replica.self,
        ip: parseIp('10.1.2.1'),
        mac: '02:02:0a:01:02:01',
        container: taken[0]?.container,
        containerName: 'c1',
        aliases: [taken[0]?.container.slice(0, 12)],
      },
    )
    assert.ok(host.ipam.held(id).includes(parseIp('10.1.2.1') ?? 0))
  })

  it('collects what is left of a container that went while the peer was down', async () => {
    start(100)
    const id = await host.create('web', '10.1.2.0/24')
    await appears('web')
    await docker.run('web', 'gone')
    const kept = await docker.run('web', 'kept')
    const starting = await docker.run('web', 'starting')
    await reconciler.stop()
    await docker.kill('gone', false)
    docker.hide('starting')
    host = await restartHost(host)
    start(100)
    await eventually('record gone', () => records(id).length === 2)
    assert.deepEqual([host.ipam.held(id).length, host.datapath.attached.size], [2, 2])
    await passes()
    const left = records(id).map(endpoint => endpoint.id)
    assert.deepEqual(left.sort(), [kept.endpointId, starting.endpointId].sort())
  })

  it('collects at once what a container had before its restart, when the calls of its stop were lost', async () => {
    start(1_000_000)
    const id = await host.create('web', '10.1.2.0/24')
    await appears('web')
    const before = await docker.run('web', 'c1')
    await eventually('the record names the container', () => records(id)[0]?.container === before.container)
    const after = await docker.restart('c1')
    await eventually('one record', () => records(id).length === 1)
    assert.deepEqual([records(id)[0]?.id, host.ipam.held(id)], [after.endpointId, [parseIp(after.address)]])
  })

  it('collects nothing while Docker is away', async () => {
    start(100)
    const id = await host.create('web', '10.1.2.0/24')
    await appears('web')
    await docker.run('web', 'c1')
    docker.setUp(false)
    await docker.kill('c1', false)
    await eventually('Docker is away', () => !reconciler.dockerIsUp())
    const asked = docker.asked
    await eventually('Docker was asked again, twice', () => docker.asked >= asked + 2)
    assert.equal(records(id).length, 1)
    docker.setUp(true)
    await eventually('record gone', () => records(id).length === 0)
  })

  it('goes on with the others when one network fails, says why, and tries again', async () => {
    const { ensureNetwork } = host.datapath
    let broken = ''
    host.datapath.ensureNetwork = async network => {
      if (network === broken) throw new Error('RTNETLINK answers: no buffer space')
      return ensureNetwork(network)
    }
    broken = await host.create('a', '10.1.2.0/24')
    await host.create('b', '10.1.3.0/24')
    start()
    await appears('b')
    assert.match(reconciler.conditions()[0]?.text ?? '', /no buffer space/)
    broken = newDockerId()
    await appears('a')
    await eventually('no condition', () => reconciler.conditions().length === 0)
  })
})
