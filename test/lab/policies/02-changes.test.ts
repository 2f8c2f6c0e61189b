import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'mocha'
import type { RuleRequest } from '../../../src/model/rule.ts'
import { eventually } from '../../support/eventually.ts'
import type { Host } from '../datapath/lab.ts'
import { assertOpen, bothHave, openPorts, type Scene, tableOf, upScene } from './scene.ts'
import { ports, type Talker } from './talker.ts'

const deny: RuleRequest = { action: 'deny' }

describe('policies: changes, splits and stale hosts', function () {
  this.timeout(60_000)
  let scene: Scene
  let one: Host
  let two: Host
  /** On host one: outside the group, and in it. */
  let near: Talker
  let db: Talker
  /** The same on host two. */
  let far: Talker
  let db2: Talker

  /** Until both kernels hold the rule about this port, or do not. */
  const holds = (host: Host, port: number, isThere = true) =>
    eventually(async () => assert.equal((await tableOf(host)).includes(` ${port}`), isThere, `${host.name}: ${port}`))
  const bothHold = (port: number, isThere = true) => Promise.all([one, two].map(host => holds(host, port, isThere)))

  before(async () => {
    scene = await upScene()
    ;({ one, two } = scene)
    await one.ask('rules', 'default', 'db', {})
    const group = await one.ask('group', scene.web, 'db', ['db'])
    near = await scene.container(one, 'near', '10.1.1.11')
    db = await scene.container(one, 'db1', '10.1.1.21', group)
    far = await scene.container(two, 'far', '10.1.1.12')
    db2 = await scene.container(two, 'db2', '10.1.1.22', group)
    await eventually(async () => assert.ok(await one.pings('near', db2.ip, 1)))
    await eventually(async () => assert.ok(await two.pings('far', db.ip, 1)))
  })
  /** Rules that a test left. */
  const remaining = new Set<string>()
  const change = async (host: Host, added: Record<string, RuleRequest>, removed: string[] = []) => {
    await host.ask('rules', 'default', 'db', added, removed)
    for (const id of Object.keys(added)) remaining.add(id)
    for (const id of removed) remaining.delete(id)
  }
  beforeEach(async () => {
    if (remaining.size > 0) await change(one, {}, [...remaining])
    await bothHave([one, two], 0)
  })
  after(() => scene?.down())

  it('lets replies and errors of allowed flows pass where the same packets would open none', async () => {
    await change(two, { '1': { ...deny, direction: 'out' } })
    await eventually(async () => assert.deepEqual(await openPorts(db, far), []))
    await eventually(async () => assert.deepEqual(await openPorts(db2, near), []))
    for (const [from, to] of [
      [far, db],
      [near, db],
      [near, db2],
    ] as const) {
      await assertOpen(from, to, ports)
      assert.equal(await from.tries('udp', to.ip, 8888), true)
      assert.equal(await from.tries('udp', to.ip, 9), 'refused', 'an ICMP error of a flow that may be')
      assert.equal(await from.tries('tcp', to.ip, 9), 'refused')
    }
    assert.ok(await two.pings('far', db.ip))
    assert.equal(await one.pings('db1', far.ip), false)
    assert.equal(await db.tries('udp', far.ip, 9), false)
  })

  it('cuts the established flows that a new deny matches, at once and for good, and no others', async () => {
    const doomed = await Promise.all([far.open(db.ip, 8888), far.open(db2.ip, 8888)])
    const others = [
      [far, await far.open(db.ip, 8889)],
      [near, await near.open(db.ip, 8888)],
      [db, await db.open(far.ip, 8888)],
    ] as const
    const udp = await far.stream(db.ip, 8888, 5)
    for (const [talker, connection] of others) assert.ok(await talker.say(connection))
    for (const connection of doomed) assert.ok(await far.say(connection))
    await change(one, { '1': { ...deny, protocol: 'tcp', port: 8888, fromIp: far.ip } })
    for (const connection of doomed) {
      await eventually(async () => assert.equal(await far.say(connection), false), 2_000)
      // what is sent again from either end does not bring it back
      assert.equal(await far.say(connection, 1_000), false)
    }
    for (const [talker, connection] of others) assert.ok(await talker.say(connection), talker.ip)
    const { sent, lost } = await udp.stop()
    assert.ok(sent > 100)
    assert.deepEqual(lost, [], 'a UDP flow to the same port')
  })

  it('counts by rule what it judged, and keeps the figures while other rules change', async () => {
    const figures = async (host: Host) =>
      [...(await host.ask('counters', 'default')).values()].map(each => each.packets)
    await change(one, { '1': { ...deny, protocol: 'udp', port: 8889 } })
    await bothHold(8889)
    for (let n = 0; n < 3; n++) assert.equal(await near.tries('udp', db.ip, 8889), false)
    assert.deepEqual(await figures(one), [3])
    assert.deepEqual(await figures(two), [0], 'both ends are on the other host')
    await change(one, { '2': { action: 'allow', protocol: 'udp', port: 8888 } })
    await bothHold(8888)
    assert.equal(await far.tries('udp', db.ip, 8888), true)
    assert.deepEqual((await figures(one)).sort(), [1, 3], 'one for the flow, not for its packets')
    assert.deepEqual((await figures(two)).sort(), [0, 1], 'both hosts judge a flow between them')
  })

  it('does not let a stale sender past a receiver that knows better, nor a sender past itself', async () => {
    const across = await far.open(db.ip, 8890)
    await scene.lab.split('tcp')
    try {
      await change(one, { '1': { ...deny, protocol: 'tcp', port: 8890 } })
      await holds(one, 8890)
      assert.equal(await far.say(across), false)
      await assertOpen(far, db, [8888, 8889])
      await assertOpen(near, db2, [8888, 8889])
      // what only the other knows
      await change(two, { '2': { ...deny, protocol: 'tcp', port: 8889 } })
      await holds(two, 8889)
      await assertOpen(far, db, [8888])
      await assertOpen(near, db2, [8888])
      await assertOpen(near, db, [8888, 8889])
      await assertOpen(far, db2, [8888, 8890])
      assert.ok(!(await tableOf(two)).includes(' 8890'), 'host two has not heard of the rule')
    } finally {
      await scene.lab.heal()
    }
    await bothHold(8890)
    await bothHold(8889)
    for (const from of [near, far]) for (const to of [db, db2]) await assertOpen(from, to, [8888])
  })

  it('enforces on both sides of a split what each side knows and changes, and all of it after the heal', async () => {
    await change(one, { '1': { ...deny, protocol: 'tcp', port: 8888 } })
    await bothHold(8888)
    const kept = await near.open(db.ip, 8889)
    await scene.lab.split('all')
    try {
      await assertOpen(near, db, [8889, 8890])
      await assertOpen(far, db2, [8889, 8890])
      await change(two, { '2': { ...deny, protocol: 'tcp', port: 8890 } }, ['1'])
      await holds(two, 8890)
      await assertOpen(far, db2, [8888, 8889])
      await change(one, { '3': { action: 'allow', protocol: 'tcp', port: 8890, priority: 10 } })
      await holds(one, 8890)
      await assertOpen(near, db, [8889, 8890])
    } finally {
      await scene.lab.heal()
    }
    // the removal of rule 1 and both new rules hold everywhere: 3 is of higher priority than 2
    for (const from of [near, far]) {
      for (const to of [db, db2]) await eventually(() => assertOpen(from, to, ports), 15_000)
    }
    await bothHave([one, two], 2)
    assert.ok(await near.say(kept), 'a flow that was allowed all the time')
  })
})
