/** The judges of what must be there at rest, and of what must not: each can fail, told step by step. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { ApiDeps } from '../../src/api/deps.ts'
import { writeGroup } from '../../src/api/object-writes.ts'
import type { Leaf } from '../../src/crdt/leaves.ts'
import {
  addRuleLeaves,
  createPolicyLeaves,
  removePolicyLeaves,
  removeRuleLeaves,
  writeProfileLeaves,
} from '../../src/crdt/object-acts.ts'
import type { ObjectsView } from '../../src/crdt/objects-view.ts'
import type { RegistryView } from '../../src/crdt/registry-view.ts'
import { checkRule } from '../../src/model/rule.ts'
import { checkAtRest, leak } from './checks/convergence.ts'
import { running } from './checks/insiders.ts'
import { checkPromises } from './checks/promises-kept.ts'
import { trustedBy } from './checks/trusted.ts'
import { keyOf, type Stage, setStage } from './stage.ts'

/** The view, but for what is given. */
function overlooking<T extends object>(view: T, changes: Partial<T>): T {
  return new Proxy(view, {
    get(target, property) {
      if (property in changes) return changes[property as keyof T]
      const value = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** What the judge of promises says of host 1 if it shows this. */
function judged(stage: Stage, changes: Partial<RegistryView>): string | undefined {
  const { world } = stage
  const { peer } = stage.host(1)
  assert.ok(peer)
  const replica = overlooking(peer.replica, { view: overlooking(peer.replica.view, changes) })
  world.failure = undefined
  checkPromises(world, { host: stage.host(1), peer: { ...peer, replica } }, trustedBy(world, running(world)))
  const text = (world.failure as Error | undefined)?.message
  world.failure = undefined
  return text
}

function judgedObjects(stage: Stage, changes: Partial<ObjectsView>): string | undefined {
  return judged(stage, { objects: overlooking(stage.peer(1).replica.view.objects, changes) })
}

async function write(stage: Stage, number: number, build: (objects: ObjectsView) => readonly Leaf[]): Promise<void> {
  await stage.finish(stage.peer(number).replica.write(({ objects }) => build(objects)))
}

const rule = (action: 'allow' | 'deny', port = 80) => checkRule({ protocol: 'tcp', port, action })

/** A policy with an allow and a deny, by host 2. */
async function withRules(): Promise<Stage> {
  const stage = await setStage(2)
  await write(stage, 2, objects => createPolicyLeaves(objects, 'default', 'open'))
  await write(stage, 2, objects => addRuleLeaves(objects, 'default', 'open', '1', rule('allow')))
  await write(stage, 2, objects => addRuleLeaves(objects, 'default', 'open', '2', rule('deny')))
  await stage.heal()
  assert.equal(judged(stage, {}), undefined)
  return stage
}

function withoutRule(stage: Stage, id: string): string | undefined {
  const shown = stage.peer(1).replica.view.objects.rules('default', 'open')
  return judgedObjects(stage, { rules: () => shown.filter(each => each.id !== id) })
}

describe('simulator: judges of what is kept', function () {
  this.timeout(30_000)

  it('I3: a network, a tenant, a group and a profile that somebody was told is there', async () => {
    const stage = await setStage(2)
    await stage.create(2, 'web')
    await stage.createTenant(2, 'blue')
    const deps = { replica: stage.peer(2).replica } as ApiDeps
    await stage.finish(writeGroup(deps, { tenant: 'default', name: 'front', network: 'web' }))
    await write(stage, 2, objects => writeProfileLeaves(objects, 'default', 'slow', { dscp: 1 }))
    await stage.heal()
    assert.equal(judged(stage, {}), undefined)
    assert.match(judged(stage, { network: () => undefined }) ?? '', /I3.*network default\/web .* is lost on host1/)
    assert.match(judged(stage, { hasTenant: () => false }) ?? '', /I3.*tenant blue .* is lost on host1/)
    const objects = { group: () => undefined, profile: () => undefined }
    assert.match(judgedObjects(stage, { group: objects.group }) ?? '', /I3.*group default\/front .* is lost on host1/)
    assert.match(judgedObjects(stage, { profile: objects.profile }) ?? '', /I3.*profile default\/slow .* is lost/)
    // one of two acts of a network that still shows
    assert.match(judged(stage, { actsOf: () => [] }) ?? '', /I3.*network default\/web .* is lost on host1/)
  })

  it('I3: a policy and its rules', async () => {
    const stage = await withRules()
    assert.match(judgedObjects(stage, { policy: () => undefined }) ?? '', /I3.*policy default\/open .* is lost/)
    assert.match(withoutRule(stage, '1') ?? '', /I3.*allow rule 1 of default\/open.* is lost/)
    assert.match(withoutRule(stage, '2') ?? '', /I3.*deny rule 2 of default\/open.* is lost/)
  })

  it('I3: of rules only an allow is ended by a removal that did not see it, and both by one that names them', async () => {
    const stage = await withRules()
    stage.split([1], [2])
    await stage.pass(100)
    for (const id of ['1', '2']) {
      await write(stage, 1, objects => removeRuleLeaves(objects, 'default', 'open', id))
      const action = id === '1' ? 'allow' : 'deny'
      await write(stage, 2, objects => addRuleLeaves(objects, 'default', 'open', id, rule(action, 81)))
    }
    await stage.heal()
    const shown = stage.peer(1).replica.view.objects.rules('default', 'open')
    assert.deepEqual(
      shown.map(({ id, value }) => [id, value.port]),
      [['2', 81]],
    )
    assert.match(withoutRule(stage, '2') ?? '', /I3.*deny rule 2 of default\/open.* is lost/)
    // an allow that knew the removal is not ended by it
    await write(stage, 2, objects => addRuleLeaves(objects, 'default', 'open', '1', rule('allow', 82)))
    await stage.heal()
    assert.match(withoutRule(stage, '1') ?? '', /I3.*allow rule 1 of default\/open.* is lost/)
  })

  it('I3: a policy that is made anew leaves the rules of its earlier life behind', async () => {
    const stage = await withRules()
    await write(stage, 1, objects => removePolicyLeaves(objects, 'default', 'open'))
    await stage.heal()
    await write(stage, 2, objects => createPolicyLeaves(objects, 'default', 'open'))
    await stage.heal()
    assert.deepEqual(stage.peer(1).replica.view.objects.rules('default', 'open'), [])
    assert.equal(judged(stage, {}), undefined)
    assert.match(judgedObjects(stage, { policy: () => undefined }) ?? '', /I3.*policy default\/open .* is lost/)
  })

  it('I3: of a host whose removal was lifted all is there again', async () => {
    const stage = await setStage(3)
    stage.split([1, 2], [3])
    await stage.pass(100)
    stage.world.suspect([keyOf(stage, 3)])
    await stage.finish(stage.peer(1).removal.start([keyOf(stage, 3)], 0))
    const web = await stage.create(3, 'web')
    await stage.finish(stage.peer(1).removal.cancel([keyOf(stage, 3)]))
    await stage.heal()
    assert.equal(stage.peer(1).replica.view.network(web.id)?.status, 'live')
    assert.equal(judged(stage, {}), undefined)
    assert.match(judged(stage, { network: () => undefined }) ?? '', /I3.*network default\/web .* is lost on host1/)
  })

  it('I3: of a host that was removed what lies within the cut is there, and nothing else has to be', async () => {
    const stage = await setStage(3)
    const within = await stage.create(3, 'web')
    await stage.heal()
    stage.split([1, 2], [3])
    await stage.pass(100)
    stage.world.suspect([keyOf(stage, 3)])
    await stage.finish(stage.peer(1).removal.start([keyOf(stage, 3)], 0))
    const above = await stage.create(3, 'db', '10.1.3.0/24')
    await stage.heal()
    const { view } = stage.peer(1).replica
    assert.equal(view.removals()[0]?.outcome, 'effective')
    assert.equal(view.network(above.id), undefined)
    assert.equal(judged(stage, {}), undefined)
    const without = judged(stage, { network: id => (id === within.id ? undefined : view.network(id)) })
    assert.match(without ?? '', /I3.*network default\/web .* is lost on host1/)
  })

  it('R9: what a network shows of a host that is gone, or of a stranger, is found', async () => {
    const stage = await setStage(3)
    const web = await stage.create(1, 'web')
    await stage.heal()
    await stage.run(3, web)
    await stage.heal()
    const { replica } = stage.peer(1)
    const [ghost = assert.fail()] = replica.view.endpoints(web.id)
    stage.world.suspect([keyOf(stage, 3)])
    await stage.finish(stage.peer(1).removal.start([keyOf(stage, 3)], 0))
    await stage.heal()
    assert.equal(replica.view.member(ghost.owner), undefined)
    assert.equal(leak(stage.world), undefined)
    const show = (changes: Partial<RegistryView>) => {
      const shown = overlooking(replica.view, changes)
      Object.defineProperty(replica, 'view', { get: () => shown, configurable: true })
      return leak(stage.world) ?? ''
    }
    assert.match(show({ endpoints: () => [ghost] }), /host1 shows what is nobody's: endpoint .* which is no member/)
    const vtep = { network: web.id, owner: ghost.owner, address: '192.0.2.3', vni: 9 }
    assert.match(show({ endpoints: () => [], vteps: () => [vtep] }), /nobody's: VTEP 192.0.2.3 .* which is no member/)
    await checkAtRest(stage.world)
  })
})
