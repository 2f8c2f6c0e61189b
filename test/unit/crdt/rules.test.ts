import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import {
  createGroupLeaves,
  createPolicyLeaves,
  removePolicyLeaves,
  removeValueLeaves,
  restoreRulesLeaves,
} from '../../../src/crdt/object-acts.ts'
import type { ObjectsView } from '../../../src/crdt/objects-view.ts'
import { ruleText } from '../../../src/model/rule.ts'
import { add, allow, deny, kinds, removeRule, shown, split } from './object-scene.ts'
import { registryOf } from './writer.ts'

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
    world.at(3).write(removeValueLeaves(view.objects, 'default', 'db', first as NonNullable<typeof first>))
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
