import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createNetworkLeaves, removeNetworkLeaves, removeTenantLeaves } from '../../../src/crdt/acts.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import type { Registry } from '../../../src/crdt/registry.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { registryOf, World } from './writer.ts'

const specOf = (subnet: string) => checkNetwork({ tenant: 'default', name: 'x', subnet })
const act = (view: Registry, tenant = 'default', subnet = '10.1.2.0/24', name = 'web') =>
  createNetworkLeaves(view, { tenant, name, spec: specOf(subnet) })

const endpoint = (network: string, id = 'e1'): Leaf => ({
  ...{ kind: 'endpoint', id, network, ip: 0x0a010203, mac: '02:02:0a:01:02:03', container: 'c1', containerName: 'app' },
})

/** Three settled writers; `base` is what all of them know before they are cut off from each other. */
function split() {
  const world = new World(3).settleAll()
  return { world, base: world.all }
}

describe('crdt: deletions (I3)', () => {
  it('deletes a network when every act was seen', () => {
    const { world, base } = split()
    world.at(1).write(act(base))
    world.at(2).write(act(base))
    const view = world.all
    const id = view.networks()[0]?.id ?? ''
    assert.equal(view.actsOf(id).length, 2)
    world.at(3).write(removeNetworkLeaves(view, id))
    assert.deepEqual(world.all.networks(), [])
    assert.equal(world.all.isDeleted(id), true)
  })

  it('lets an act that the deletion had not seen revive it', () => {
    const { world, base } = split()
    world.at(1).write(act(base))
    const seen = world.all
    const id = seen.networks()[0]?.id ?? ''
    world.at(1).write(removeNetworkLeaves(seen, id))
    world.at(2).write(act(base))
    assert.equal(world.all.network(id)?.status, 'live')
    assert.equal(world.all.isDeleted(id), false)
    world.at(3).write(removeNetworkLeaves(world.all, id))
    assert.equal(world.all.network(id), undefined)
  })

  it('keeps a deleted network draining for its endpoints, which do not revive it', () => {
    const { world, base } = split()
    world.at(1).write(act(base))
    const seen = world.all
    const id = seen.networks()[0]?.id ?? ''
    world.at(2).write([endpoint(id)])
    world.at(2).write([{ kind: 'vtep', network: id, address: '10.0.0.2', vni: 9 }])
    world.at(1).write(removeNetworkLeaves(seen, id), [7777, 3])
    const view = world.all
    assert.equal(view.network(id)?.status, 'draining')
    assert.equal(view.networkByName('default', 'web'), undefined)
    assert.equal(view.isDeleted(id), true)
    const [condition] = view.conditions()
    assert.equal(condition?.kind, 'draining')
    assert.deepEqual(condition?.since, [7777, 3])
    assert.match(condition?.text ?? '', /default\/web was deleted while in use and waits for app/)
    world.at(2).write([{ kind: 'endpoint-rm', id: 'e1', network: id }])
    assert.deepEqual(world.all.networks(), [])
    assert.deepEqual(world.all.conditions(), [])
  })

  it('stops draining also when the endpoint moves to another network', () => {
    const { world, base } = split()
    world.at(1).write(act(base))
    world.at(1).write(act(base, 'default', '10.9.0.0/24', 'db'))
    const seen = world.all
    const web = seen.networkByName('default', 'web')?.id ?? ''
    const db = seen.networkByName('default', 'db')?.id ?? ''
    world.at(2).write([endpoint(web)])
    world.at(1).write(removeNetworkLeaves(seen, web))
    const view = world.all
    assert.equal(view.network(web)?.status, 'draining')
    world.at(2).write([endpoint(db)])
    view.apply(world.at(2).batches.at(-1) as never)
    assert.equal(view.network(web), undefined)
    assert.deepEqual(view.networks(), world.all.networks())
  })

  it('gives a network created after a deletion the next generation, never a lower one (model.md V10)', () => {
    const { world, base } = split()
    world.at(1).write(act(base))
    const id = world.all.networks()[0]?.id ?? ''
    world.at(2).write(removeNetworkLeaves(world.all, id))
    // a peer that has the deletion and not the creation
    const early = registryOf(world.meshId, [...base_of(world), ...world.at(2).batches])
    assert.deepEqual(early.networks(), [])
    assert.equal(early.isDeleted(id), true)
    assert.equal(early.nextGeneration('default', 'web'), 1)
    world.at(3).write(act(early))
    const again = world.all.networkByName('default', 'web')
    assert.equal(again?.generation, 1)
    assert.notEqual(again?.id, id)
    // the same deletion once more, and one of an older generation, change nothing
    world.at(1).write(removeNetworkLeaves(world.all, again?.id ?? ''))
    assert.equal(world.all.nextGeneration('default', 'web'), 2)
    world.at(3).write([{ kind: 'network-rm', id, tenant: 'default', name: 'web', generation: 0, seen: [] }])
    assert.equal(world.all.nextGeneration('default', 'web'), 2)
    assert.equal(world.all.nextGeneration('default', 'other'), 0)
    assert.equal(world.all.nextGeneration('blue', 'web'), 0)
  })

  const base_of = (world: World) => world.at(1).batches.filter(batch => batch.hlc[0] < 1200)

  it('keeps block registers of a deleted network', () => {
    const { world, base } = split()
    world.at(1).write(act(base))
    const id = world.all.networks()[0]?.id ?? ''
    world.at(1).write(removeNetworkLeaves(world.all, id))
    world.at(2).write(act(base)) // unseen: revives the very same network
    assert.equal(world.all.blockCount(id), 32)
    assert.equal(world.all.block(id, 0)?.epoch, 0)
  })
})

