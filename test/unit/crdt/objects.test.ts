import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import {
  createNetworkLeaves,
  createTenantLeaves,
  removeNetworkLeaves,
  removeTenantLeaves,
} from '../../../src/crdt/acts.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import {
  addRuleLeaves,
  changeGroupLeaves,
  createGroupLeaves,
  createPolicyLeaves,
  removeGroupLeaves,
  removePolicyLeaves,
  removeProfileLeaves,
  removeRuleLeaves,
  removeValueLeaves,
  restoreRulesLeaves,
  writeGlobalLeaves,
  writeProfileLeaves,
} from '../../../src/crdt/object-acts.ts'
import type { ObjectsView } from '../../../src/crdt/objects-view.ts'
import type { Registry } from '../../../src/crdt/registry.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { checkRule, type RuleRequest, ruleText } from '../../../src/model/rule.ts'
import { objectMakers } from './random-objects.ts'
import { viewJson } from './view-json.ts'
import { registryOf, World } from './writer.ts'

const allow: RuleRequest = { action: 'allow', protocol: 'tcp', port: 80 }
const deny: RuleRequest = { action: 'deny', protocol: 'tcp', port: 22 }
const add = (view: Registry, rule: RuleRequest, id = '5') =>
  addRuleLeaves(view.objects, 'default', 'db', id, checkRule(rule))
const removeRule = (view: Registry, id = '5') => removeRuleLeaves(view.objects, 'default', 'db', id)
const shown = (view: Registry) => view.objects.rules('default', 'db').map(rule => `${rule.shown} ${rule.value.action}`)
const kinds = (view: Registry) => view.conditions().map(condition => condition.kind)

/** Three settled writers; policy `db`, network `web`; `base` is what all of them know before they are cut off. */
function split(...more: ((view: Registry) => readonly Leaf[])[]) {
  const world = new World(3).settleAll()
  const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.2.0/24' })
  world
    .at(1)
    .write([
      ...createPolicyLeaves(world.all.objects, 'default', 'db'),
      ...createNetworkLeaves(world.all, { tenant: 'default', name: 'web', spec }),
    ])
  for (const make of more) world.at(1).write(make(world.all))
  return { world, base: world.all }
}

describe('crdt: rules', () => {
  it('keeps both values of one id, the first under the id, with a condition that one removal resolves', () => {
    const { world, base } = split()
    world.at(1).write(add(base, deny), [5000, 0])
    world.at(2).write(add(base, allow), [6000, 0])
    const view = world.all
    const [first, second] = view.objects.ruleValues('default', 'db', '5')
    assert.equal(first?.shown, '5')
    assert.equal(second?.shown, `5~${second?.hash.slice(0, 4)}`)
    const [condition] = view.conditions()
    assert.equal(condition?.kind, 'rule-conflict')
    assert.deepEqual(condition?.since, [6000, 0])
    assert.match(condition?.remedy ?? '', new RegExp(`skein policy rule-rm db 5~${second?.hash.slice(0, 4)}`))
    world.at(3).write(removeValueLeaves('default', 'db', first as NonNullable<typeof first>))
    assert.deepEqual(shown(world.all), ['5 allow'], 'an allow of another value is not hit')
    assert.deepEqual(kinds(world.all), [])
  })

  it('is one value when both sides write the same', () => {
    const { world, base } = split()
    world.at(1).write(add(base, allow))
    world.at(2).write(add(base, allow))
    assert.deepEqual(shown(world.all), ['5 allow'])
    assert.deepEqual(kinds(world.all), [])
  })

  it('lets an allow die of a removal at the same time, and a deny live; the loss is shown until it is settled', () => {
    for (const [rule, left] of [
      [allow, []],
      [deny, ['5 deny']],
    ] as const) {
      const { world, base } = split(view => add(view, { ...deny, priority: 7 }))
      world.at(1).write(removeRule(base))
      world.at(2).write(add(base, rule))
      assert.deepEqual(shown(world.all), left)
      assert.deepEqual(kinds(world.all), rule === allow ? ['rule-lost'] : [])
      if (rule === deny) continue
      assert.match(
        world.all.conditions()[0]?.text ?? '',
        /written by host2, is off: \w+ removed that id at the same time/,
      )
      world.at(3).write(removeRule(world.all))
      assert.deepEqual(kinds(world.all), [])
    }
  })

  it('lets an allow die also if its writer had removed the id himself before (a number alone would let it live)', () => {
    const { world, base } = split(view => add(view, deny))
    const before = world.batches
    world.at(2).write(removeRule(base)) // cut off from writer 1
    world.at(1).write(removeRule(base))
    world.at(1).write(add(registryOf(world.meshId, [...before, ...world.at(1).batches]), allow))
    assert.deepEqual(shown(world.all), [])
  })

  it('takes an allow that was added after the removal was known', () => {
    const { world } = split(
      view => add(view, allow),
      view => removeRule(view),
      view => add(view, allow),
    )
    assert.deepEqual(shown(world.all), ['5 allow'])
  })
})

