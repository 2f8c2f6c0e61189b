import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { cancelDrainLeaves, drainNetworkLeaves, renameNetworkLeaves } from '../../../src/crdt/acts.ts'
import type { Reconciler } from '../../../src/driver/reconciler.ts'
import { eventually, type Host, newHost, restartHost, startReconciler } from './fixture.ts'
import { createMemoryDocker, type MemoryDocker } from './memory-docker.ts'

describe('docker reconciler: drains and renames', () => {
  let host: Host
  let docker: MemoryDocker
  let reconciler: Reconciler

  const start = () => {
    reconciler = startReconciler(host, docker)
  }
  const view = () => host.peer.replica.view
  const appears = (name: string) => eventually(`network ${name}`, () => docker.byName(name) !== undefined)
  const disappears = (name: string) => eventually(`network ${name} gone`, () => docker.byName(name) === undefined)
  const drain = (from: string, into: string) => host.peer.replica.write(now => drainNetworkLeaves(now, from, into))
  const rename = (id: string, name: string) => host.peer.replica.write(now => renameNetworkLeaves(now, id, name))
  const names = (id: string) =>
    view()
      .endpoints(id)
      .map(endpoint => endpoint.containerName)
      .sort()
  const condition = (text: RegExp) =>
    eventually(`condition ${text}`, () => reconciler.conditions().some(each => text.test(each.text)))

  beforeEach(async () => {
    host = await newHost(false)
    docker = createMemoryDocker(() => host.socketPath)
    docker.put({ name: 'bridge' })
    start()
  })
  afterEach(async () => {
    await reconciler.stop()
    await host.stop()
  })

  const members = (name: string) => docker.members({ id: docker.byName(name)?.id ?? '', name })

  it('moves containers with their aliases, running or not, and deletes the network when the last has left', async () => {
    const [web, next] = [await host.create('web', '10.1.2.0/24'), await host.create('next', '10.1.3.0/24')]
    await appears('web')
    await appears('next')
    await docker.run('web', 'c1')
    await docker.run('web', 'c2')
    docker.alias('c1', 'db')
    await docker.halt('c2')
    await eventually('c1 is registered', () => names(web).join() === 'c1')
    await drain(web, next)
    await eventually('web is deleted', () => view().isDeleted(web))
    await eventually('aliases', () => view().endpoints(next)[0]?.aliases.includes('db') === true)
    assert.deepEqual(names(next), ['c1'])
    assert.deepEqual((await members('next')).map(({ name, isRunning }) => [name, isRunning]).sort(), [
      ['c1', true],
      ['c2', false],
    ])
    assert.deepEqual(view().conditions(), [])
    // Docker starts them only while it finds the network that they were run on
    await condition(
      /^network web was drained into next and stays in this host's Docker, empty: Docker starts c1, c2 only/,
    )
    await assert.rejects(docker.run('web', 'c3'), /was drained into next and is gone: use next/)
    await docker.kill('c1')
    await condition(/Docker starts c2 only/)
    await docker.kill('c2')
    await disappears('web')
    await eventually('no condition', () => reconciler.conditions().length === 0)
  })

  it('keeps no drained network whose name another gets: Docker finds that one', async () => {
    const [web, next] = [await host.create('web', '10.1.2.0/24'), await host.create('next', '10.1.3.0/24')]
    await appears('web')
    await appears('next')
    await docker.run('web', 'c1')
    await drain(web, next)
    await condition(/^network web was drained/)
    const id = await host.create('web', '10.1.4.0/24')
    await eventually('web is the new one', () => docker.byName('web')?.options['skein.id'] === id)
    await eventually('no condition', () => reconciler.conditions().length === 0)
  })

  it('starts again what Docker gave up because its network took no more containers', async () => {
    const [web, next] = [await host.create('web', '10.1.2.0/24'), await host.create('next', '10.1.3.0/24')]
    await appears('web')
    await appears('next')
    await docker.run('web', 'c1')
    await docker.halt('c1')
    docker.strand('next', 'c1', 'IpamDriver.RequestAddress: network web is being drained into next')
    await drain(web, next)
    await eventually('c1 is started', () => docker.started.includes('c1'))
  })

  it('also when it ran while it was listed: one that crashes again and again starts at any moment', async () => {
    const [web, next] = [await host.create('web', '10.1.2.0/24'), await host.create('next', '10.1.3.0/24')]
    await appears('web')
    await appears('next')
    await docker.run('web', 'loop')
    docker.strandSoon('next', 'loop', 'IpamDriver.RequestAddress: network web is being drained into next')
    await drain(web, next)
    await eventually('loop is started', () => docker.started.includes('loop'))
  })

  it('keeps a deleted network for a container between two starts, and for no other', async () => {
    const web = await host.create('web', '10.1.2.0/24')
    await appears('web')
    await docker.run('web', 'loop')
    await docker.crash('loop')
    assert.deepEqual(view().endpoints(web), [])
    await host.remove(web)
    await eventually('the network is held', () => view().heldBy(web).length === 1)
    assert.equal(view().network(web)?.status, 'draining')
    assert.match(view().conditions()[0]?.text ?? '', /waits for containers of host1$/)
    for (let i = 0; i < 2; i++) {
      await docker.again('loop')
      await eventually('it is named', () => names(web).join() === 'loop')
      assert.match(view().conditions()[0]?.text ?? '', /waits for loop on host1$/)
      await docker.crash('loop')
    }
    await docker.kill('loop')
    await disappears('web')
    await eventually('nobody waits', () => view().network(web) === undefined)
    assert.deepEqual(view().conditions(), [])
  })

  it('gives a deleted network up that is removed from this Docker by hand', async () => {
    const web = await host.create('web', '10.1.2.0/24')
    await appears('web')
    await docker.run('web', 'loop')
    await docker.crash('loop')
    await host.remove(web)
    await eventually('the network is held', () => view().heldBy(web).length === 1)
    await docker.rm('web')
    await eventually('nobody waits', () => view().network(web) === undefined)
    assert.equal(docker.byName('web'), undefined)
  })

  it('lets a deleted network go from under a container that is stopped, as Docker does, but not in the middle of its restart', async () => {
    const web = await host.create('web', '10.1.2.0/24')
    await appears('web')
    await docker.run('web', 'c1')
    await host.remove(web)
    await eventually('the network is held', () => view().heldBy(web).length === 1)
    await docker.halt('c1')
    await docker.again('c1')
    assert.deepEqual(names(web).length, 1)
    await docker.halt('c1')
    await disappears('web')
    await eventually('nobody waits', () => view().network(web) === undefined)
  })

  it('takes no new containers, and says where to put them', async () => {
    const [web, next] = [await host.create('web', '10.1.2.0/24'), await host.create('next', '10.1.3.0/29')]
    await appears('web')
    await appears('next')
    await docker.run('web', 'c1')
    for (let i = 0; i < 6; i++) await docker.run('next', `full-${i}`)
    await drain(web, next)
    await condition(/^container c1 was not moved from network web into next: .*every address is in use/)
    await assert.rejects(
      docker.run('web', 'c2'),
      /network web is being drained into next and takes no new containers: use next/,
    )
    await docker.kill('full-0')
    await eventually('web is deleted', () => view().isDeleted(web))
    await eventually('c1 is in next', () => names(next).includes('c1'))
  })

  it('goes on after a restart, and stops when it is cancelled', async () => {
    const [web, next] = [await host.create('web', '10.1.2.0/24'), await host.create('next', '10.1.3.0/29')]
    await appears('web')
    await appears('next')
    await docker.run('web', 'c1')
    for (let i = 0; i < 6; i++) await docker.run('next', `full-${i}`)
    await drain(web, next)
    await condition(/c1 was not moved/)
    await reconciler.stop()
    host = await restartHost(host)
    start()
    await condition(/c1 was not moved/)
    await host.peer.replica.write(now => cancelDrainLeaves(now, web))
    await eventually('no condition', () => reconciler.conditions().length === 0)
    await docker.run('web', 'c2')
    assert.deepEqual(names(web).length, 2)
  })

  it('creates a renamed network again under its name, once no container is on it, running or not', async () => {
    const web = await host.create('web', '10.1.2.0/24')
    await appears('web')
    await docker.run('web', 'c1')
    await docker.run('web', 'c2')
    await docker.halt('c2')
    await rename(web, 'old')
    await condition(/^network old is called web in this host's Docker: .* waits for c1, c2 \(stopped\)/)
    await docker.kill('c1')
    await condition(/waits for c2 \(stopped\)/)
    await docker.disconnect(docker.byName('web')?.id ?? '', (await members('web'))[0]?.container ?? '')
    await appears('old')
    assert.equal(docker.byName('web'), undefined)
    assert.equal(view().network(web)?.status, 'live')
    await docker.run('old', 'c3')
    await eventually('no condition', () => reconciler.conditions().length === 0)
  })

  it('deletes nothing when it creates a network again that was born in this Docker', async () => {
    await docker.create('born', { subnet: '10.1.2.0/24' })
    await eventually('adopted', () => view().networkByName('default', 'born') !== undefined)
    const id = view().networkByName('default', 'born')?.id ?? ''
    await rename(id, 'named')
    await appears('named')
    await host.create('probe', '10.9.0.0/24')
    await appears('probe')
    assert.equal(view().network(id)?.status, 'live')
    await docker.rm('named')
    await eventually('deleted where it was born', () => view().isDeleted(id))
  })
})
