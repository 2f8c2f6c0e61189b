import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { removeNetworkLeaves } from '../../../src/crdt/acts.ts'
import {
  addRuleLeaves,
  changeGroupLeaves,
  createGroupLeaves,
  createPolicyLeaves,
  removeGroupLeaves,
  removePolicyLeaves,
  removeProfileLeaves,
  removeRuleLeaves,
  writeGlobalLeaves,
  writeProfileLeaves,
} from '../../../src/crdt/object-acts.ts'
import type { Group } from '../../../src/crdt/objects-view.ts'
import type { Registry } from '../../../src/crdt/registry.ts'
import { checkRule } from '../../../src/model/rule.ts'
import { type Build, createNetwork, endpoint, MergeRig, web } from './merge-rig.ts'

const createWeb = createNetwork('web', '10.1.2.0/24')
const app = (view: Registry): Group => view.objects.groupByName('default', 'app') ?? assert.fail('no group')
const group =
  (policies: string[] = [], profile = ''): Build =>
  view =>
    createGroupLeaves(
      view.objects,
      { tenant: 'default', name: 'app', network: web(view).id, pool: '' },
      { policies, profile },
    )
const removeGroup: Build = view => removeGroupLeaves(view.objects, app(view))
const policy: Build = ({ objects }) => createPolicyLeaves(objects, 'default', 'p')
const removePolicy: Build = ({ objects }) => removePolicyLeaves(objects, 'default', 'p')
const rule =
  (action: string, priority = 1): Build =>
  ({ objects }) =>
    addRuleLeaves(objects, 'default', 'p', '5', checkRule({ action, priority }))
const removeRule: Build = ({ objects }) => removeRuleLeaves(objects, 'default', 'p', '5')
const profile =
  (fields: { dscp?: number; burst?: number }): Build =>
  ({ objects }) =>
    writeProfileLeaves(objects, 'default', 'gold', fields)
const removeProfile: Build = ({ objects }) => removeProfileLeaves(objects, 'default', 'gold')
const inApp: Build = (view, peer) => endpoint('web', { group: app(view).id })(view, peer)

describe('replica: deleted in a split: groups, policies, rules, profiles, settings', () => {
  let rig: MergeRig
  beforeEach(async () => {
    rig = await new MergeRig().start()
  })
  afterEach(() => rig.stop())

  const rules = () => rig.view.objects.rules('default', 'p').map(each => `${each.shown} ${each.value.action}`)
  const groups = () => rig.view.objects.groups().map(each => `${each.name} ${each.status} ${each.generation}`)

  it('a group waits for its endpoint elsewhere, and says so; edits do not revive it', async () => {
    const edit: Build = view => changeGroupLeaves(view.objects, app(view), { policies: ['p'], profile: 'gold' })
    await rig.play([createWeb, policy, group()], [removeGroup], [edit, inApp])
    assert.deepEqual(groups(), ['app draining 0'])
    assert.match(
      rig.view.conditions()[0]?.text ?? '',
      /^group default\/app was deleted while in use and waits for db1$/,
    )
    await rig.further(3, view => [{ kind: 'endpoint-rm', id: 'e1', network: web(view).id }])
    assert.deepEqual([groups(), rig.kinds()], [[], []])
  })

  it('a group created anew is another, beside the one that drains', async () => {
    await rig.play([createWeb, group()], [removeGroup, group()], [inApp])
    const [live, old] = rig.view.objects.groups()
    assert.deepEqual([live?.name, live?.status, live?.generation, old?.status], ['app', 'live', 1, 'draining'])
    assert.notEqual(live?.id, old?.id)
    assert.deepEqual(rig.kinds(), ['group-draining'])
  })

  it('a group whose creation the deletion had not seen lives, and one whose network is deleted is shown', async () => {
    await rig.play([createWeb], [group(), removeGroup], [group()])
    assert.deepEqual([groups(), rig.kinds()], [['app live 0'], []])
    await rig.further(1, view => removeNetworkLeaves(view, web(view).id))
    assert.deepEqual(rig.kinds(), ['group-without-network'])
  })

  it('a policy is kept with all its rules for the group that got it, until that is off', async () => {
    await rig.play([createWeb, policy, rule('deny')], [removePolicy], [group(['p'])])
    assert.deepEqual([rules(), rig.kinds()], [['5 deny'], ['policy-in-use']])
    await rig.further(2, view => changeGroupLeaves(view.objects, app(view), { policies: [] }))
    assert.deepEqual([rules(), rig.view.objects.policies(), rig.kinds()], [[], [], []])
  })

  it('a policy is kept for a rule that was added meanwhile; created anew on both sides it is one, without the old rules', async () => {
    await rig.play([policy], [removePolicy], [rule('deny')])
    assert.deepEqual([rules(), rig.kinds()], [['5 deny'], ['policy-in-use']])
    await rig.further(1, removePolicy)
    assert.deepEqual([rules(), rig.kinds()], [[], []])
    await rig.play([policy, rule('allow')], [removePolicy, policy], [removePolicy, policy, rule('deny', 2)])
    assert.deepEqual([rules(), rig.kinds()], [['5 deny'], []])
  })

  it('a rule: of a removal and an addition at the same time a denial lives, and an opening dies and is shown', async () => {
    await rig.play([policy, rule('deny', 3)], [removeRule], [rule('deny', 4), rule('allow', 5)])
    assert.deepEqual([rules(), rig.kinds()], [['5 deny'], ['rule-lost']])
    await rig.further(2, removeRule)
    assert.deepEqual([rules(), rig.kinds()], [[], []])
  })

  it('a rule of two values: both hold, both are shown', async () => {
    await rig.play([policy], [rule('deny', 1)], [rule('deny', 2)])
    assert.equal(rules().length, 2)
    assert.deepEqual(rig.kinds(), ['rule-conflict'])
  })

  it('a profile is revived whole by a write that the deletion had not seen', async () => {
    await rig.play([profile({ dscp: 7, burst: 9 })], [removeProfile], [profile({ burst: 10 })])
    const { dscp, burst } = rig.view.objects.profiles()[0] ?? {}
    assert.deepEqual([dscp, burst, rig.kinds()], [7, 10, []])
  })

  it('a profile is kept for the group that got it; created anew after that is gone, nothing old shows through', async () => {
    await rig.play([createWeb, profile({ dscp: 7 })], [removeProfile], [group([], 'gold')])
    assert.deepEqual(rig.kinds(), ['netprofile-in-use'])
    await rig.further(3, removeGroup)
    assert.deepEqual([rig.view.objects.profiles(), rig.kinds()], [[], []])
    await rig.further(2, profile({ burst: 3 }))
    assert.deepEqual([rig.view.objects.profiles()[0]?.dscp, rig.kinds()], [0, []])
  })

  it('the settings: of one field the later write counts and the other is shown, of two both count', async () => {
    const set =
      (fields: { vlans?: string; vxlans?: string }): Build =>
      ({ objects }) =>
        writeGlobalLeaves(objects, fields)
    await rig.play([], [set({ vlans: '1-10', vxlans: '10000-20000' })], [set({ vlans: '1-20' })])
    assert.deepEqual([rig.view.objects.globals().vlans, rig.view.objects.globals().vxlans], ['1-20', '10000-20000'])
    assert.deepEqual(rig.kinds(), ['edit-lost'])
    await rig.further(1, set({ vlans: '1-20' }))
    assert.deepEqual([rig.view.objects.globals().vlans, rig.kinds()], ['1-20', []])
  })
})