describe('crdt: policies', () => {
  it('hides a deleted policy with its rules, and begins without them when it is created anew', () => {
    const { world } = split(view => add(view, deny))
    world.at(2).write(removePolicyLeaves(world.all.objects, 'default', 'db'))
    assert.deepEqual([world.all.objects.policies(), shown(world.all)], [[], []])
    world.at(3).write(createPolicyLeaves(world.all.objects, 'default', 'db'))
    assert.equal(world.all.objects.policies().length, 1)
    assert.deepEqual(shown(world.all), [])
  })

  it('keeps a deleted policy whole for the group that got it meanwhile, and says so', () => {
    const { world, base } = split(view => add(view, deny))
    world.at(1).write(removePolicyLeaves(base.objects, 'default', 'db'), [7000, 0])
    const network = base.networks()[0]?.id ?? ''
    const act = { tenant: 'default', name: 'app', network, pool: '' }
    world.at(2).write(createGroupLeaves(base.objects, act, { policies: ['db'] }))
    assert.deepEqual(shown(world.all), ['5 deny'], 'the denial holds on')
    const [condition] = world.all.conditions()
    assert.deepEqual([condition?.kind, condition?.since], ['policy-in-use', [7000, 0]])
    world.at(3).write(createPolicyLeaves(world.all.objects, 'default', 'db'))
    assert.deepEqual([shown(world.all), kinds(world.all)], [['5 deny'], []])
  })

  it('revives whole by a creation, and is kept for a rule, that the deletion had not seen', () => {
    const { world, base } = split(view => add(view, deny))
    world.at(1).write(removePolicyLeaves(base.objects, 'default', 'db'))
    world.at(2).write(add(base, allow, '6'))
    assert.deepEqual([shown(world.all), kinds(world.all)], [['5 deny', '6 allow'], ['policy-in-use']])
    world.at(3).write([{ kind: 'policy', tenant: 'default', name: 'db', dropped: [] }])
    assert.deepEqual([shown(world.all), kinds(world.all)], [['5 deny', '6 allow'], []])
  })

  it('tells its history, with what is in effect and what lost, and goes back to any version', () => {
    const { world } = split(
      view => add(view, deny),
      view => removeRule(view),
      view => add(view, allow, '6'),
    )
    const events = world.all.objects.history('default', 'db')
    const states = events.map(event => ('state' in event ? `${event.what} ${event.state}` : event.what))
    assert.deepEqual(states, ['created', 'rule-added removed', 'rule-removed', 'rule-added live'])
    const at = (view: ObjectsView, i: number) =>
      view.rulesAt('default', 'db', events[i]?.dot ?? { writer: '', counter: 1 })
    assert.deepEqual(
      events.map((_, i) => at(world.all.objects, i)?.map(rule => `${rule.id} ${ruleText(rule.value)}`)),
      [[], ['5 deny in tcp 22 priority 1'], [], ['6 allow in tcp 80 priority 1']],
    )
    world.at(2).write(restoreRulesLeaves(world.all.objects, 'default', 'db', at(world.all.objects, 1) ?? []), [9000, 0])
    assert.deepEqual(shown(world.all), ['5 deny'])
    world.at(2).write(restoreRulesLeaves(world.all.objects, 'default', 'db', at(world.all.objects, 3) ?? []), [9001, 0])
    assert.deepEqual(shown(world.all), ['6 allow'])
    assert.equal(world.all.objects.rulesAt('default', 'db', { writer: 'ff', counter: 1 }), undefined)
  })
})

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
