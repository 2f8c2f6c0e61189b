import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'mocha'
import { createNetworkLeaves, drainNetworkLeaves, removeNetworkLeaves } from '../../../src/crdt/acts.ts'
import { leavesOf } from '../../../src/crdt/compact-unit.ts'
import type { Hlc } from '../../../src/crdt/hlc.ts'
import { decodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import { createGroupLeaves, removeGroupLeaves } from '../../../src/crdt/object-acts.ts'
import type { Group } from '../../../src/crdt/objects-view.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { collectAll, type ModelPeer, peersOf, settle } from './model-peer.ts'
import { split } from './object-scene.ts'
import type { World } from './writer.ts'

describe('crdt: pools that overlap', () => {
  let world: World
  let base: Registry
  beforeEach(() => {
    ;({ world, base } = split())
  })

  /** As a side of a split does that knows nothing of the others. */
  const create = (writer: number, name: string, pool: string, at: Hlc, wish = {}, on = 'web') => {
    const network = base.networkByName('default', on)?.id ?? assert.fail(on)
    world.at(writer).write(createGroupLeaves(base.objects, { tenant: 'default', name, network, pool }, wish), at)
  }
  const group = (name: string): Group => world.all.objects.groupByName('default', name) ?? assert.fail(name)
  const overlaps = (view = world.all) => view.conditions().filter(({ kind }) => kind === 'pool-overlap')
  const pairs = () =>
    overlaps().map(({ text }) => /^groups default\/(\S+) and default\/(\S+) /.exec(text)?.slice(1).join())
  const join = (name: string, id = 'e1') => {
    const { network, id: of } = group(name)
    const place = { ip: 0x0a01020f, mac: '02:02:0a:01:02:0f', container: 'c', containerName: 'app1' }
    world.at(2).write([{ kind: 'endpoint', id, network, ...place, group: of }])
  }

  it('are shown with their cause, since the later of the two, and the command that ends it', () => {
    create(1, 'db', '10.1.2.10-10.1.2.20', [5000, 0])
    create(2, 'app', '10.1.2.20-10.1.2.30', [6000, 2], { policies: ['db'], profile: 'gold' })
    create(3, 'far', '10.1.2.31', [5500, 0])
    const [condition, ...more] = overlaps()
    assert.deepEqual(more, [])
    assert.deepEqual(condition?.objects, [group('app').id, group('db').id])
    assert.deepEqual(condition?.since, [6000, 2])
    assert.equal(
      condition?.text,
      'groups default/app and default/db of network web have pools that overlap, 10.1.2.20-10.1.2.30 and ' +
        '10.1.2.10-10.1.2.20: containers of either get the addresses of both',
    )
    assert.equal(
      condition?.remedy,
      'remove app, which nothing uses, with: skein group rm app, then create it with another pool, with: ' +
        'skein group create web app --ip-pool=RANGE --policy=db --networkprofile=gold',
    )
    assert.deepEqual(condition?.commands, ['skein group rm app'])
    world.at(3).write(removeGroupLeaves(world.all.objects, group('app')))
    assert.deepEqual(overlaps(), [])
  })

  it('name the group that is in no use; where both are, what has to end first', () => {
    create(1, 'db', '10.1.2.10-10.1.2.20', [5000, 0])
    create(2, 'app', '10.1.2.15', [6000, 0])
    join('app')
    assert.deepEqual(overlaps()[0]?.commands, ['skein group rm db'])
    const rule = { direction: 'in', action: 'deny', protocol: '', port: 0, priority: 1 } as const
    const ends = { fromGroup: 'db', toGroup: '', fromNetwork: '', toNetwork: '', fromIp: '', toIp: '' }
    world
      .at(1)
      .write([{ kind: 'rule', tenant: 'default', policy: 'db', id: '7', value: { ...rule, ...ends }, removals: [] }])
    const [condition] = overlaps()
    assert.deepEqual(condition?.commands, [])
    assert.match(condition?.remedy ?? '', /^end the containers of one .* then: skein group rm app, then create it/)
    world.at(2).write(removeGroupLeaves(world.all.objects, group('app')))
    assert.deepEqual(overlaps(), [], 'what is being deleted takes no new members')
  })

  it('are shown in pairs, also behind one that lies between them, and of two groups of one name', () => {
    create(1, 'wide', '10.1.2.1-10.1.2.200', [5000, 0])
    create(2, 'low', '10.1.2.5-10.1.2.9', [6000, 0])
    create(3, 'high', '10.1.2.50', [7000, 0])
    create(2, 'all', '', [7500, 0])
    assert.deepEqual(pairs(), ['low,wide', 'high,wide'])
    create(3, 'low', '10.1.2.6', [8000, 0])
    const [, , ...more] = overlaps()
    assert.equal(more.length, 2)
    for (const { remedy } of more) {
      assert.match(remedy, /skein group rm low~[0-9a-f]{6}, .* skein group create web NAME --ip-pool=RANGE$/)
    }
  })

  it('of two networks, or of one that is drained or gone, are nobody’s business', () => {
    const spec = checkNetwork({ tenant: 'default', name: 'next', subnet: '10.1.2.0/25' })
    world.at(1).write(createNetworkLeaves(world.all, { tenant: 'default', name: 'next', spec }))
    base = world.all
    create(1, 'db', '10.1.2.10-10.1.2.20', [5000, 0])
    create(2, 'app', '10.1.2.20', [6000, 0], {}, 'next')
    assert.deepEqual(pairs(), [])
    create(3, 'more', '10.1.2.20', [7000, 0])
    assert.deepEqual(pairs(), ['more,db'])
    const [web = '', next = ''] = ['web', 'next'].map(name => world.all.networkByName('default', name)?.id)
    world.at(1).write(drainNetworkLeaves(world.all, web, next))
    assert.deepEqual(pairs(), [])
    world.at(2).write(removeNetworkLeaves(world.all, web))
    assert.deepEqual(pairs(), [])
  })

  it('are the same in either order of the records', () => {
    create(1, 'db', '10.1.2.10-10.1.2.20', [5000, 0])
    create(2, 'app', '10.1.2.20-10.1.2.30', [5000, 0])
    const [one, other] = [[...world.writers], [...world.writers].reverse()].map(writers => {
      const registry = new Registry(world.meshId, verifySignature)
      for (const { batches } of writers) for (const batch of batches) registry.apply(batch)
      return registry.conditions()
    })
    assert.equal(one?.length, 1)
    assert.equal(JSON.stringify(one), JSON.stringify(other))
  })

  it('are the same after what may go has gone', () => {
    const { peers } = peersOf()
    const [one, two, three] = peers as [ModelPeer, ModelPeer, ModelPeer]
    const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.2.0/24' })
    one.write(createNetworkLeaves(one.registry, { tenant: 'default', name: 'web', spec }))
    settle(peers)
    const network = one.registry.networks()[0]?.id ?? ''
    const make = ({ registry }: ModelPeer, name: string, pool: string) => {
      return createGroupLeaves(registry.objects, { tenant: 'default', name, network, pool }, {})
    }
    one.write(make(one, 'db', '10.1.2.10-10.1.2.20'))
    two.write(make(two, 'app', '10.1.2.20-10.1.2.30'))
    // of the same pool, in an earlier life
    three.write(make(three, 'old', '10.1.2.5-10.1.2.12'))
    settle(peers)
    assert.equal(overlaps(one.registry).length, 2)
    const old = three.registry.objects.groupByName('default', 'old') ?? assert.fail()
    three.write(removeGroupLeaves(three.registry.objects, old))
    settle(peers)
    const before = JSON.stringify(overlaps(one.registry))
    assert.equal(overlaps(one.registry).length, 1)
    const actsOfThree = () =>
      three
        .chain(three.writer.key)
        .flatMap(leavesOf)
        .map(({ bytes }) => decodeLeaf(bytes)?.kind)
    assert.ok(actsOfThree().includes('group'))
    collectAll(peers)
    assert.ok(!actsOfThree().includes('group'), 'the act of what was deleted has gone')
    for (const { registry } of peers) assert.equal(JSON.stringify(overlaps(registry)), before)
  })
})
