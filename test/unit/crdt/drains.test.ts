import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import {
  cancelDrainLeaves,
  createNetworkLeaves,
  drainNetworkLeaves,
  removeNetworkLeaves,
} from '../../../src/crdt/acts.ts'
import type { EndpointLeaf, Leaf } from '../../../src/crdt/leaves.ts'
import { createGroupLeaves } from '../../../src/crdt/object-acts.ts'
import type { Registry } from '../../../src/crdt/registry.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { registryOf, World } from './writer.ts'

function networksOf(...names: string[]) {
  const world = new World(3).settleAll()
  names.forEach((name, i) => {
    const spec = checkNetwork({ tenant: 'default', name: 'x', subnet: `10.1.${2 + i}.0/24` })
    world.at(1).write(createNetworkLeaves(world.all, { tenant: name.split('/')[1] ?? 'default', name, spec }))
  })
  const ids = new Map(world.all.networks().map(network => [network.bornName, network.id]))
  const id = (name: string) => ids.get(name) ?? ''
  const into = (view: Registry, name: string) => [...ids].find(([, id_]) => id_ === view.network(id(name))?.into)?.[0]
  return { world, id, into }
}

const endpoint = (network: string, id = 'e1'): EndpointLeaf => ({
  ...{ kind: 'endpoint', id, network, ip: 0x0a010203, mac: '02:02:0a:01:02:03', container: 'c1', containerName: 'app' },
})

describe('crdt: drains', () => {
  it('name where the containers go, say so, and end when they are cancelled', () => {
    const { world, id, into } = networksOf('web', 'new')
    world.at(3).write([endpoint(id('web'))])
    const dot = world.at(2).write(drainNetworkLeaves(world.all, id('web'), id('new')), [7000, 2])
    assert.equal(into(world.all, 'web'), 'new')
    assert.deepEqual(world.all.drain(id('web')), { into: id('new'), by: dot.writer, since: [7000, 2] })
    assert.deepEqual(drainNetworkLeaves(world.all, id('web'), id('new')), [])
    const [condition] = world.all.conditions()
    assert.equal(condition?.kind, 'drain')
    assert.equal(condition?.text, 'default/web is drained into default/new and waits for app on host3')
    assert.deepEqual(condition?.commands, ['skein net drain web --cancel'])
    world.at(1).write(cancelDrainLeaves(world.all, id('web')), [7000, 3])
    assert.equal(world.all.network(id('web'))?.into, undefined)
    assert.deepEqual(world.all.conditions(), [])
    assert.deepEqual(cancelDrainLeaves(world.all, id('web')), [])
  })

  it('lead along chains to the last, and never in a circle: of two sides the first counts', () => {
    const { world, id, into } = networksOf('a', 'b', 'c')
    const seen = world.all
    world.at(1).write(drainNetworkLeaves(seen, id('a'), id('b')), [8000, 0])
    world.at(2).write(drainNetworkLeaves(seen, id('b'), id('c')), [8001, 0])
    world.at(3).write(drainNetworkLeaves(seen, id('c'), id('a')), [8002, 0])
    assert.deepEqual(
      ['a', 'b', 'c'].map(name => into(world.all, name)),
      ['c', 'c', undefined],
    )
    assert.deepEqual(
      world.all.conditions().map(condition => condition.kind),
      ['drain', 'drain', 'drain-stopped'],
    )
    assert.equal(registryOf(world.meshId, [...world.batches].reverse()).digest(), world.all.digest())
  })

  it('take no effect into a network that is gone, in another tenant, or the same', () => {
    const { world, id, into } = networksOf('a', 'b', 'c/blue')
    const seen = world.all
    world.at(1).write(drainNetworkLeaves(seen, id('a'), id('c/blue')))
    assert.equal(into(world.all, 'a'), undefined)
    world.at(1).write(drainNetworkLeaves(seen, id('a'), id('a')))
    assert.equal(into(world.all, 'a'), undefined)
    world.at(1).write(drainNetworkLeaves(seen, id('a'), id('b')))
    assert.equal(into(world.all, 'a'), 'b')
    world.at(2).write(removeNetworkLeaves(seen, id('b')))
    assert.equal(into(world.all, 'a'), undefined)
    assert.equal(world.all.conditions()[0]?.kind, 'drain-stopped')
  })

  it('still say where to while the network is deleted and waits for its last container', () => {
    const { world, id, into } = networksOf('a', 'b')
    world.at(3).write([endpoint(id('a'))])
    world.at(1).write(drainNetworkLeaves(world.all, id('a'), id('b')))
    world.at(1).write(removeNetworkLeaves(world.all, id('a')))
    assert.equal(world.all.network(id('a'))?.status, 'draining')
    assert.equal(into(world.all, 'a'), 'b')
    world.at(3).write([{ kind: 'endpoint-rm', id: 'e1', network: id('a') }])
    assert.equal(world.all.network(id('a')), undefined)
    assert.equal(world.all.drain(id('a'))?.into, id('b'))
  })
})

