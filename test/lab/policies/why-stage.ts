/**
 * Two tenants with the same names, addresses and MACs on both hosts: three networks each, of which two are routed to each other.
 */
import assert from 'node:assert/strict'
import { eventually } from '../../support/eventually.ts'
import type { Host } from '../datapath/lab.ts'
import { type Scene, upScene } from './scene.ts'
import type { Talker } from './talker.ts'

export const families = [4, 6] as const
export const ports = [8888, 8889]

/** Of each tenant; `lan` and `app` are routed to each other. */
export const networks = {
  web: { ipv4: ['10.1.1.0/24', ''], ipv6: ['fd00:1::/64', ''], group: 'front' },
  lan: { ipv4: ['10.1.2.0/24', '10.1.2.254'], ipv6: ['fd00:2::/64', 'fd00:2::fe'], group: 'db' },
  app: { ipv4: ['10.1.3.0/24', '10.1.3.1'], ipv6: ['fd00:3::/64', 'fd00:3::1'], group: 'job' },
} as const
type NetworkName = keyof typeof networks
export const networkNames = Object.keys(networks) as NetworkName[]
export const groups = networkNames.map(name => networks[name].group)

/** Every address is in both tenants, on one host and on two. */
export const places = {
  a: { ip: '10.1.1.11', network: 'web' },
  b: { ip: '10.1.1.12', network: 'web' },
  c: { ip: '10.1.2.11', network: 'lan' },
  d: { ip: '10.1.2.12', network: 'lan' },
  e: { ip: '10.1.3.11', network: 'app' },
} as const
/** Of each tenant: on which host, and whether in the group of its network. */
export const plan = {
  default: { a: [1, true], b: [2, true], c: [1, true], d: [2, false], e: [2, true] },
  blue: { a: [1, false], b: [1, true], c: [2, true], d: [2, true], e: [1, true] },
} as const
export type Tenant = keyof typeof plan
export type Letter = keyof typeof places
export const tenants = Object.keys(plan) as Tenant[]
export const letters = Object.keys(places) as Letter[]

export interface Try {
  readonly tenant: Tenant
  readonly from: Letter
  readonly to: Letter
  readonly flow: string
  readonly family: 4 | 6
}

function ip6Of(letter: Letter): string {
  const { ip, network } = places[letter]
  return networks[network].ipv6[0].replace('/64', Number(ip.split('.')[3]).toString(16))
}

export const tries: Try[] = tenants.flatMap(tenant =>
  letters.flatMap(from =>
    letters
      .filter(to => to !== from)
      .flatMap(to => {
        const flows = ['icmp', ...ports.flatMap(port => [`tcp/${port}`, `udp/${port}`])]
        return families.flatMap(family => flows.map(flow => ({ tenant, from, to, flow, family })))
      }),
  ),
)

export interface Stage {
  readonly scene: Scene
  readonly hosts: readonly [Host, Host]
  /** Of a network or group of a tenant. */
  idOf(tenant: Tenant, name: string): string
  /** Until both hosts hold the same state. */
  agree(): Promise<void>
  /** What a packet does: true if it passes. Fails if anybody else answers (I4). */
  passes(packet: Try, limitMs: number): Promise<boolean>
}

export function nameOf(tenant: Tenant, letter: Letter): string {
  return `${tenant}-${letter}`
}

export function addressOf(letter: Letter, family: 4 | 6): string {
  return family === 4 ? places[letter].ip : ip6Of(letter)
}

export function groupOf(letter: Letter): string {
  return networks[places[letter].network].group
}

/** Those of the tenant that are in it. */
export function membersOf(tenant: Tenant, group: string): Letter[] {
  return letters.filter(letter => plan[tenant][letter][1] && groupOf(letter) === group)
}

export async function upStage(): Promise<Stage> {
  const scene = await upScene(networks.web.ipv6[0])
  try {
    return await fill(scene)
  } catch (error) {
    await scene.down()
    throw error
  }
}

async function fill(scene: Scene): Promise<Stage> {
  const { one, two, web } = scene
  const hosts = [one, two] as const
  const hostOf = (tenant: Tenant, letter: Letter) => hosts[plan[tenant][letter][0] - 1] as Host
  const ids = new Map([['default web', web]])
  const idOf = (tenant: Tenant, name: string) => ids.get(`${tenant} ${name}`) ?? assert.fail(name)
  const talkers = new Map<string, Talker>()
  const agree = async () => {
    await eventually(async () => assert.equal(await two.ask('digest'), await one.ask('digest')), 20_000)
  }
  for (const tenant of tenants) {
    for (const name of networkNames) {
      const { ipv4, ipv6, group } = networks[name]
      const key = `${tenant} ${name}`
      const id = ids.get(key) ?? (await one.ask('create', tenant, name, 0, ...ipv4, ...ipv6))
      ids.set(key, id)
      await eventually(() => two.ask('knows', id), 20_000)
      for (const host of hosts) await host.ask('ensure', id)
      ids.set(`${tenant} ${group}`, await one.ask('group', id, group, []))
    }
    await agree()
    for (const letter of letters) {
      const { ip, network } = places[letter]
      const group = plan[tenant][letter][1] ? idOf(tenant, groupOf(letter)) : ''
      const name = nameOf(tenant, letter)
      const host = hostOf(tenant, letter)
      talkers.set(name, await scene.container(host, name, ip, group, idOf(tenant, network), ip6Of(letter)))
    }
  }
  await agree()
  return {
    ...{ scene, hosts, idOf, agree },
    async passes({ tenant, from, to, flow, family }, limitMs) {
      const [protocol, port] = flow.split('/')
      const [sender, receiver] = [nameOf(tenant, from), nameOf(tenant, to)]
      const ip = addressOf(to, family)
      if (protocol === 'icmp') return hostOf(tenant, from).pings(sender, ip, 1)
      const talker = talkers.get(sender) ?? assert.fail(sender)
      if (protocol === 'tcp') return (await talker.tries('tcp', ip, Number(port), limitMs)) === true
      const name = await talker.who(ip, Number(port), limitMs)
      assert.ok(name === false || name === receiver, `I4: ${name} answers ${sender}`)
      return name !== false
    },
  }
}
