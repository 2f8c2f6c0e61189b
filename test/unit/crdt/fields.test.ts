import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { createTenantLeaves, removeTenantLeaves } from '../../../src/crdt/acts.ts'
import {
  createPolicyLeaves,
  removeProfileLeaves,
  writeGlobalLeaves,
  writeProfileLeaves,
} from '../../../src/crdt/object-acts.ts'
import type { Registry } from '../../../src/crdt/registry.ts'
import { add, deny, kinds, split } from './object-scene.ts'
import { objectMakers } from './random-objects.ts'
import { viewJson } from './view-json.ts'
import { registryOf } from './writer.ts'

describe('crdt: fields with their last writer', () => {
  const gold = (view: Registry, fields: object) => writeProfileLeaves(view.objects, 'default', 'gold', fields)

  it('keeps edits of different fields, and says of one field which value lost, until somebody writes it again', () => {
    const { world, base } = split(view => gold(view, { bandwidth: '1Mbps' }))
    world.at(1).write(gold(base, { dscp: 1 }), [8000, 0])
    world.at(2).write(gold(base, { burst: 9 }), [8000, 1])
    assert.deepEqual(kinds(world.all), [])
    world.at(3).write(gold(base, { dscp: 3 }), [8001, 0])
    const profile = world.all.objects.profile('default', 'gold')
    assert.deepEqual([profile?.bandwidth, profile?.dscp, profile?.burst], ['1Mbps', 3, 9])
    assert.match(
      world.all.conditions()[0]?.text ?? '',
      /dscp of netprofile default\/gold was set .* 3 by .*, which counts, and to 1 by /,
    )
    world.at(1).write(gold(world.all, { dscp: 3 }), [9000, 0])
    assert.deepEqual([kinds(world.all), world.all.objects.profile('default', 'gold')?.dscp], [[], 3])
  })

  it('revives the whole by a write that the deletion had not seen, and begins anew after one that it had', () => {
    const { world, base } = split(view => gold(view, { bandwidth: '1Mbps', dscp: 5 }))
    world.at(1).write(removeProfileLeaves(base.objects, 'default', 'gold'))
    assert.equal(world.all.objects.profile('default', 'gold'), undefined)
    world.at(2).write(gold(base, { dscp: 6 }))
    assert.equal(world.all.objects.profile('default', 'gold')?.bandwidth, '1Mbps')
    world.at(3).write(removeProfileLeaves(world.all.objects, 'default', 'gold'))
    assert.equal(world.all.objects.profile('default', 'gold'), undefined)
    world.at(3).write(gold(world.all, { burst: 4 }))
    const { bandwidth, dscp, burst } = world.all.objects.profile('default', 'gold') ?? {}
    assert.deepEqual([bandwidth, dscp, burst], ['', 0, 4])
  })

  it('holds for the global settings too', () => {
    const { world, base } = split()
    world.at(1).write(writeGlobalLeaves(base.objects, { vlans: '1-9' }))
    world.at(2).write(writeGlobalLeaves(base.objects, { vxlans: '1-99' }))
    const { vlans, vxlans } = world.all.objects.globals()
    assert.deepEqual([vlans, vxlans, kinds(world.all)], ['1-9', '1-99', []])
  })

  it('keeps a deleted tenant for what it has', () => {
    const { world } = split(view => createTenantLeaves(view, 'blue'))
    const seen = world.all
    world.at(1).write(removeTenantLeaves(seen, 'blue'))
    world.at(2).write(createPolicyLeaves(seen.objects, 'blue', 'p'))
    assert.deepEqual(world.all.tenants(), ['default', 'blue'])
    assert.deepEqual(kinds(world.all), ['tenant-in-use'])
  })
})

describe('crdt: objects of a forked writer (R8)', function () {
  this.timeout(60_000)
  it('are the same in whatever order its branches arrive', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20), fc.nat(7), fc.nat(20), fc.nat(7)), { maxLength: 8 }), list => {
        // the same keys and the same beginning: two copies of one data directory
        const [left, right] = [split(view => add(view, deny)).world, split(view => add(view, deny)).world]
        for (const [a, pickA, b, pickB] of list) {
          for (const [world, at, pick] of [
            [left, a, pickA],
            [right, b, pickB],
          ] as const) {
            const leaves = objectMakers[at % objectMakers.length]?.(world.all, world.at(1), pick) ?? []
            if (leaves.length > 0) world.at(1).write(leaves)
          }
        }
        const one = registryOf(left.meshId, [...left.batches, ...right.batches])
        const other = registryOf(left.meshId, [...right.batches, ...left.batches])
        assert.equal(one.digest(), other.digest())
        assert.equal(viewJson(one), viewJson(other))
      }),
      {
        numRuns: 60,
        examples: [
          [
            [
              [8, 2, 0, 0],
              [0, 2, 1, 0],
            ],
          ],
        ],
      },
    )
  })
})
