/** UDP and ICMP flows that stand, of both families, on one host and between two, when the rules come to deny them. */
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'mocha'
import type { RuleRequest } from '../../../src/model/rule.ts'
import { eventually } from '../../support/eventually.ts'
import type { Host } from '../datapath/lab.ts'
import { assertCut, begin, type Flow, type Kind, kinds, type Speaker } from './flows.ts'
import { bothHave, type Scene, upScene } from './scene.ts'

describe('policies: flows that are cut', function () {
  this.timeout(60_000)
  let scene: Scene
  let one: Host
  let app = ''
  /** In `web`, of host one and two. */
  let near: Speaker
  let far: Speaker
  let db: Speaker
  let db2: Speaker
  /** In networks that are routed to each other. */
  let here: Speaker
  let there: Speaker

  before(async () => {
    scene = await upScene('fd00:1::/64')
    one = scene.one
    const { two, web } = scene
    const make = async (name: string, net: number) => {
      const spec = [`10.1.${net}.0/24`, `10.1.${net}.254`, `fd00:${net}::/64`, `fd00:${net}::fe`] as const
      const id = await one.ask('create', 'default', name, 0, ...spec)
      await eventually(() => two.ask('knows', id), 20_000)
      for (const host of scene.lab.hosts) await host.ask('ensure', id)
      return id
    }
    const lan = await make('lan', 2)
    app = await make('app', 3)
    const put = async (host: Host, name: string, network: string, net: number, last: number, group = '') => {
      const [ip, ip6] = [`10.1.${net}.${last}`, `fd00:${net}::${last.toString(16)}`]
      const talker = await scene.container(host, name, ip, group, network, ip6)
      return { host, name, talker, ip, ip6 }
    }
    for (const policy of ['p', 'q']) await one.ask('rules', 'default', policy, {})
    near = await put(one, 'near', web, 1, 11)
    far = await put(two, 'far', web, 1, 12, await one.ask('group', web, 'front', []))
    db = await put(one, 'db', web, 1, 21, await one.ask('group', web, 'db', ['p']))
    db2 = await put(two, 'db2', web, 1, 22, await one.ask('group', web, 'other', []))
    here = await put(one, 'here', lan, 2, 11)
    there = await put(two, 'there', app, 3, 11, await one.ask('group', app, 'job', ['p']))
    for (const [from, to] of [
      [near, db2],
      [far, db],
      [here, there],
      [there, here],
    ] as const) {
      for (const ip of [to.ip, to.ip6]) await eventually(async () => assert.ok(await from.host.pings(from.name, ip, 1)))
    }
  })
  after(() => scene?.down())

  const remaining = new Set<string>()
  const change = async (policy: string, added: Record<string, RuleRequest>, removed: string[] = []) => {
    await one.ask('rules', 'default', policy, added, removed)
    for (const id of Object.keys(added)) remaining.add(`${policy} ${id}`)
    for (const id of removed) remaining.delete(`${policy} ${id}`)
  }
  afterEach(async () => {
    await one.ask('group', scene.web, 'other', [])
    for (const [policy = '', id = ''] of [...remaining].map(each => each.split(' '))) await change(policy, {}, [id])
    await bothHave(scene.lab.hosts, 0)
  })

  const flows = async (...asked: [Kind, Speaker, Speaker][]): Promise<Flow[]> =>
    (await Promise.all(asked.map(each => begin(...each)))).flat()
  const other = (kind: Kind): Kind => (kind === 'udp' ? 'icmp' : 'udp')

  it('by a policy that a group gets', async () => {
    await change('q', { '1': { action: 'deny', protocol: 'udp' }, '2': { action: 'deny', protocol: 'icmp' } })
    const doomed = await flows(
      ...kinds.flatMap(kind => [near, far].map(from => [kind, from, db2] as [Kind, Speaker, Speaker])),
    )
    const kept = await flows(['udp', db2, near], ['icmp', db2, near], ['udp', far, db], ['icmp', far, near])
    await assertCut(doomed, kept, () => one.ask('group', scene.web, 'other', ['q']))
  })

  for (const kind of kinds) {
    it(`by the removal of what allowed ${kind} above a deny`, async () => {
      const allow = (protocol: Kind) => ({ action: 'allow', protocol, priority: 10 })
      await change('p', { '1': { action: 'deny' }, '2': allow(kind), '3': allow(other(kind)) })
      await bothHave(scene.lab.hosts, 3)
      const doomed = await flows([kind, near, db], [kind, far, db])
      const kept = await flows([other(kind), near, db], [other(kind), far, db], [kind, db, far], [kind, far, near])
      await assertCut(doomed, kept, () => change('p', {}, ['2']))
    })

    it(`by a rule about what the sender begins: ${kind}`, async () => {
      const doomed = await flows([kind, db, far])
      const kept = await flows([other(kind), db, far], [kind, db, near], [kind, db, db2], [kind, far, db])
      await assertCut(doomed, kept, () =>
        change('p', { '1': { action: 'deny', direction: 'out', protocol: kind, toGroup: 'front' } }),
      )
    })

    it(`between networks with gateways: ${kind}`, async () => {
      const doomed = await flows([kind, here, there])
      const kept = await flows([other(kind), here, there], [kind, there, here], [kind, far, db])
      await assertCut(doomed, kept, () => change('p', { '1': { action: 'deny', protocol: kind, fromNetwork: 'lan' } }))
    })
  }
})
