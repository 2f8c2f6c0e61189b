/**
 * Two tenants with one network each, both of the same name, addresses, MACs and group, on two VLANs of one wire; on each a plain host that
 * is its router.
 */
import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import { holderOf } from '../../../lab/node.ts'
import type { RuleObject } from '../../../src/api/types.ts'
import { type Speaker, speakAt } from '../../lab/groups/speakers.ts'
import { eventually } from '../../lab/support/index.ts'
import { networksOf } from './engine.ts'
import { type Inside, startInside } from './inside.ts'
import { apply, reserve } from './objects.ts'
import { patience } from './patience.ts'
import { addPlain, joinVlan, type Wire } from './wire.ts'

/** Of either tenant. */
export const shop = {
  subnet: '10.9.0.0/24',
  subnet6: 'fd00:9::/64',
  router: { ip: '10.9.0.254', ip6: 'fd00:9::fe' },
  /** Beyond the router: in no network. */
  beyond: '10.20.0.1',
} as const

const members = ['10.9.0.11', '10.9.0.12'] as const

export const tenants = ['default', 'blue'] as const
export type Tenant = (typeof tenants)[number]

interface Plan {
  readonly tag: number
  /** Of the group. */
  readonly rules: readonly RuleObject[]
  /** Of the members on hosts one and two: each address is on the other host in the other tenant. */
  readonly ips: readonly [string, string]
}

const plans: Record<Tenant, Plan> = {
  default: {
    tag: 120,
    rules: [
      { id: '1', direction: 'in', protocol: 'tcp', action: 'deny' },
      { id: '2', direction: 'in', protocol: 'tcp', port: 8888, action: 'allow', priority: 10 },
      { id: '3', direction: 'out', protocol: 'tcp', port: 8890, toIp: '10.20.0.0/24', action: 'deny' },
    ],
    ips: members,
  },
  blue: {
    tag: 121,
    rules: [{ id: '1', direction: 'in', protocol: 'tcp', port: 8888, action: 'deny' }],
    ips: [members[1], members[0]],
  },
}

export interface Shop {
  readonly tenant: Tenant
  /** The group's containers on hosts one and two, and what speaks in them. */
  readonly containers: readonly [Inside, Inside]
  readonly db1: Speaker
  readonly db2: Speaker
  /** The plain host. */
  readonly plain: Speaker
}

export interface Shops extends Readonly<Record<Tenant, Shop>> {
  /** Ends who speaks. The rest is gone with the machine. */
  close(): Promise<void>
}

/** What ports of the default tenant's member on host one are published as. */
export const published = { 8888: 8080, 8889: 8081 }

/** What fails is closed before it is told: programs that go on would keep the run from its end. */
export async function openShops({ one, two }: Wire): Promise<Shops> {
  const speakers: Promise<Speaker>[] = []
  const speak: Speak = (pid, who) => {
    const started = speakAt(pid, who)
    speakers.push(started)
    return started
  }
  const silence = async () => {
    for (const each of await Promise.allSettled(speakers)) if (each.status === 'fulfilled') await each.value.stop()
  }
  try {
    return { ...(await open([one, two], speak)), close: silence }
  } catch (error) {
    await silence()
    throw error
  }
}

type Speak = typeof speakAt

async function open(hosts: readonly [LabHost, LabHost], speak: Speak): Promise<Record<Tenant, Shop>> {
  // one after the other: for both at once emulated hosts take longer than Docker and Skein wait, and begin again
  return { default: await openShop(hosts, 'default', speak), blue: await openShop(hosts, 'blue', speak) }
}

async function openShop(hosts: readonly [LabHost, LabHost], tenant: Tenant, speak: Speak): Promise<Shop> {
  const { tag, rules, ips } = plans[tenant]
  const network = { tenant, name: 'shop', encap: 'vlan', pktTag: tag } as const
  const { subnet, subnet6, router } = shop
  await apply(hosts[0], {
    tenants: tenant === 'default' ? [] : [{ name: tenant }],
    networks: [{ ...network, subnet, gateway: router.ip, subnet6, gateway6: router.ip6 }],
    policies: [{ tenant, name: 'p', rules: [...rules] }],
    groups: [{ tenant, name: 'db', network: 'shop', policies: ['p'] }],
  })
  const shown = async () => {
    for (const host of hosts) assert.ok((await networksOf(host)).includes(dockerName(tenant)), host.name)
  }
  const [plain] = await Promise.all([openPlain(tenant, speak), eventually(shown, patience)])
  // before containers are started, which leaves no host the time to answer
  for (const at of [0, 1] as const) await eventually(() => reserve(hosts[at], `${tenant}:shop`, ips[at]), patience)
  return { ...(await openMembers(hosts, tenant, speak)), plain }
}

const dockerName = (tenant: Tenant) => (tenant === 'default' ? 'db.shop' : `db.shop/${tenant}`)

async function openMembers(
  hosts: readonly [LabHost, LabHost],
  tenant: Tenant,
  speak: Speak,
): Promise<Omit<Shop, 'plain'>> {
  const network = dockerName(tenant)
  const member = async (at: 0 | 1) => {
    const publish = tenant === 'default' && at === 0 ? published : {}
    const container = await startInside(hosts[at], network, `${tenant}-db${at + 1}`, {
      ip: plans[tenant].ips[at],
      publish,
    })
    const [ip, ip6] = [await container.address(network), await container.address6(network)]
    return { container, speaker: await speak(container.pid, { name: container.name, ip, ip6 }) }
  }
  const [first, second] = await Promise.all([member(0), member(1)])
  return { tenant, containers: [first.container, second.container], db1: first.speaker, db2: second.speaker }
}

async function openPlain(tenant: Tenant, speak: Speak): Promise<Speaker> {
  const name = `plain-${tenant}`
  const { router, beyond } = shop
  await joinVlan(await addPlain(name), plans[tenant].tag, [`${router.ip}/24`, `${router.ip6}/64`], [`${beyond}/32`])
  return speak(holderOf(name).pid, { name, ...router })
}
