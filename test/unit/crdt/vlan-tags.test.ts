import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'mocha'
import {
  createNetworkLeaves,
  createTenantLeaves,
  drainNetworkLeaves,
  removeNetworkLeaves,
} from '../../../src/crdt/acts.ts'
import type { Hlc } from '../../../src/crdt/hlc.ts'
import { writeGlobalLeaves } from '../../../src/crdt/object-acts.ts'
import type { Registry } from '../../../src/crdt/registry.ts'
import { tagOwners } from '../../../src/crdt/vlan-tags.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { World } from './writer.ts'

/** A network's key, subnet and tag; no tag: Skein chooses. */
type Wish = readonly [key: string, subnet: string, pktTag?: number]

describe('crdt: VLAN tags', () => {
  let world: World
  beforeEach(() => {
    world = new World(3).settleAll()
    world.at(1).write(createTenantLeaves(world.all, 'blue'))
  })

  const leavesOf = (view: Registry, [key, subnet, pktTag]: Wish) => {
    const [name = '', tenant = 'default'] = key.split('/')
    const spec = checkNetwork({ tenant, name, subnet, encap: 'vlan', pktTag })
    return createNetworkLeaves(view, { tenant, name, spec })
  }
  const create = (writer: number, wish: Wish, view = world.all, hlc?: Hlc) =>
    world.at(writer).write(leavesOf(view, wish), hlc)
  const find = (key: string, view = world.all) => {
    const [name = '', tenant = 'default'] = key.split('/')
    const network = view.networkByName(tenant, name)
    assert.ok(network, key)
    return network
  }
  const tag = (key: string) => find(key).spec.pktTag
  const setRange = (vlans: string) => world.at(1).write(writeGlobalLeaves(world.all.objects, { vlans }))
  const endpoint = (writer: number, key: string) => {
    const { id: network, spec } = find(key)
    const place = {
      network,
      ip: spec.subnet.first + 2,
      mac: '02:02:0a:01:02:03',
      container: 'c1',
      containerName: 'app',
    }
    world.at(writer).write([{ kind: 'endpoint', id: `e-${key}`, ...place }])
  }
  const owner = (vlan: number) => {
    const found = tagOwners(world.all.networks()).get(vlan)
    return found && `${found.tenant}/${found.name}`
  }

  it('are those asked for', () => {
    create(1, ['web', '10.1.0.0/24', 112])
    assert.equal(tag('web'), 112)
    assert.equal(owner(112), 'default/web')
    assert.deepEqual(world.all.conditions(), [])
  })

  const taken: [vlan: number, code: string, message: RegExp][] = [
    [
      112,
      'conflict',
      /^VLAN 112 belongs to network web of tenant blue: choose another with --pkt-tag, or leave that out/,
    ],
    [
      99,
      'invalid',
      /^VLAN 99 is outside of the mesh's range 100-200: choose one inside, or widen it with: skein global set/,
    ],
    [201, 'invalid', /^VLAN 201 is outside/],
  ]
  for (const [vlan, code, message] of taken) {
    it(`cannot be ${vlan} where that is ${code === 'conflict' ? 'taken, in any tenant' : 'out of range'}`, () => {
      setRange('100-200')
      create(1, ['web/blue', '10.1.0.0/24', 112])
      assert.throws(() => leavesOf(world.all, ['db', '10.2.0.0/24', vlan]), { code, message })
    })
  }

  it('do not meet VNIs', () => {
    create(1, ['web', '10.1.0.0/24', 112])
    const spec = checkNetwork({ tenant: 'default', name: 'db', subnet: '10.2.0.0/24', pktTag: 112 })
    world.at(1).write(createNetworkLeaves(world.all, { tenant: 'default', name: 'db', spec }))
    assert.equal(tag('db'), 112)
    assert.deepEqual(world.all.conditions(), [])
  })

  it('are chosen in the range, the same on both sides of a split, so that one network comes of it', () => {
    setRange('100-199')
    const seen = world.all
    create(1, ['web', '10.1.0.0/24'], seen)
    create(2, ['web', '10.1.0.0/24'], seen)
    assert.equal(world.all.networks().length, 1)
    assert.ok(tag('web') >= 100 && tag('web') <= 199)
    assert.deepEqual(world.all.conditions(), [])
  })

  it('go around those that are taken, until none is left', () => {
    setRange('7-9')
    create(1, ['a', '10.1.0.0/24', 8])
    create(1, ['b', '10.2.0.0/24'])
    create(1, ['c/blue', '10.3.0.0/24'])
    assert.deepEqual([tag('b'), tag('c/blue')].sort(), [7, 9])
    assert.throws(() => leavesOf(world.all, ['d', '10.4.0.0/24']), {
      code: 'exhausted',
      message: /^all VLANs of 7-9 belong to networks: widen the range with: skein global set --vlan-range 1-4094$/,
    })
    world.at(1).write(removeNetworkLeaves(world.all, find('a').id))
    create(1, ['d', '10.4.0.0/24'])
    assert.equal(tag('d'), 8)
  })

  it('stay as they are when the range or the other networks change', () => {
    setRange('7-8')
    create(1, ['a', '10.1.0.0/24'])
    create(1, ['b', '10.2.0.0/24'])
    const before = tag('b')
    world.at(1).write(removeNetworkLeaves(world.all, find('a').id))
    setRange('7-4000')
    assert.equal(tag('b'), before)
  })

  describe('that two sides of a split claimed', () => {
    beforeEach(() => {
      const seen = world.all
      create(2, ['web/blue', '10.1.0.0/24', 112], seen, [9001, 0])
      create(1, ['web', '10.2.0.0/24', 112], seen, [9000, 0])
    })
    const conflict = () => world.all.conditions().find(({ kind }) => kind === 'vlan-conflict')

    it('belong to the older network, whoever is asked', () => {
      assert.equal(owner(112), 'default/web')
      const { objects, since, text } = conflict() ?? {}
      assert.deepEqual(
        [objects, since],
        [
          [find('web/blue').id, find('web').id],
          [9001, 0],
        ],
      )
      assert.equal(
        text,
        'blue/web is off the uplinks of all hosts: VLAN 112 belongs to default/web, which is older; its containers ' +
          'reach each other on their own host only',
      )
    })

    it('are free of the younger once that is removed', () => {
      assert.equal(conflict()?.remedy, 'remove it, to create it with another tag, with: skein net rm -t blue web')
      assert.deepEqual(conflict()?.commands, ['skein net rm -t blue web'])
      world.at(1).write(removeNetworkLeaves(world.all, find('web/blue').id))
      assert.equal(conflict(), undefined)
    })

    it('are free of the younger once it is drained into one with another tag', () => {
      endpoint(2, 'web/blue')
      assert.equal(
        conflict()?.remedy,
        'move its containers to a network with a tag of its own, with: skein net create -t blue --encap=vlan ' +
          '--subnet=SUBNET NAME, then: skein net drain -t blue web --into NAME',
      )
      create(1, ['new/blue', '10.3.0.0/24'])
      world.at(1).write(drainNetworkLeaves(world.all, find('web/blue').id, find('new/blue').id))
      assert.equal(conflict(), undefined)
    })

    it("are the younger's when the older is removed, its last container included", () => {
      endpoint(3, 'web')
      const { id } = find('web')
      world.at(1).write(removeNetworkLeaves(world.all, id))
      assert.equal(owner(112), 'default/web')
      assert.equal(conflict()?.objects[1], id)
      world.at(3).write([{ kind: 'endpoint-rm', id: 'e-web', network: id }])
      assert.equal(owner(112), 'blue/web')
      assert.equal(conflict(), undefined)
    })
  })

  it('that two networks of one tenant claimed are resolved by a drain of one into the other', () => {
    const seen = world.all
    create(1, ['old', '10.1.0.0/24', 112], seen)
    create(2, ['young', '10.2.0.0/24', 112], seen)
    endpoint(3, 'young')
    const [condition] = world.all.conditions()
    assert.equal(condition?.kind, 'vlan-conflict')
    assert.deepEqual(condition?.commands, ['skein net drain young --into old'])
  })

  it('of records that no frame can carry belong to nobody', () => {
    const spec = { ...checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.0.0/24' }), encap: 'vlan' } as const
    const [leaf] = leavesOf(world.all, ['web', '10.1.0.0/24', 1]).slice(-1)
    assert.ok(leaf?.kind === 'network')
    world.at(1).write([...leavesOf(world.all, ['web', '10.1.0.0/24', 1]).slice(0, -1), { ...leaf, spec }])
    world.at(1).write([{ ...leaf, name: 'db', spec: { ...spec, pktTag: 4095 } }])
    assert.equal(world.all.networks().length, 2)
    assert.equal(tagOwners(world.all.networks()).size, 0)
    assert.deepEqual(
      world.all.conditions().filter(({ kind }) => kind === 'vlan-conflict'),
      [],
    )
  })
})
