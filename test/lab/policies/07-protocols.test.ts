/** Rules by the number of a protocol, met by packets of it. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'mocha'
import { macOf, parseIp } from '../../../src/model/ip.ts'
import type { RuleRequest } from '../../../src/model/rule.ts'
import { eventually } from '../../support/eventually.ts'
import { sendBytes } from './frames.ts'
import { type End, packetBytes, packetsSeen, watchPackets } from './packets.ts'
import { bothHave, type Scene, upScene } from './scene.ts'

const families = [4, 6] as const
type Family = (typeof families)[number]

/** What is sent of each family. Connection tracking knows ICMP in IPv4 and ICMPv6 in IPv6 alone. */
const protocols: Readonly<Record<Family, readonly number[]>> = {
  4: [0, 1, 2, 17, 47, 50, 51, 58, 89, 132, 255],
  6: [2, 17, 47, 50, 58, 89, 132, 255],
}
/** Of no use to anybody: no rule denies it, so when the last packet is of it and is there, those before it are too, if they come at all. */
const last = 253
/** Headers of IPv6 that others may follow. */
const extensions = [0, 43, 51, 60]

const endOf = (last: number): End => {
  const ip = `10.1.6.${last}`
  return { ip, mac: macOf(parseIp(ip) ?? 0), ip6: `fd00:6::${last.toString(16)}` }
}
const ends = { near: endOf(0x11), far: endOf(0x12), db: endOf(0x21) }

interface Said {
  readonly family: Family
  readonly protocol: number
  readonly behind?: number
}

describe('policies: protocols', function () {
  this.timeout(60_000)
  let scene: Scene
  let labels = 0
  const senders = () => [[scene.one, 'near'] as const, [scene.two, 'far'] as const]

  before(async () => {
    scene = await upScene()
    const { one, two } = scene
    const network = await one.ask('create', 'default', 'six', 0, '10.1.6.0/24', '', 'fd00:6::/64')
    await eventually(() => two.ask('knows', network), 20_000)
    for (const host of [one, two]) await host.ask('ensure', network)
    await one.ask('rules', 'default', 'p', {})
    const group = await one.ask('group', network, 'db', ['p'])
    for (const [host, name] of [...senders(), [one, 'db'] as const]) {
      await host.container(network, name, ends[name].ip, name === 'db' ? group : '', ends[name].ip6)
    }
    await watchPackets(one, 'db')
    for (const [host, name] of senders()) {
      for (const ip of [ends.db.ip, ends.db.ip6]) await eventually(async () => assert.ok(await host.pings(name, ip, 1)))
    }
  })
  after(() => scene?.down())

  /** These and no others, on both hosts. */
  const rules = async (added: Record<string, RuleRequest>, removed: string[] = []) => {
    await scene.one.ask('rules', 'default', 'p', added, removed)
    await bothHave(scene.lab.hosts, Object.keys(added).length)
  }

  /** Sends each packet, from the same host and from the other; of both the same must come, and nothing else. */
  async function assertReaching(asked: readonly Said[], passes: (said: Said) => boolean): Promise<void> {
    const packets = [...asked, ...families.map((family): Said => ({ family, protocol: last }))]
    const sent = new Map<string, string>()
    const expected: string[] = []
    for (const [host, name] of senders()) {
      const bytes = packets.map(said => {
        const what = `${name} IPv${said.family} ${said.behind ?? ''} ${said.protocol}`
        sent.set(`${said.family} ${++labels}`, what)
        if (said.protocol === last || passes(said)) expected.push(what)
        return packetBytes({ ...said, from: ends[name], to: ends.db, label: labels })
      })
      await sendBytes(host, name, bytes)
    }
    const reached = async () => {
      const seen = await packetsSeen(scene.one, 'db')
      return [...sent].flatMap(([key, what]) => (seen.has(key) ? [what] : []))
    }
    await eventually(async () => assert.deepEqual(await reached(), expected))
  }

  const all: Said[] = families.flatMap(family => protocols[family].map(protocol => ({ family, protocol })))
  /** ICMPv6 in IPv4 is nothing that connection tracking takes. */
  const isTracked = ({ family, protocol }: Said) => family === 6 || protocol !== 58

  it('pass where no rule is about them', () => assertReaching(all, isTracked))

  it('are denied by a rule alone, and by one of many, and flows that stand with them', async () => {
    await rules({ '1': { action: 'deny', protocol: '47' } })
    await assertReaching(all, said => isTracked(said) && said.protocol !== 47)
    const denied = ['0', '50', '132', '255', 'icmp']
    const many = Object.fromEntries(denied.map((protocol, at) => [`${10 + at}`, { action: 'deny', protocol }]))
    await rules(many, ['1'])
    await assertReaching(all, said => {
      const isIcmp = said.protocol === (said.family === 4 ? 1 : 58)
      return isTracked(said) && !isIcmp && !denied.includes(`${said.protocol}`)
    })
    await rules({}, Object.keys(many))
  })

  it('are allowed above a deny of all', async () => {
    const allowed = ['0', '47', '58', '132', '255', `${last}`]
    const some = allowed.map((protocol, at) => [`${20 + at}`, { action: 'allow', protocol, priority: 2 }] as const)
    const added = { '1': { action: 'deny' }, ...Object.fromEntries(some) }
    await rules(added)
    await assertReaching(all, said => isTracked(said) && allowed.includes(`${said.protocol}`))
    await rules({}, Object.keys(added))
  })

  it('are in IPv6 what is behind the headers before it', async () => {
    const hidden = extensions.flatMap(behind => [17, 89].map(protocol => ({ family: 6 as const, protocol, behind })))
    await rules({ '1': { action: 'deny', protocol: 'udp' } })
    await assertReaching(hidden, ({ protocol }) => protocol !== 17)
    const denied = extensions.map((number, at) => [`${30 + at}`, { action: 'deny', protocol: `${number}` }] as const)
    await rules(Object.fromEntries(denied), ['1'])
    await assertReaching(hidden, () => true)
    await rules({}, Object.keys(Object.fromEntries(denied)))
  })
})