describe('crdt: tenants', () => {
  it('is deleted when all its writes were seen, and revived whole by one that was not', () => {
    const { world } = split()
    world.at(1).write([{ kind: 'tenant', name: 'blue' }])
    const seen = world.all
    world.at(1).write(removeTenantLeaves(seen, 'blue'))
    assert.deepEqual(world.all.tenants(), ['default'])
    world.at(2).write([{ kind: 'tenant', name: 'blue' }])
    assert.deepEqual(world.all.tenants(), ['default', 'blue'])
    assert.deepEqual(world.all.conditions(), [])
    world.at(3).write(removeTenantLeaves(world.all, 'blue'))
    assert.deepEqual(world.all.tenants(), ['default'])
  })

  it('is kept, with a condition, while it has a live network', () => {
    const { world, base } = split()
    world.at(1).write([{ kind: 'tenant', name: 'blue' }])
    const seen = world.all
    world.at(2).write(act(base, 'blue'))
    world.at(1).write(removeTenantLeaves(seen, 'blue'), [5555, 0])
    const view = world.all
    assert.equal(view.hasTenant('blue'), true)
    const [condition] = view.conditions()
    assert.equal(condition?.kind, 'tenant-in-use')
    assert.deepEqual(condition?.since, [5555, 0])
    assert.match(condition?.remedy ?? '', /skein tenant create blue/)
    world.at(3).write(removeNetworkLeaves(view, view.networks('blue')[0]?.id ?? ''))
    assert.deepEqual(world.all.tenants(), ['default'])
  })

  it('always has the default tenant, first', () => {
    const { world } = split()
    world.at(1).write([{ kind: 'tenant', name: 'alpha' }])
    assert.deepEqual(world.all.tenants(), ['default', 'alpha'])
    world.at(1).write(removeTenantLeaves(world.all, 'default'))
    assert.deepEqual(world.all.tenants(), ['default', 'alpha'])
    assert.equal(world.all.hasTenant('default'), true)
  })
})

