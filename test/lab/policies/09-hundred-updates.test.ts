/** Updates of every kind, one after the other, while packets of allowed and denied flows pass without a pause. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'mocha'
import { longestLine } from '../../../src/lib/nft-child.ts'
import { macOf, parseIp } from '../../../src/model/ip.ts'
import type { RuleRequest } from '../../../src/model/rule.ts'
import { eventually } from '../../support/eventually.ts'
import type { Host } from '../datapath/lab.ts'
import { type Scene, upScene } from './scene.ts'
import type { Streamed, Talker } from './talker.ts'

const deny: RuleRequest = { action: 'deny', protocol: 'udp' }
const updates = 100
const open = 8888
const closed = 8889

/** A rule for each range, and each a line of its own in the kernel: no map holds them. */
const ranges = Object.fromEntries(
  Array.from({ length: 120 }, (_, n) => [`${500 + n}`, { ...deny, fromIp: `10.9.${n}.1-10.9.${n}.9` } as RuleRequest]),
)

type Act = () => Promise<unknown>
type Stop = () => Promise<Streamed & { name: string }>

const ways = [
  ['far', 'db'],
  ['near', 'db2'],
  ['near', 'db'],
] as const

describe('policies: a hundred updates', function () {
  this.timeout(120_000)
  let scene: Scene
  /** A group whose rules are never changed. */
  let moved = ''
  const talkers = new Map<string, { talker: Talker; ip: string; ip6: string }>()

  before(async () => {
    scene = await upScene('fd00:1::/64')
    const { one, two, web } = scene
    await one.ask('rules', 'default', 'db', {
      '1': { ...deny, port: closed },
      '2': { action: 'allow', protocol: 'udp', port: open, priority: 50 },
    })
    for (const policy of ['q', 'r']) await one.ask('rules', 'default', policy, { '1': { ...deny, port: 9 } })
    const group = await one.ask('group', web, 'db', ['db'])
    await one.ask('group', web, 'other', [])
    moved = await one.ask('group', web, 'moved', ['r'])
    const put = async (host: Host, name: string, last: number, of = '') => {
      const [ip, ip6] = [`10.1.1.${last}`, `fd00:1::${last.toString(16)}`]
      talkers.set(name, { talker: await scene.container(host, name, ip, of, web, ip6), ip, ip6 })
    }
    await put(one, 'near', 11)
    await put(one, 'db', 21, group)
    await put(two, 'far', 12)
    await put(two, 'db2', 22, group)
    for (const [from, to] of ways) {
      const host = from === 'near' ? one : two
      for (const ip of addresses(to)) await eventually(async () => assert.ok(await host.pings(from, ip, 1)))
    }
  })
  after(() => scene?.down())

  const addresses = (name: string): string[] => {
    const { ip = '', ip6 = '' } = talkers.get(name) ?? {}
    return [ip, ip6]
  }
  const inTenant = (host: Host, ...command: string[]) => host.exec('ip', 'netns', 'exec', 'skein-default', ...command)
  const generation = async (host: Host) => {
    const text = await inTenant(host, 'nft', 'list', 'chain', 'inet', 'skein', 'forwarded')
    return /ct mark (0x[0-9a-f]+) accept/.exec(text)?.[1] ?? assert.fail(text)
  }

  /** Made and unmade, each by one write of the state: so one transaction on each host. */
  function changesOf(n: number, host: Host): Record<string, [act: Act, undo: Act]> {
    const { web } = scene
    const rules = (added: Record<string, RuleRequest>): [Act, Act] => [
      () => host.ask('rules', 'default', 'db', added),
      () => host.ask('rules', 'default', 'db', {}, Object.keys(added)),
    ]
    const rule = (value: RuleRequest) => rules({ [`${100 + n}`]: { priority: 90, ...value } })
    const group = (name: string, its: string[], before: string[]): [Act, Act] => [
      () => host.ask('group', web, name, its),
      () => host.ask('group', web, name, before),
    ]
    const member = (its: object): Act => {
      const [ip, id] = [parseIp(`10.1.1.${host === scene.one ? 77 : 78}`) ?? 0, `${host.name}-moves`]
      const endpoint = { kind: 'endpoint' as const, id, network: web, ip, mac: macOf(ip), container: id }
      return () => host.ask('write', { ...endpoint, containerName: id, ...its })
    }
    const port = 20_000 + n
    return {
      'a rule of a map': rule({ ...deny, port, priority: 1 + n }),
      'a rule of another protocol': rule({ action: 'allow', protocol: 'tcp', port }),
      'a range': rule({ ...deny, fromIp: `10.8.0.${1 + n}-10.8.9.9` }),
      'a range of IPv6': rule({ ...deny, fromIp: `fd00:8::${1 + n}-fd00:8::ffff` }),
      'a network': rule({ ...deny, fromNetwork: 'web', port }),
      'a group that a rule names': rule({
        ...deny,
        direction: n % 4 < 2 ? 'in' : 'out',
        [n % 4 < 2 ? 'fromGroup' : 'toGroup']: 'other',
      }),
      "another group's policies": group('other', ['q', 'r'], []),
      "the group's own policies": group('db', ['db', 'q'], ['db']),
      'a member of another group': [member({ group: moved }), member({})],
      'many rules': rules(ranges),
    }
  }

  /** Of both hosts, as it was last seen. */
  const seen = new Map<Host, string>()
  /** Until the kernels of both hosts were told something. */
  async function follows(act: Act, name: string): Promise<void> {
    await act()
    const isTold = async (host: Host) => {
      const now = await generation(host)
      assert.notEqual(now, seen.get(host), `${host.name}: ${name}`)
      seen.set(host, now)
    }
    await Promise.all(scene.lab.hosts.map(host => eventually(() => isTold(host), 10_000)))
  }

  it('cost no packet of an allowed flow and let no denied one begin, by IPv4 and IPv6', async () => {
    const streams = async (from: string, to: string, ...args: [port: number, everyMs: number, fresh?: 'fresh']) =>
      Promise.all(
        addresses(to).map(async ip => {
          const stream = (await talkers.get(from)?.talker.stream(ip, ...args)) ?? assert.fail()
          return async () => ({ name: `${from} -> ${ip} ${args.join(' ')}`, ...(await stream.stop()) })
        }),
      )
    const allowed: Stop[] = []
    const denied: Stop[] = []
    for (const [from, to] of ways) {
      allowed.push(...(await streams(from, to, open, 5)), ...(await streams(from, to, open, 20, 'fresh')))
      denied.push(...(await streams(from, to, closed, 20, 'fresh')))
    }
    const size = async (host: Host) => (await inTenant(host, 'nft', 'list', 'table', 'inet', 'skein')).length
    for (const host of scene.lab.hosts) seen.set(host, await generation(host))
    let count = 0
    for (let round = 0; round < updates / 2 / 10; round++) {
      const host = scene.lab.hosts[round % 2] as Host
      for (const [at, name] of Object.keys(changesOf(0, host)).entries()) {
        const [act, undo] = changesOf(10 * round + at, host)[name] ?? assert.fail()
        const before = name === 'many rules' ? await size(scene.one) : 0
        await follows(act, name)
        // commands are longer than what they leave behind, and so more than the child that is there is given
        if (before > 0) await eventually(async () => assert.ok((await size(scene.one)) - before > longestLine))
        await follows(undo, `${name}, undone`)
        count += 2
      }
    }
    assert.equal(count, updates)
    const [whole, none] = await Promise.all([allowed, denied].map(all => Promise.all(all.map(stop => stop()))))
    for (const { name, sent, lost } of whole ?? []) {
      assert.ok(sent > 100, `${name}: ${sent} sent`)
      assert.deepEqual(lost, [], `${name}, of ${sent}`)
    }
    for (const { name, sent, lost } of none ?? []) {
      assert.ok(sent > 100, `${name}: ${sent} sent`)
      assert.equal(lost.length, sent, `${name}: some denied flow came about`)
    }
  })
})