describe('crdt: addresses that are used twice', () => {
  it('are a condition that names both containers and their hosts, since the later of the two', () => {
    const { world, id } = networksOf('web')
    world.at(2).write([endpoint(id('web'))], [6000, 0])
    assert.deepEqual(world.all.conditions(), [])
    world.at(3).write([{ ...endpoint(id('web')), containerName: 'other' } as Leaf], [6001, 0])
    const [condition] = world.all.conditions()
    assert.equal(condition?.kind, 'duplicate-address')
    assert.deepEqual(condition?.since, [6001, 0])
    assert.match(
      condition?.text ?? '',
      /^10\.1\.2\.3 of default\/web is used twice: by (app on host2|other on host3), /,
    )
    world.at(2).write([{ kind: 'endpoint-rm', id: 'e1', network: id('web') }])
    assert.deepEqual(world.all.conditions(), [])
  })

  it('name the network as Docker does, of each container: with the tenant, and with its group', () => {
    const world = new World(3).settleAll()
    const spec = checkNetwork({ tenant: 'blue', name: 'web', subnet: '10.1.2.0/24' })
    world.at(1).write(createNetworkLeaves(world.all, { tenant: 'blue', name: 'web', spec }))
    const network = world.all.networkByName('blue', 'web')?.id ?? ''
    const act = { tenant: 'blue', name: 'db', network, pool: '' }
    world.at(1).write(createGroupLeaves(world.all.objects, act, {}))
    const group = world.all.objects.groupByName('blue', 'db')?.id ?? ''
    world.at(2).write([endpoint(network)], [6000, 0])
    const other: Leaf = { ...endpoint(network), containerName: 'other' }
    world.at(3).write([other], [6001, 0])
    const remedy = () => world.all.conditions()[0]?.remedy ?? ''
    const both = (text: string) =>
      `docker network disconnect ${text} CONTAINER, then docker network connect ${text} CONTAINER`
    assert.ok(remedy().includes(`${both('web/blue')};`), remedy())
    world.at(3).write([{ ...other, group }], [6002, 0])
    assert.ok(remedy().includes(both('NETWORK')), remedy())
    assert.match(remedy(), / web\/blue for app on host2[,;]/)
    assert.match(remedy(), / db\.web\/blue for other on host3[,;]/)
    world.at(2).write([{ ...endpoint(network), group }], [6003, 0])
    assert.ok(remedy().includes(`${both('db.web/blue')};`), remedy())
  })

  it('name the owner of the address first, and as the one who may keep it, whatever its key', () => {
    for (const owner of [2, 3]) {
      const { world, id } = networksOf('web')
      const { all } = world
      const index = Array.from({ length: all.blockCount(id('web')) }, (_, i) => i).find(
        each => all.block(id('web'), each)?.owner === world.at(owner).key,
      ) as number
      const ip = all.blockRange(id('web'), index).first + 1
      // they call their containers the same
      for (const number of [2, 3]) world.at(number).write([{ ...endpoint(id('web')), ip } as Leaf])
      const [condition] = world.all.conditions()
      const [here, there] = [`app on host${owner}`, `app on host${5 - owner}`]
      assert.match(condition?.text ?? '', new RegExp(`used twice: by ${here}, ${there}$`))
      assert.match(condition?.remedy ?? '', new RegExp(`; ${here}, which owns the address, may keep it$`))
    }
  })

  it('are none when one host has the address twice for a moment, as when a container restarts', () => {
    const { world, id } = networksOf('web')
    world.at(2).write([endpoint(id('web'), 'e1'), endpoint(id('web'), 'e2')])
    assert.deepEqual(world.all.conditions(), [])
  })
})

describe('crdt: a forked writer (R8)', () => {
  it('has the same newest write on every peer, and its drains the same order, whatever branch arrives first', () => {
    const { world, id } = networksOf('a', 'b')
    const seen = world.all
    const base = world.batches
    // the same key twice, from the same past: two batches at one counter and, the drains, at one time
    const branches = [[8000, 0] as const, [8000, 0] as const, [8001, 0] as const].map((hlc, i) => {
      const twin = new World(3).settleAll()
      const network = i === 1 ? id('b') : id('a')
      twin.at(2).write(drainNetworkLeaves(seen, network, network === id('a') ? id('b') : id('a')), hlc)
      return twin.at(2).batches.slice(-1)
    })
    for (const [x, y] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      const [first, second] = [branches[x] ?? [], branches[y] ?? []]
      assert.equal(first[0]?.last, second[0]?.last)
      const [here, there] = [
        [...base, ...first, ...second],
        [...base, ...second, ...first],
      ].map(batches => registryOf(world.meshId, batches))
      assert.ok(here && there)
      assert.equal(here.digest(), there.digest())
      assert.deepEqual(here.lastWrite(world.at(2).key), there.lastWrite(world.at(2).key))
      assert.deepEqual(here.networks(), there.networks())
      assert.deepEqual(here.conditions(), there.conditions())
    }
  })
})

describe('crdt: reservations', () => {
  it('count for who owns the address, by its own register', () => {
    const { world, id } = networksOf('web')
    const ip = 0x0a000003
    world.at(2).write([{ kind: 'reservation', network: id('web'), ip, isKept: true }])
    assert.deepEqual(world.all.reserved(id('web')), [])
  })
})

describe('crdt: networks that a host holds', () => {
  const hold = (network: string, isHeld = true): Leaf => ({ kind: 'network-hold', network, isHeld })

  it('drain after their deletion until the last host has given them up, and only members count', () => {
    const { world, id } = networksOf('web')
    const web = id('web')
    world.at(1).write([hold(web)])
    assert.deepEqual(world.all.network(web)?.status, 'live')
    world.at(2).write(removeNetworkLeaves(world.all, web))
    world.at(3).write([hold(web), endpoint(web)])
    const text = () => world.all.conditions().map(condition => condition.text)
    const waits = 'default/web was deleted while in use and waits for '
    assert.deepEqual(text(), [`${waits}app on host3, containers of host1`])
    world.at(1).write([hold(web, false)])
    world.at(3).write([{ kind: 'endpoint-rm', id: 'e1', network: web }])
    assert.deepEqual(text(), [`${waits}containers of host3`])
    assert.deepEqual(world.all.heldBy(web), [world.at(3).key])
    world.at(3).write([hold(web, false)])
    assert.equal(world.all.network(web), undefined)
    assert.deepEqual([text(), world.all.heldBy(web), world.all.isDeleted(web)], [[], [], true])
  })
})
