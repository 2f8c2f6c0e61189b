/** Two hosts with one network, and containers of it that talk: what most tests of policies begin with. */
import assert from 'node:assert/strict'
import type { RuleRequest } from '../../../src/model/rule.ts'
import { eventually } from '../../support/eventually.ts'
import { type Host, Lab, startMesh } from '../datapath/lab.ts'
import { ports, startTalker, type Talker } from './talker.ts'

/** The tutorial's rules, chapter 5: TCP to the group is denied, but for one port. */
export const tutorialRules: Record<string, RuleRequest> = {
  '1': { direction: 'in', protocol: 'tcp', action: 'deny' },
  '2': { direction: 'in', protocol: 'tcp', port: 8888, action: 'allow', priority: 10 },
}

export interface Scene {
  readonly lab: Lab
  readonly one: Host
  readonly two: Host
  readonly web: string
  /** Makes a container, waits until both hosts know it, and starts its talker. */
  container(host: Host, name: string, ip: string, group?: string, network?: string, ip6?: string): Promise<Talker>
  /** All that `down` stops. */
  readonly talkers: Talker[]
  down(): Promise<void>
}

/** @param web6 IPv6 prefix of network `web`, '' for none */
export async function upScene(web6 = ''): Promise<Scene> {
  const lab = new Lab()
  try {
    return await upHosts(lab, web6)
  } catch (error) {
    await lab.down() // nobody else can
    throw error
  }
}

async function upHosts(lab: Lab, web6: string): Promise<Scene> {
  await lab.up(2)
  await startMesh(lab.hosts)
  const [one, two] = lab.hosts as [Host, Host]
  const web = await one.ask('create', 'default', 'web', 0, '10.1.1.0/24', '', web6)
  await eventually(() => two.ask('knows', web), 20_000)
  for (const host of lab.hosts) await host.ask('ensure', web)
  const talkers: Talker[] = []
  return {
    ...{ lab, one, two, web, talkers },
    async container(host, name, ip, group = '', network = web, ip6 = '') {
      await host.container(network, name, ip, group, ip6)
      const talker = await startTalker(host, name, ip, ports)
      talkers.push(talker)
      return talker
    },
    async down() {
      await Promise.all(talkers.map(talker => talker.stop().catch(() => undefined)))
      await lab.down()
    },
  }
}

/** The table of the tenant's rules in the host's kernel, without counts. */
export function tableOf(host: Host): Promise<string> {
  return host.exec('ip', 'netns', 'exec', 'skein-default', 'nft', '-s', 'list', 'table', 'inet', 'skein')
}

/** Waits until the kernels of both hosts hold so many rules. */
export async function bothHave(hosts: readonly Host[], count: number): Promise<void> {
  for (const host of hosts) {
    await eventually(async () => assert.equal((await tableOf(host)).match(/counter r_\w+ \{/g)?.length ?? 0, count))
  }
}

/** `name tcp 8888`: which of the three ports open to TCP. */
export async function openPorts(from: Talker, to: Talker): Promise<number[]> {
  const opened = await Promise.all(ports.map(port => from.tries('tcp', to.ip, port)))
  return ports.filter((_, at) => opened[at] === true)
}

/** An answer that is due may take longer than silence does, on a busy machine; none that is not may ever come. */
export async function assertOpen(from: Talker, to: Talker, expected: readonly number[]): Promise<void> {
  const seen = await openPorts(from, to)
  const late = expected.filter(port => !seen.includes(port))
  const answers = await Promise.all(late.map(port => from.tries('tcp', to.ip, port, 2_000)))
  const open = ports.filter(port => seen.includes(port) || answers[late.indexOf(port)] === true)
  assert.deepEqual(open, expected, `${from.ip} -> ${to.ip}`)
}
