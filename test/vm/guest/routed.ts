/** A VLAN network of both families whose router is the plain host, and what lies beyond that. */
import assert from 'node:assert/strict'
import {
  type Body,
  type Frame,
  icmp,
  ipBytes,
  labelsIn,
  macOption,
  sending,
  udp,
  watching,
} from '../../lab/policies/frames.ts'
import { eventually } from '../../lab/support/index.ts'
import { addressesFor, connect, type Inside } from './inside.ts'
import { patience } from './patience.ts'
import { captured, joinVlan, reaches, run, type Wire } from './wire.ts'

export const routed = {
  name: 'routed',
  tag: 113,
  /** Of `docker network create`. */
  creation: [
    ...['-d', 'mesh', '--ipam-driver', 'mesh', '-o', 'encap=vlan', '-o', 'pkt-tag=113'],
    ...[
      '--subnet',
      '10.8.0.0/24',
      '--gateway',
      '10.8.0.254',
      '--ipv6',
      '--subnet',
      'fd00:8::/64',
      '--gateway',
      'fd00:8::fe',
    ],
  ],
  router: { ip: '10.8.0.254', ip6: 'fd00:8::fe' },
  /** Addresses of the router that are in no network of Skein. */
  beyond: { ip: '10.20.0.1', ip6: 'fd00:20::1' },
} as const

export interface Scene {
  readonly wire: Wire
  readonly near: Inside
  readonly far: Inside
}

export async function joinRouter(wire: Wire): Promise<void> {
  const { tag, router, beyond } = routed
  await joinVlan(wire.plain, tag, [`${router.ip}/24`, `${router.ip6}/64`], [`${beyond.ip}/32`, `${beyond.ip6}/128`])
}

/** Containers to each other and to the router, both ways. */
export async function checkNeighbours({ wire: { plain, wire }, near, far }: Scene): Promise<void> {
  await Promise.all([near, far].map(container => connect(routed.name, container)))
  const [here, there] = await Promise.all([near, far].map(container => container.address6(routed.name)))
  assert.ok(here && there)
  await eventually(() => reaches(near, there), patience)
  for (const container of [near, far]) await eventually(() => reaches(container, routed.router.ip6), patience)
  await reaches(plain, here)
  const filter = `vlan ${routed.tag} and icmp6 and host ${there}`
  const lines = await captured(wire, 'host1', filter, () => reaches(near, there))
  for (const line of lines) assert.match(line, /vlan 113, p 0, ethertype IPv6 .*ICMP6/)
  const asking = `vlan ${routed.tag} and ip6 and ip6[6] = 58 and (ip6[40] = 135 or ip6[40] = 136)`
  await captured(wire, 'host1', asking, async () => {
    // what is forgotten is asked for again, on the wire
    await near.exec('ip', '-6', 'neigh', 'flush', 'all')
    await reaches(near, there)
  })
}

/** What is beyond the router is reached by it, with the container's own address, and reaches the container. */
export async function checkBeyond({ wire: { plain }, near, far }: Scene): Promise<void> {
  const { beyond } = routed
  const check = async (container: Inside) => {
    for (const target of [beyond.ip, beyond.ip6]) await eventually(() => reaches(container, target), patience)
    const [own, own6] = [await container.address(routed.name), await container.address6(routed.name)]
    await eventually(() => reaches(plain, own, beyond.ip), patience)
    await eventually(() => reaches(plain, own6, beyond.ip6), patience)
  }
  await Promise.all([near, far].map(check))
}

/** Docker's own way is there as ever: the default route, and by it the names of the mesh. */
export async function checkDockersWay({ near, far }: Scene): Promise<void> {
  const { stdout } = await near.exec('ip', 'route', 'show', 'default')
  assert.match(stdout, /^default via \S+ dev eth1 *$/m)
  const address = await far.address(routed.name)
  await eventually(async () => {
    const found = await addressesFor(near, far.name)
    assert.ok(found.includes(address), `${far.name}: ${found}`)
  }, patience)
}