describe('crdt: names after a split', () => {
  it('is one network when both sides created the same', () => {
    const { world, base } = split()
    world.at(1).write(act(base))
    world.at(2).write(act(base))
    assert.equal(world.all.networks().length, 1)
    assert.deepEqual(world.all.conditions(), [])
  })

  it('lets the first act by HLC keep the name, whoever wrote it, and shows the other as name~id', () => {
    for (const [first, second] of [[1, 2] as const, [2, 1] as const]) {
      const { world, base } = split()
      world.at(first).write(act(base, 'default', '10.1.2.0/24'), [3000, 1])
      world.at(second).write(act(base, 'default', '10.9.0.0/24'), [3000, 2])
      const view = world.all
      const shown = view.networks().map(({ name, bornName, spec }) => [name, bornName, spec.subnet.text])
      const later = view.networks().find(network => network.name !== 'web')
      assert.deepEqual(shown, [
        ['web', 'web', '10.1.2.0/24'],
        [`web~${later?.id.slice(0, 6)}`, 'web', '10.9.0.0/24'],
      ])
      assert.equal(view.networkByName('default', `web~${later?.id.slice(0, 6)}`)?.id, later?.id)
      const [condition] = view.conditions()
      assert.equal(condition?.kind, 'name-conflict')
      assert.deepEqual(condition?.objects, [later?.id, view.networkByName('default', 'web')?.id])
      assert.deepEqual(condition?.since, [3000, 2])
    }
  })

  it('gives the name back when the first is deleted', () => {
    const { world, base } = split()
    world.at(1).write(act(base, 'default', '10.1.2.0/24'), [3000, 1])
    world.at(2).write(act(base, 'default', '10.9.0.0/24'), [3000, 2])
    const view = world.all
    world.at(1).write(removeNetworkLeaves(view, view.networkByName('default', 'web')?.id ?? ''))
    const [left] = world.all.networks()
    assert.equal(left?.name, 'web')
    assert.equal(left?.spec.subnet.text, '10.9.0.0/24')
    assert.deepEqual(world.all.conditions(), [])
  })

  it('keeps tenants apart, and names an overlap within one', () => {
    const { world, base } = split()
    world.at(1).write(act(base, 'default'))
    world.at(1).write(act(base, 'blue'))
    assert.deepEqual(
      world.all.networks().map(network => network.name),
      ['web', 'web'],
    )
    assert.deepEqual(world.all.conditions(), [])
    world.at(2).write(act(base, 'blue', '10.1.0.0/16', 'wide'), [9000, 0])
    const [condition] = world.all.conditions()
    assert.equal(condition?.kind, 'subnet-overlap')
    assert.deepEqual(condition?.since, [9000, 0])
  })
})

describe('crdt: endpoints and VTEPs', () => {
  it('has one value per writer and id, the latest', () => {
    const { world, base } = split()
    world.at(1).write(act(base))
    const id = world.all.networks()[0]?.id ?? ''
    world.at(1).write([endpoint(id)])
    world.at(2).write([endpoint(id)])
    assert.deepEqual(
      world.all.holders(id, 0x0a010203).map(item => item.owner),
      [world.at(1).key, world.at(2).key].sort(),
    )
    world.at(1).write([{ ...endpoint(id), ip: 0x0a010204 } as Leaf])
    assert.equal(world.all.endpoint(world.at(1).key, 'e1')?.ip, 0x0a010204)
    assert.equal(world.all.holders(id, 0x0a010203).length, 1)
    world.at(2).write([{ kind: 'endpoint-rm', id: 'e1', network: id }])
    assert.deepEqual(world.all.holders(id, 0x0a010203), [])
    assert.equal(world.all.wasEndpoint(id, 0x0a010203), true)
    assert.equal(world.all.wasEndpoint(id, 0x0a010205), false)
  })

  it('remembers every VNI that a peer ever received on (I4)', () => {
    const { world, base } = split()
    world.at(1).write(act(base))
    const id = world.all.networks()[0]?.id ?? ''
    world.at(1).write([{ kind: 'vtep', network: id, address: '10.0.0.1', vni: 5 }])
    world.at(1).write([{ kind: 'vtep', network: id, address: '10.0.0.1', vni: 6 }])
    assert.deepEqual(
      world.all.vteps(id).map(vtep => vtep.vni),
      [6],
    )
    assert.deepEqual([...world.all.vnisOf(world.at(1).key).keys()], [5, 6])
  })
})
