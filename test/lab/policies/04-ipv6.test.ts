import assert from 'node:assert/strict'
import { after, before, describe, it } from 'mocha'
import { linkLocal } from '../../../src/datapath/spoof-elements.ts'
import { macOf, parseIp } from '../../../src/model/ip.ts'
import type { RuleRequest } from '../../../src/model/rule.ts'
import { eventually } from '../../support/eventually.ts'
import type { Host } from '../datapath/lab.ts'
import { type Scene, tutorialRules, upScene } from './scene.ts'
import { ports, type Talker } from './talker.ts'

/** A container's talker, and its addresses. */
interface Dual {
  readonly host: Host
  readonly name: string
  readonly talker: Talker
  readonly ip: string
  readonly ip6: string
  readonly local: string
}

describe('policies: IPv6', function () {
  this.timeout(60_000)
  let scene: Scene
  let network = ''
  /** On host one: outside the group, and in it; on host two: outside. */
  let near: Dual
  let db: Dual
  let far: Dual

  const loaded = (host: Host) =>
    host.exec('ip', 'netns', 'exec', 'skein-default', 'nft', '-s', 'list', 'table', 'inet', 'skein')
  const rules = async (added: Record<string, RuleRequest>, removed: string[] = []) => {
    await scene.one.ask('rules', 'default', 'p', added, removed)
    for (const host of [scene.one, scene.two]) {
      await eventually(async () => {
        const text = await loaded(host)
        for (const { port } of Object.values(added))
          assert.ok(!port || text.includes(` ${port} `), `${host.name}: ${port}`)
        if (Object.keys(added).length === 0) assert.doesNotMatch(text, /counter r_/)
      })
    }
  }
  const dual = async (host: Host, name: string, last: number, group = ''): Promise<Dual> => {
    const [ip, ip6] = [`10.1.6.${last}`, `fd00:6::${last.toString(16)}`]
    const talker = await scene.container(host, name, ip, group, network, ip6)
    return { host, name, talker, ip, ip6, local: linkLocal(macOf(parseIp(ip) ?? 0)) }
  }
  /** Which ports open, by each family. */
  const open = async (from: Dual, to: Dual) => {
    const tries = await Promise.all(
      [to.ip, to.ip6].map(ip => Promise.all(ports.map(port => from.talker.tries('tcp', ip, port, 1_000)))),
    )
    return tries.map(each => ports.filter((_, at) => each[at] === true))
  }

  before(async () => {
    scene = await upScene()
    const { one, two } = scene
    network = await one.ask('create', 'default', 'six', 0, '10.1.6.0/24', '', 'fd00:6::/64')
    await eventually(() => two.ask('knows', network), 20_000)
    for (const host of [one, two]) await host.ask('ensure', network)
    await one.ask('rules', 'default', 'p', {})
    const group = await one.ask('group', network, 'db', ['p'])
    near = await dual(one, 'near', 0x11)
    db = await dual(one, 'db1', 0x21, group)
    far = await dual(two, 'far', 0x12)
    await eventually(async () => assert.ok(await two.pings('far', db.ip6, 1)))
    await eventually(async () => assert.ok(await one.pings('near', far.ip6, 1)))
  })
  after(() => scene?.down())

  it('judges both families by rules without addresses, on the same host and from the other', async () => {
    const asked = { ...tutorialRules, '9': { action: 'deny', protocol: 'udp', port: 8889 } } as const
    await rules({ '2': tutorialRules['2'] as RuleRequest, '9': asked['9'], '1': { ...tutorialRules['1'], port: 0 } })
    for (const from of [near, far]) {
      assert.deepEqual(await open(from, db), [[8888], [8888]], from.name)
      assert.deepEqual(await open(db, from), [ports, ports], 'the other direction')
      assert.equal(await from.talker.tries('udp', db.ip6, 8888), true)
      assert.equal(await from.talker.tries('udp', db.ip6, 8889), false)
      assert.equal(await from.talker.tries('udp', db.ip6, 9), 'refused', 'an ICMPv6 error of a flow that may be')
      assert.ok(await from.host.pings(from.name, db.ip6))
    }
    const counted = await scene.one.ask('counters', 'default')
    assert.equal(counted.size, 3, 'one counter for both families')
    await rules({}, ['1', '2', '9'])
  })

  it('means ICMPv6 by icmp, and judges no neighbour discovery', async () => {
    await scene.one.ask('rules', 'default', 'p', { '1': { action: 'deny' } })
    await eventually(async () => assert.equal(await far.host.pings('far', db.ip6, 1), false))
    await far.host.exec('ip', '-n', 'far', 'neigh', 'flush', 'dev', 'eth0')
    await near.host.exec('ip', '-n', 'near', 'neigh', 'flush', 'dev', 'eth0')
    for (const from of [near, far]) {
      assert.equal(await from.host.pings(from.name, db.ip6, 1), false)
      const known = await from.host.exec('ip', '-n', from.name, 'neigh', 'show', 'to', db.ip6)
      assert.match(known, /lladdr 02:02:0a:01:06:21/, 'its MAC is found all the same')
    }
    await rules({ '2': { action: 'allow', protocol: 'tcp', port: 8888, priority: 2 } }, ['1'])
    await scene.one.ask('rules', 'default', 'p', { '3': { action: 'deny', protocol: 'icmp' } })
    await eventually(async () => assert.equal(await near.host.pings('near', db.ip6, 1), false))
    assert.equal(await near.talker.tries('udp', db.ip6, 8888), true)
    await rules({}, ['2', '3'])
  })

  it('takes addresses of one family for that family alone, and cuts what stands of it and nothing else', async () => {
    const doomed = await far.talker.open(db.ip6, 8888)
    const others = [
      [far, await far.talker.open(db.ip, 8888)],
      [far, await far.talker.open(db.ip6, 8889)],
      [near, await near.talker.open(db.ip6, 8888)],
      [db, await db.talker.open(far.ip6, 8888)],
    ] as const
    const stream = await far.talker.stream(db.ip6, 8888, 5)
    assert.ok(await far.talker.say(doomed))
    await rules({ '1': { action: 'deny', protocol: 'tcp', port: 8888, fromIp: `${far.ip6}-fd00:6::13` } })
    await eventually(async () => assert.equal(await far.talker.say(doomed), false), 2_000)
    assert.equal(await far.talker.say(doomed, 1_000), false, 'what is sent again does not bring it back')
    for (const [from, connection] of others) assert.ok(await from.talker.say(connection, 1_000), from.name)
    const { sent, lost } = await stream.stop()
    assert.ok(sent > 50)
    assert.deepEqual(lost, [], 'a UDP flow to the same port')
    await rules({}, ['1'])
  })

  it('judges datagrams in fragments as a whole', async () => {
    await rules({ '1': { action: 'deny', protocol: 'udp', port: 8889 } })
    for (const from of [near, far]) {
      assert.equal(await from.talker.tries('udp', db.ip6, 8888, 2_000, 4_000), true, from.name)
      assert.equal(await from.talker.tries('udp', db.ip6, 8889, 500, 4_000), false, from.name)
    }
    await rules({}, ['1'])
  })

  it('lets nothing but neighbour discovery pass by link-local addresses', async () => {
    for (const from of [near, far]) {
      assert.equal(await from.host.pings(from.name, `${db.local}%eth0`, 1), false, from.name)
      assert.equal(await from.talker.tries('tcp', `${db.local}%eth0`, 8888), false, from.name)
      assert.ok(await from.host.pings(from.name, db.ip6, 1))
    }
  })

  it('drops IPv6 in networks without', async () => {
    const [a, b] = [
      await scene.container(scene.one, 'plain1', '10.1.1.11', '', scene.web, 'fd00:6::31'),
      await scene.container(scene.one, 'plain2', '10.1.1.12', '', scene.web, 'fd00:6::32'),
    ]
    assert.ok(await scene.one.pings('plain1', b.ip, 1))
    assert.equal(await scene.one.pings('plain1', 'fd00:6::32', 1), false)
    // also what resolves no address first
    await scene.one.exec(
      'ip',
      '-n',
      'plain1',
      'neigh',
      'replace',
      'fd00:6::32',
      'lladdr',
      macOf(parseIp(b.ip) ?? 0),
      'dev',
      'eth0',
    )
    await scene.one.exec(
      'ip',
      '-n',
      'plain2',
      'neigh',
      'replace',
      'fd00:6::31',
      'lladdr',
      macOf(parseIp(a.ip) ?? 0),
      'dev',
      'eth0',
    )
    assert.equal(await scene.one.pings('plain1', 'fd00:6::32', 1), false)
    // without the guard the policies' table drops it
    await scene.one.exec('ip', 'netns', 'exec', 'skein-default', 'nft', 'delete', 'table', 'bridge', 'skein')
    assert.equal(await scene.one.pings('plain1', 'fd00:6::32', 1), false)
  })
})