/** What a container says in another's name goes nowhere, nor what a router of the wire says of addresses and ways. */
export async function checkForged({ wire: { plain }, near, far }: Scene): Promise<void> {
  const [own, there] = [await speaker(near), await speaker(far)]
  const router = { mac: await macOf(plain, `eth0.${routed.tag}`), ip6: routed.router.ip6 }
  await far.exec(...watching.begin)
  await run(plain, ...watching.begin)
  const frame = (from: Speaker, to: Speaker, label: number, body: Body, more: Partial<Frame> = {}): Frame => {
    return { from: from.mac, to: to.mac, src: from.ip6, dst: to.ip6, label, body, ...more }
  }
  const answer = (of: string) => icmp(136, ipBytes(of), macOption(2, own.mac))
  const forged = [
    frame(own, there, 0x201, answer(router.ip6)),
    frame(own, there, 0x202, answer(there.ip6)),
    frame(own, router, 0x203, answer(there.ip6)),
    frame(own, router, 0x204, udp(9), { src: there.ip6 }),
  ]
  const sound = [frame(own, there, 0x101, answer(own.ip6)), frame(own, router, 0x102, udp(9))]
  await near.exec(...sending(await indexOf(near), [...forged, ...sound]))
  const link = 'fe80::1'
  const all = { mac: '33:33:00:00:00:01', ip6: 'ff02::1' }
  const wire = [
    frame(router, all, 0x205, icmp(134, lifetimes, prefix, macOption(1, router.mac)), { src: link }),
    frame(router, there, 0x206, icmp(137, ipBytes(own.ip6), ipBytes(own.ip6)), { src: link }),
    frame(router, there, 0x103, udp(9)),
  ]
  await run(plain, ...sending(await indexOf(plain, `eth0.${routed.tag}`), wire))
  await eventually(async () => {
    const seen = [...(await labels(far)), ...(await labels(plain))].filter(isOfTest).sort()
    assert.deepEqual(seen, [0x101, 0x102, 0x103])
  }, patience)
  const { stdout } = await far.exec('ip', '-6', '-o', 'addr', 'show', 'dynamic')
  assert.equal(stdout, '', 'no address from an advertisement')
}

/** Of an advertisement: reachable and retransmission time, neither said. */
const lifetimes = Buffer.alloc(8)
/** fd00:8::/64 for addresses of one's own making (RFC 4861, 4.6.2), for an hour. */
const prefix = Buffer.concat([Buffer.from('030440c000000e1000000e1000000000', 'hex'), ipBytes('fd00:8::')])

interface Speaker {
  readonly mac: string
  readonly ip6: string
}

async function speaker(container: Inside): Promise<Speaker> {
  return { mac: await container.mac(routed.name), ip6: await container.address6(routed.name) }
}

interface RawLink {
  ifindex: number
  address: string
  addr_info: { local: string }[]
}

async function indexOf(at: Inside | Wire['plain'], device = ''): Promise<number> {
  const own = 'pid' in at ? await at.address(routed.name) : ''
  const raw = JSON.parse((await run(at, 'ip', '-j', 'addr', 'show', ...(device ? ['dev', device] : []))).stdout)
  const found = (raw as RawLink[]).find(link => own === '' || link.addr_info.some(({ local }) => local === own))
  assert.ok(found, `${at.name} has a device ${device || own}`)
  return found.ifindex
}

async function macOf(at: Wire['plain'], device: string): Promise<string> {
  const [link] = JSON.parse((await run(at, 'ip', '-j', 'link', 'show', 'dev', device)).stdout) as RawLink[]
  assert.ok(link)
  return link.address
}

/** The kernel labels what it sends, too. */
function isOfTest(label: number): boolean {
  return label < 0x300
}

async function labels(at: Inside | Wire['plain']): Promise<Set<number>> {
  return labelsIn((await run(at, ...watching.show)).stdout)
}
