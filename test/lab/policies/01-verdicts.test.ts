import assert from 'node:assert/strict'
import { after, before, describe, it } from 'mocha'
import { eventually } from '../../support/eventually.ts'
import { assertOpen, openPorts, type Scene, tutorialRules, upScene } from './scene.ts'
import { ports, type Talker } from './talker.ts'

describe('policies: two hosts', function () {
  this.timeout(60_000)
  let scene: Scene
  let near: Talker
  let far: Talker
  let db: Talker
  let group = ''

  before(async () => {
    scene = await upScene()
    const { one, two, web } = scene
    await one.ask('rules', 'default', 'db', tutorialRules)
    group = await one.ask('group', web, 'db', ['db'])
    near = await scene.container(one, 'near', '10.1.1.11')
    far = await scene.container(two, 'far', '10.1.1.12')
    db = await scene.container(one, 'db1', '10.1.1.21', group)
  })
  after(() => scene?.down())

  it('judges a member from its first packet on', async () => {
    await assertOpen(near, db, [8888])
  })

  it('judges alike on the same host and from the other', async () => {
    await eventually(async () => assert.ok(await scene.two.pings('far', db.ip, 1)))
    await assertOpen(far, db, [8888])
    const other = await scene.container(scene.two, 'db2', '10.1.1.22', group)
    await eventually(async () => assert.ok(await scene.one.pings('near', other.ip, 1)))
    await assertOpen(near, other, [8888])
    await assertOpen(far, other, [8888])
  })

  it('lets pass what no rule is about: other directions, other protocols', async () => {
    await assertOpen(db, far, ports)
    await assertOpen(near, far, ports)
    assert.equal(await far.tries('udp', db.ip, 8889), true)
    assert.ok(await scene.one.pings('near', db.ip))
  })

  it('lets errors of what passes come back, for UDP as for TCP', async () => {
    assert.equal(await far.tries('udp', db.ip, 9), 'refused')
    assert.equal(await db.tries('udp', far.ip, 9), 'refused')
    assert.equal(await db.tries('tcp', far.ip, 9), 'refused')
    assert.equal(await far.tries('tcp', db.ip, 9), false, 'what is denied is dropped, not refused')
  })

  it('follows rules and groups on both hosts within 2 s', async () => {
    const { one, two, web } = scene
    await two.ask('rules', 'default', 'db', { '3': { ...tutorialRules['2'], port: 8889 } })
    await eventually(async () => assert.deepEqual(await openPorts(near, db), [8888, 8889]), 2_000)
    await assertOpen(far, db, [8888, 8889])
    await one.ask('group', web, 'db', [])
    await eventually(async () => assert.deepEqual(await openPorts(far, db), ports), 2_000)
    await one.ask('group', web, 'db', ['db'])
    await eventually(async () => assert.deepEqual(await openPorts(far, db), [8888, 8889]), 2_000)
    await two.ask('rules', 'default', 'db', {}, ['3'])
    await eventually(async () => assert.deepEqual(await openPorts(near, db), [8888]), 2_000)
  })

  it('takes effect at either end alone: what a sender lets out, the receiver does not let in, and the other way round', async () => {
    const { one, two } = scene
    await eventually(async () => assert.deepEqual(await openPorts(far, db), [8888]))
    const rules = ['nft', 'flush', 'chain', 'inet', 'skein', 'forwarded']
    await two.exec('ip', 'netns', 'exec', 'skein-default', ...rules)
    assert.deepEqual(await openPorts(far, db), [8888])
    await eventually(async () => assert.match(await forwarded(two), /ct mark/), 10_000)
    await one.exec('ip', 'netns', 'exec', 'skein-default', ...rules)
    assert.deepEqual(await openPorts(far, db), [8888])
  })

  it('puts right what somebody changed in the kernel, and counts it', async () => {
    const { one } = scene
    await eventually(async () => assert.match(await forwarded(one), /ct mark/), 10_000)
    const { repaired } = await one.ask('status')
    await one.exec('ip', 'netns', 'exec', 'skein-default', 'nft', 'delete', 'table', 'inet', 'skein')
    await one.exec('ip', 'netns', 'exec', 'skein-default', 'nft', 'delete', 'table', 'bridge', 'skein')
    await eventually(async () => assert.ok((await one.ask('status')).repaired >= repaired + 2), 10_000)
    await assertOpen(near, db, [8888])
  })

  const forwarded = (host: Scene['one']) =>
    host.exec('ip', 'netns', 'exec', 'skein-default', 'nft', 'list', 'chain', 'inet', 'skein', 'forwarded')
})
