/** The wire: one switch, a cable per node, the outside with its name server. No link to the machine's own network. */

import { writeFileSync } from 'node:fs'
import { SkeinError } from '../src/lib/errors.ts'
import { holderOf, makeNode, startOnNode, step } from './node.ts'
import { dataDir, maxHosts, outside, planHost, switchName, underlayLength } from './plan.ts'
import { isRunning, lastLines } from './processes.ts'
import { logFileOf } from './records.ts'
import { type Blocked, ebtablesTable, parseBlocked } from './split.ts'
import { until } from './wait.ts'

export async function makeSwitch(): Promise<void> {
  await makeNode(switchName)
  // no spanning tree, no snooping: a port forwards at once, and all kinds of frames
  const bridge = 'link add name br0 type bridge forward_delay 0 mcast_snooping 0'
  await step(switchName, ['ip', '-batch', '-'], `link set lo up\n${bridge}\nlink set br0 up\n`)
}

/**
 * The switch must not hand frames to iptables: a copy of some engine's rules would eat the underlay. The setting
 * exists only once br_netfilter is loaded, which the first engine does; then it is 1 in every namespace.
 */
export async function keepSwitchPlain(): Promise<void> {
  for (const family of ['iptables', 'ip6tables', 'arptables']) {
    await step(switchName, ['sysctl', '-q', '-e', '-w', `net.bridge.bridge-nf-call-${family}=0`])
  }
}

/** Plugs a node into the switch: its `eth0`, with address and, unless it is the outside itself, the default route. */
export async function plugIn(node: string, port: string, address: string): Promise<void> {
  const cable = `link add name ${port} type veth peer name eth0 netns ${holderOf(node).pid}`
  await step(switchName, ['ip', '-batch', '-'], `${cable}\nlink set ${port} master br0 up\n`)
  const route = address === outside.address ? '' : `route add default via ${outside.address}\n`
  const setup = `link set lo up\nlink set eth0 up\naddr add ${address}/${underlayLength} dev eth0\n${route}`
  await step(node, ['ip', '-batch', '-'], setup)
}

/** The outside host: answers pings, and DNS for itself and the hosts; every other name does not exist. */
export async function makeOutside(): Promise<void> {
  await makeNode(outside.name)
  await plugIn(outside.name, outside.port, outside.address)
  const names = `${dataDir}/outside.hosts`
  writeFileSync(names, hostNames())
  const listen = [`--listen-address=${outside.address}`, '--bind-interfaces', '--user=root']
  const isolated = ['--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--pid-file', '--local=/#/']
  const argv = ['dnsmasq', '--keep-in-foreground', '--log-facility=-', ...listen, ...isolated, `--addn-hosts=${names}`]
  const server = await startOnNode(outside.name, 'dns', argv)
  await until(() => listening(server), { timeoutMs: 5000, what: `${outside.name}: the name server did not start` })
}

/** `outside.lab`, `host1.lab`, … and the same without `.lab`, in the format of /etc/hosts. */
function hostNames(): string {
  const hosts = Array.from({ length: maxHosts }, (_, at) => planHost(at + 1))
  return [outside, ...hosts].map(({ address, name }) => `${address} ${name}.lab ${name}\n`).join('')
}

async function listening(server: Parameters<typeof isRunning>[0]): Promise<true | undefined> {
  if (!isRunning(server)) {
    throw new SkeinError('internal', `the name server ended${lastLines(logFileOf(outside.name, 'dns'))}`)
  }
  const sockets = await step(outside.name, ['ss', '-Hlun'])
  return sockets.includes(`${outside.address}:53`) ? true : undefined
}

/** Replaces what the switch blocks. */
export async function setBlocked(blocked: readonly Blocked[]): Promise<void> {
  await step(switchName, ['ebtables-restore'], ebtablesTable(blocked))
}

export async function getBlocked(): Promise<Blocked[]> {
  return parseBlocked(await step(switchName, ['ebtables-save']))
}
