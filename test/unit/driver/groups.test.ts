import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { drainNetworkLeaves, renameNetworkLeaves } from '../../../src/crdt/acts.ts'
import { createGroupLeaves, removeGroupLeaves } from '../../../src/crdt/object-acts.ts'
import type { Reconciler } from '../../../src/driver/reconciler.ts'
import { eventually, type Host, newHost, restartHost, startReconciler } from './fixture.ts'
import { createMemoryDocker, type MemoryDocker } from './memory-docker.ts'

describe('groups in Docker', () => {
  let host: Host
  let docker: MemoryDocker
  let reconciler: Reconciler
  let web = ''

  const start = () => {
    reconciler = startReconciler(host, docker)
  }
  const view = () => host.peer.replica.view
  const appears = (name: string) => eventually(`network ${name}`, () => docker.byName(name) !== undefined)
  const disappears = (name: string) => eventually(`network ${name} gone`, () => docker.byName(name) === undefined)
  const condition = (text: RegExp) =>
    eventually(`condition ${text}`, () => reconciler.conditions().some(found => text.test(found.text)))
  const group = async (network: string, name: string, tenant = 'default') => {
    const act = { tenant, name, network, pool: '' }
    await host.peer.replica.write(now => createGroupLeaves(now.objects, act, {}))
    return view().objects.groupByName(tenant, name)?.id ?? ''
  }
  const removeGroup = (id: string) =>
    host.peer.replica.write(now => {
      const found = now.objects.group(id)
      return found ? removeGroupLeaves(now.objects, found) : []
    })
  /** `name group` of the containers on a network. */
  const places = (network = web) =>
    view()
      .endpoints(network)
      .map(({ containerName, group: id = '' }) => `${containerName} ${view().objects.everGroup(id)?.bornName ?? '-'}`)
      .sort()

  beforeEach(async () => {
    host = await newHost(false)
    docker = createMemoryDocker(() => host.socketPath)
    start()
    web = await host.create('web', '10.1.2.0/24')
    await appears('web')
  })
  afterEach(async () => {
    await reconciler.stop()
    await host.stop()
  })

  it('are networks of their own: same driver, same subnet, both ids; one network on the data path', async () => {
    const db = await group(web, 'db')
    await appears('db.web')
    const made = docker.created.at(-1)
    const ids = { 'skein.id': web, 'skein.group.id': db }
    assert.deepEqual(
      { ...made, options: { ...made?.options, 'pkt-tag': '' } },
      {
        name: 'db.web',
        driver: 'mesh',
        subnet: '10.1.2.0/24',
        gateway: '',
        subnet6: '',
        gateway6: '',
        labels: { ...ids, 'skein.tenant': 'default', 'skein.network': 'web', 'skein.group': 'db' },
        options: { encap: 'vxlan', 'pkt-tag': '', tenant: 'default', group: 'db', ...ids },
        ipamOptions: ids,
        internal: false,
      },
    )
    await docker.run('web', 'c1')
    await docker.run('db.web', 'c2')
    await eventually('both are registered', () => places().join() === 'c1 -,c2 db')
    assert.deepEqual([...host.datapath.networks], [web])
    await docker.kill('c2')
    assert.deepEqual(places(), ['c1 -'])
    await eventually('its address is free', () => host.ipam.held(web).length === 1)
  })

  it('are named after group, network and tenant', async () => {
    const blue = await host.create('web', '10.1.2.0/24', 'blue')
    await group(blue, 'db', 'blue')
    await appears('db.web/blue')
    await host.peer.replica.write(now => renameNetworkLeaves(now, blue, 'front'))
    await appears('db.front/blue')
    await disappears('db.web/blue')
  })

  it('are known again after a restart, of the peer and of a peer that lost its facts', async () => {
    await group(web, 'db')
    await appears('db.web')
    await docker.run('db.web', 'c1')
    await eventually('registered', () => places().join() === 'c1 db')
    await reconciler.stop()
    host = await restartHost(host)
    await docker.run('db.web', 'c2')
    for (const [key] of host.peer.replica.local.entries('docker/'))
      await host.peer.replica.local.set([[key, undefined]])
    docker.putContainer('db.web', 'c3', '10.1.2.77')
    start()
    await eventually('all are registered', () => places().join() === 'c1 db,c2 db,c3 db')
    assert.equal(docker.list().length, 2)
    assert.deepEqual(reconciler.conditions(), [])
  })

  it('go from Docker when they are deleted and nothing uses them; their network stays', async () => {
    const db = await group(web, 'db')
    await appears('db.web')
    await docker.run('db.web', 'c1')
    await docker.run('web', 'c2')
    await eventually('registered', () => places().join() === 'c1 db,c2 -')
    await removeGroup(db)
    await condition(/^network db\.web was deleted, but containers of this host still use it/)
    await docker.run('db.web', 'c3')
    await docker.kill('c3')
    await docker.crash('c1')
    await eventually('its container is between two starts', () => places().join() === 'c2 -')
    await docker.again('c1')
    await eventually('registered again', () => places().join() === 'c1 db,c2 -')
    await docker.kill('c1')
    await disappears('db.web')
    assert.ok(docker.byName('web'))
    assert.equal(view().objects.group(db), undefined)
    await eventually('no condition', () => reconciler.conditions().length === 0)
  })

  it('come back when their network is removed from Docker by hand, with the command that deletes them', async () => {
    await group(web, 'db')
    await appears('db.web')
    await docker.rm('db.web')
    await condition(/^network db\.web was removed .* it was not created by "docker network create" on this host/)
    assert.match(reconciler.conditions()[0]?.remedy ?? '', /skein group rm db;/)
    await appears('db.web')
    await docker.run('db.web', 'c1')
  })

  it('move with their containers, running or not, when the network is drained', async () => {
    const next = await host.create('next', '10.1.3.0/24')
    await group(web, 'db')
    await appears('next')
    await appears('db.web')
    await docker.run('db.web', 'c1')
    await docker.run('db.web', 'c2')
    await docker.run('web', 'c3')
    await docker.halt('c2')
    await host.peer.replica.write(now => drainNetworkLeaves(now, web, next))
    await condition(/^container c1 was not moved from network db\.web into next: network next has no group db:/)
    await group(next, 'db')
    await appears('db.next')
    await eventually('moved', () => places(next).join() === 'c1 db,c3 -' && view().isDeleted(web))
    const members = await docker.members({ id: docker.byName('db.next')?.id ?? '', name: 'db.next' })
    assert.deepEqual(members.map(({ name }) => name).sort(), ['c1', 'c2'])
    assert.deepEqual(
      view()
        .objects.groups()
        .map(({ name, network }) => [name, network]),
      [['db', next]],
    )
  })

  it('can be born in Docker, with their network or on one that is there', async () => {
    await docker.create('db.web', { subnet: '10.1.2.0/24', group: 'db', labels: { a: 'b' } })
    const place = await docker.run('db.web', 'c1')
    assert.match(place.address, /^10\.1\.2\./)
    await eventually('registered', () => places().join() === 'c1 db')
    assert.deepEqual(view().objects.groupByName('default', 'db')?.labels, [['a', 'b']])
    await host.peer.replica.write(() => [{ kind: 'tenant', name: 'blue' }])
    const options = { 'skein.encap': 'vxlan', 'skein.pkt-tag': '77' }
    await docker.create('app.back/blue', { tenant: 'blue', group: 'app', options })
    await docker.run('app.back/blue', 'c2')
    const back = view().networkByName('blue', 'back')
    assert.equal(back?.spec.pktTag, 77)
    await appears('back/blue')
    await eventually('registered', () => places(back?.id).join() === 'c2 app')
    assert.deepEqual(reconciler.conditions(), [])
  })

  it('that were born in Docker go on without their handles, and go everywhere with docker network rm', async () => {
    await docker.create('db.web', { subnet: '10.1.2.0/24', group: 'db' })
    await eventually('group', () => view().objects.groupByName('default', 'db') !== undefined)
    const db = view().objects.groupByName('default', 'db')?.id ?? ''
    await reconciler.stop()
    for (const [key] of host.peer.replica.local.entries('docker/'))
      await host.peer.replica.local.set([[key, undefined]])
    host = await restartHost(host)
    await host.driver.state.noteRegistered()
    start()
    await docker.run('db.web', 'c1')
    await eventually('registered', () => places().join() === 'c1 db')
    await docker.kill('c1')
    await docker.rm('db.web')
    await eventually('deleted', () => view().objects.isGroupDeleted(db))
    assert.equal(view().network(web)?.status, 'live')
  })

  it('are refused with the reason where they cannot be born', async () => {
    await host.create('next', '10.1.3.0/24')
    await group(web, 'db')
    await appears('db.web')
    const web24 = { subnet: '10.1.2.0/24' }
    await assert.rejects(docker.create('x', web24), /network web conflicts .* for a group on it add -o group=NAME/)
    await assert.rejects(docker.create('x', { ...web24, group: 'a/b' }), /group name "a\/b" is invalid/)
    for (const [name, given, reason] of [
      ['front', { ...web24, group: 'app' }, /does not name the network of group app: call it app\.NETWORK/],
      [
        'app.web',
        { ...web24, group: 'app', internal: true },
        /a group is as internal as its network: leave out --internal/,
      ],
      ['db.next', { subnet: '10.1.3.0/24', group: 'db' }, /group db is on network web: use another name/],
      ['app.web', { subnet: '10.1.4.0/24', group: 'app' }, /network web exists with other parameters/],
    ] as const) {
      await docker.create(name, given)
      await condition(reason)
      await disappears(name)
    }
    assert.deepEqual(
      view()
        .objects.groups()
        .map(each => each.name),
      ['db'],
    )
    assert.equal(view().networks().length, 2)
  })
})
