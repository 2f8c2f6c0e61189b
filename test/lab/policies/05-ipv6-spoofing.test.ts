/** What a container may say of itself in IPv6: every frame here is sent beside one that differs in what is forged. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'mocha'
import { linkLocal } from '../../../src/datapath/spoof-elements.ts'
import { macOf, parseIp } from '../../../src/model/ip.ts'
import { eventually } from '../../support/eventually.ts'
import type { Host } from '../datapath/lab.ts'
import {
  type Body,
  type Frame,
  icmp,
  ipBytes,
  labelsSeen,
  macOption,
  nonceOption,
  sendFrames,
  udp,
  watchLabels,
} from './frames.ts'
import { type Scene, upScene } from './scene.ts'

const [own, other, target] = [0x11, 0x12, 0x21].map(last => {
  const mac = macOf((parseIp('10.1.6.0') ?? 0) + last)
  return { mac, ip6: `fd00:6::${last.toString(16)}`, local: linkLocal(mac) }
}) as [Speaker, Speaker, Speaker]

interface Speaker {
  readonly mac: string
  readonly ip6: string
  readonly local: string
}

type Said = Partial<Frame> & { readonly body: Body }

const ask = (ip: string, ...options: Buffer[]) => icmp(135, ipBytes(ip), ...options)
const answer = (ip: string, ...options: Buffer[]) => icmp(136, ipBytes(ip), ...options)
const hop = (body: Body): Body => ({ ...body, hopByHop: true })
const group = ipBytes('ff02::1:ff00:1')

const sound: Record<string, Said> = {
  'a datagram': { body: udp(9) },
  'a question': { body: ask(target.ip6, macOption(1, own.mac)) },
  'a question by the link-local address': { src: own.local, body: ask(target.ip6, macOption(1, own.mac)) },
  'a question without a MAC': { body: ask(target.ip6) },
  'an answer': { body: answer(own.ip6, macOption(2, own.mac)) },
  'an answer for the link-local address': { src: own.local, body: answer(own.local, macOption(2, own.mac)) },
  'a probe for its address': { src: '::', body: ask(own.local) },
  'a probe with a nonce': { src: '::', body: ask(own.local, nonceOption) },
  'a report of a listener': {
    src: own.local,
    dst: 'ff02::16',
    body: hop(icmp(143, Buffer.from('04000000', 'hex'), group)),
  },
  'a first report of a listener': {
    src: '::',
    dst: 'ff02::16',
    body: hop(icmp(143, Buffer.from('04000000', 'hex'), group)),
  },
}
const forged: Record<string, Said> = {
  'a datagram of another address': { src: other.ip6, body: udp(9) },
  'a datagram of another MAC': { from: other.mac, body: udp(9) },
  'a datagram of another link-local address': { src: other.local, body: udp(9) },
  'a datagram of its link-local address': { src: own.local, body: udp(9) },
  'a datagram to a link-local address': { dst: target.local, body: udp(9) },
  'a datagram of no address': { src: '::', body: udp(9) },
  'a datagram in a tag': { vlan: 7, body: udp(9) },
  'a question of another address': { src: other.ip6, body: ask(target.ip6, macOption(1, own.mac)) },
  'a question with another MAC': { body: ask(target.ip6, macOption(1, other.mac)) },
  'a question with another MAC behind an option': { body: ask(target.ip6, nonceOption, macOption(1, other.mac)) },
  "a question with an answer's option": { body: ask(target.ip6, macOption(2, own.mac)) },
  'a probe for another address': { src: '::', body: ask(other.local) },
  'a probe with a MAC': { src: '::', body: ask(own.local, macOption(1, own.mac)) },
  'an answer for another address': { body: answer(other.ip6, macOption(2, own.mac)) },
  'an answer by another address': { src: other.ip6, body: answer(other.ip6, macOption(2, own.mac)) },
  'an answer with another MAC': { body: answer(own.ip6, macOption(2, other.mac)) },
  'an answer with another MAC behind an option': { body: answer(own.ip6, nonceOption, macOption(2, other.mac)) },
  'an answer from another MAC': { from: other.mac, body: answer(own.ip6, macOption(2, own.mac)) },
  'an answer behind a header': { body: hop(answer(other.ip6, macOption(2, own.mac))) },
  "a router's question": { body: icmp(133, macOption(1, own.mac)) },
  "a router's advertisement": { src: own.local, dst: 'ff02::1', body: icmp(134, Buffer.alloc(8)) },
  'a redirect': { src: own.local, body: icmp(137, ipBytes(own.ip6), ipBytes(other.ip6)) },
  'a query of listeners': { src: own.local, dst: 'ff02::1', body: icmp(130, Buffer.alloc(16)) },
  'a report of a listener to one host': { src: own.local, body: hop(icmp(143, Buffer.from('04000000', 'hex'), group)) },
  'a report of a listener by another': {
    src: other.local,
    body: hop(icmp(143, Buffer.from('04000000', 'hex'), group)),
  },
}

describe('policies: forged IPv6', function () {
  this.timeout(60_000)
  let scene: Scene
  let network = ''

  const framesOf = (said: readonly Said[], to: Speaker, first: number): Frame[] =>
    said.map((each, at) => ({ from: own.mac, to: to.mac, src: own.ip6, dst: to.ip6, label: first + at, ...each }))

  before(async () => {
    scene = await upScene()
    const { one, two } = scene
    network = await one.ask('create', 'default', 'six', 0, '10.1.6.0/24', '', 'fd00:6::/64')
    await eventually(() => two.ask('knows', network), 20_000)
    for (const host of [one, two]) await host.ask('ensure', network)
    const put = (host: Host, name: string, last: number) =>
      host.container(network, name, `10.1.6.${last}`, '', `fd00:6::${last.toString(16)}`)
    await put(one, 'own', 0x11)
    await put(two, 'other', 0x12)
    await put(one, 'target', 0x21)
    for (const [host, name] of [
      [one, 'target'],
      [two, 'other'],
    ] as const) {
      await watchLabels(host, name)
    }
    await eventually(async () => assert.ok(await one.pings('own', other.ip6, 1)))
    await eventually(async () => assert.ok(await one.pings('own', target.ip6, 1)))
  })
  after(() => scene?.down())

  it('goes nowhere, and what is sound arrives', async () => {
    const soundFrames = framesOf(Object.values(sound), target, 0x100)
    const forgedFrames = framesOf(Object.values(forged), target, 0x200)
    await sendFrames(scene.one, 'own', [...forgedFrames, ...soundFrames])
    const names = new Map([
      ...Object.keys(sound).map((name, at) => [0x100 + at, name] as const),
      ...Object.keys(forged).map((name, at) => [0x200 + at, name] as const),
    ])
    await eventually(async () => {
      const seen = await labelsSeen(scene.one, 'target')
      assert.deepEqual(
        [...names].flatMap(([label, name]) => (seen.has(label) ? [name] : [])),
        Object.keys(sound),
      )
    })
  })

  it('of a host that does not guard its containers: the receiver takes no questions, and nothing of routers', async () => {
    const { one, two } = scene
    const refused = [
      "a router's advertisement",
      'a redirect',
      "a router's question",
      'a query of listeners',
      'a question',
    ]
    const all = { ...sound, ...forged }
    const passing = framesOf([{ body: udp(9) }, { body: answer(own.ip6, macOption(2, own.mac)) }], other, 0x300)
    const dropped = framesOf(
      refused.map(name => all[name] as Said),
      other,
      0x310,
    )
    await eventually(async () => {
      await one.code('ip', 'netns', 'exec', 'skein-default', 'nft', 'delete', 'table', 'bridge', 'skein')
      await sendFrames(one, 'own', [...dropped, ...passing])
      const seen = await labelsSeen(two, 'other')
      assert.ok(
        passing.every(({ label }) => seen.has(label)),
        'again if the regular check came in between',
      )
    })
    const seen = await labelsSeen(two, 'other')
    assert.deepEqual(
      dropped.flatMap(({ label }, at) => (seen.has(label) ? [refused[at]] : [])),
      [],
    )
  })

  it('the guard is put back with what it knew', async () => {
    const guard = () =>
      scene.one.exec('ip', 'netns', 'exec', 'skein-default', 'nft', 'list', 'table', 'bridge', 'skein')
    await eventually(async () => assert.match(await guard(), /fd00:6::11/), 10_000)
    await scene.one.killPeer()
    await scene.one.startPeer()
    await scene.one.ask('ensure', network)
    assert.match(await guard(), /fd00:6::11/)
    assert.ok(await scene.one.pings('own', other.ip6, 1))
  })
})
