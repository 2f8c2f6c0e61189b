import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { removeNetworkLeaves } from '../../../src/crdt/acts.ts'
import { changeGroupLeaves, createGroupLeaves, removeGroupLeaves } from '../../../src/crdt/object-acts.ts'
import type { ObjectsView } from '../../../src/crdt/objects-view.ts'
import type { Registry } from '../../../src/crdt/registry.ts'
import { kinds, split } from './object-scene.ts'

describe('crdt: groups', () => {
  const actOf = (view: Registry, name = 'app', pool = '') => {
    return { tenant: 'default', name, network: view.networks()[0]?.id ?? '', pool }
  }

  it('makes one group of the same act on both sides, with the policies of both', () => {
    const { world, base } = split()
    world.at(1).write(createGroupLeaves(base.objects, actOf(base), { policies: ['db'] }))
    world.at(2).write(createGroupLeaves(base.objects, actOf(base), { policies: ['web'] }))
    const [group, other] = world.all.objects.groups()
    assert.deepEqual([group?.policies, group?.name, other], [['db', 'web'], 'app', undefined])
    world.at(3).write(changeGroupLeaves(world.all.objects, group as NonNullable<typeof group>, { policies: ['web'] }))
    assert.deepEqual(world.all.objects.groups()[0]?.policies, ['web'])
  })

  it('keeps a policy that is given again while it is taken off elsewhere', () => {
    const { world, base } = split(view => createGroupLeaves(view.objects, actOf(view), { policies: ['db'] }))
    const group = base.objects.groups()[0] as NonNullable<ReturnType<ObjectsView['groups']>[0]>
    world.at(1).write(changeGroupLeaves(base.objects, group, { policies: [] }))
    world.at(2).write([{ kind: 'group-policy', group: group.id, policy: 'db' }])
    assert.deepEqual(world.all.objects.groups()[0]?.policies, ['db'])
  })

  it('makes two groups of two acts under one name, with a condition, and raises the generation by a deletion', () => {
    const { world, base } = split()
    world.at(1).write(createGroupLeaves(base.objects, actOf(base), {}), [5000, 0])
    world.at(2).write(createGroupLeaves(base.objects, actOf(base, 'app', '10.1.2.9'), {}), [6000, 0])
    const [first, second] = world.all.objects.groups()
    assert.equal(first?.name, 'app')
    assert.match(second?.name ?? '', /^app~[0-9a-f]{6}$/)
    assert.deepEqual(kinds(world.all), ['group-name-conflict'])
    world.at(3).write(removeGroupLeaves(world.all.objects, second as NonNullable<typeof second>))
    assert.deepEqual([kinds(world.all), world.all.objects.nextGroupGeneration('default', 'app')], [[], 1])
  })

  it('drains while an endpoint is in it, and is shown when its network is gone', () => {
    const { world, base } = split(view => createGroupLeaves(view.objects, actOf(view), {}))
    const group = base.objects.groups()[0] as NonNullable<ReturnType<ObjectsView['groups']>[0]>
    const place = { ip: 0x0a010203, mac: '02:02:0a:01:02:03', container: 'c', containerName: 'app1' }
    world.at(2).write([{ kind: 'endpoint', id: 'e1', network: group.network, ...place, group: group.id }])
    world.at(1).write(removeGroupLeaves(base.objects, group))
    assert.equal(world.all.objects.group(group.id)?.status, 'draining')
    assert.match(world.all.conditions()[0]?.text ?? '', /waits for app1/)
    world.at(2).write([{ kind: 'endpoint-rm', id: 'e1', network: group.network }])
    assert.equal(world.all.objects.group(group.id), undefined)

    const other = split(view => createGroupLeaves(view.objects, actOf(view), {}))
    other.world.at(2).write(removeNetworkLeaves(other.base, group.network))
    assert.deepEqual(kinds(other.world.all), ['group-without-network'])
  })
})
