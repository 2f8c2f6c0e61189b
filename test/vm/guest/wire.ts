/** Two hosts of a lab with a second cable each, `eth2`, on a wire of its own; and a plain host on that wire. */
import assert from 'node:assert/strict'
import { afterEach, before } from 'mocha'
import { createHost } from '../../../lab/host.ts'
import { type Lab, type LabHost, type LabNode, lastLines, membersReady, planHost, upLab } from '../../../lab/index.ts'
import { createNode, holderOf, makeNode, step } from '../../../lab/node.ts'
import type { Inside } from './inside.ts'
import { patience } from './patience.ts'

export interface Wire {
  readonly lab: Lab
  readonly one: LabHost
  readonly two: LabHost
  /** Knows nothing of Skein: 192.168.3.100 untagged on its eth0; `vlan` gives it an address in a VLAN. */
  readonly plain: LabNode
  /** Its bridge `br0` is the wire. */
  readonly wire: LabNode
}

/** The hosts' own addresses on the wire, which Skein must leave alone. */
export const uplinkAddress = { host1: '192.168.3.10', host2: '192.168.3.11', plain: '192.168.3.100' } as const

let whole: Promise<Wire> | undefined

/** The wire of all suites of this run. Nothing is taken down at the end: all of it is gone with the machine. */
export function useWire(): () => Wire {
  let wire: Wire | undefined
  const start = performance.now()
  before(async function () {
    this.timeout(600_000)
    whole ??= upWire(line => console.log(`    ${((performance.now() - start) / 1000).toFixed(0)} s: ${line}`))
    wire = await whole
  })
  afterEach(function () {
    if (this.currentTest?.state !== 'failed' || !wire) return
    for (const host of [wire.one, wire.two]) console.log(host.name, lastLines(host.peerLog, 10))
  })
  return () => wire ?? assert.fail('the wire is not up')
}

async function upWire(say: (line: string) => void): Promise<Wire> {
  // a peer does without its engine, and each of both leaves a processor unused for a while
  const lab = await upLab({ hosts: 2, peers: false, beside: () => upPeers(say), onProgress: say })
  say('members')
  await membersReady(['host1', 'host2'], 60_000)
  const [one, two] = lab.hosts()
  assert.ok(one && two)
  return { lab, one, two, plain: createNode('plain'), wire: createNode('wire') }
}

async function upPeers(say: (line: string) => void): Promise<void> {
  const [one, two] = [createHost(planHost(1)), createHost(planHost(2))]
  await makeNode('wire')
  // as a switch does, it learns in each VLAN by itself where a MAC is
  const bridge = 'link add name br0 type bridge forward_delay 0 mcast_snooping 0 vlan_filtering 1'
  await step('wire', ['ip', '-batch', '-'], `link set lo up\n${bridge}\nlink set br0 up\n`)
  await plug('host1', 'eth2', uplinkAddress.host1)
  await plug('host2', 'eth2', uplinkAddress.host2)
  await makeNode('plain')
  await plug('plain', 'eth0', uplinkAddress.plain)
  say('peers')
  await one.startPeer({ arguments: ['--vlan-uplink', 'eth2'] })
  await two.startPeer({ arguments: ['--vlan-uplink', 'eth2'], join: await one.invite() })
}

/** VLANs that the wire carries, tagged, beside what has no tag. */
const carried = '2-299'

/** A cable from the wire to the lab's switch for what has a tag: hosts whose uplink is `eth0` are in the VLANs of the others. */
export async function joinSwitch({ lab, two }: Wire): Promise<void> {
  const cable = `link add name switch type veth peer name pwire netns ${holderOf(lab.switch.name).pid}`
  await step('wire', ['ip', '-batch', '-'], `${cable}\nlink set switch master br0 up\n`)
  await step('wire', ['bridge', '-batch', '-'], `vlan add vid ${carried} dev switch\nvlan del vid 1 dev switch\n`)
  // tenants have the same MACs: it too must learn them in each VLAN by itself
  await step(
    lab.switch.name,
    ['ip', '-batch', '-'],
    'link set pwire master br0 up\nlink set br0 type bridge vlan_filtering 1\n',
  )
  const ports = ['pwire', planHost(two.number).port].map(port => `vlan add vid ${carried} dev ${port}\n`)
  await step(lab.switch.name, ['bridge', '-batch', '-'], ports.join(''))
}

async function plug(node: string, device: string, address: string): Promise<void> {
  const cable = `link add name ${node} type veth peer name ${device} netns ${holderOf(node).pid}`
  await step('wire', ['ip', '-batch', '-'], `${cable}\nlink set ${node} master br0 up\n`)
  await step('wire', ['bridge', 'vlan', 'add', 'vid', carried, 'dev', node])
  const own = address === '' ? '' : `addr add ${address}/24 dev ${device}\n`
  await step(node, ['ip', '-batch', '-'], `link set lo up\nlink set ${device} up\n${own}`)
}

/** One more host on the wire that knows nothing of Skein; without an address. */
export async function addPlain(name: string): Promise<LabNode> {
  await makeNode(name)
  await plug(name, 'eth0', '')
  return createNode(name)
}

/** Gives a plain host addresses in a VLAN, and others that it is a router to: `ADDRESS/LENGTH`. */
export async function joinVlan(
  plain: LabNode,
  tag: number,
  addresses: readonly string[],
  beyond: readonly string[] = [],
): Promise<void> {
  const device = `link add link eth0 name eth0.${tag} type vlan id ${tag}`
  const lines = [
    device,
    `link set eth0.${tag} up`,
    ...addresses.map(address => `addr add ${address} dev eth0.${tag}`),
    ...beyond.map(address => `addr add ${address} dev lo`),
  ]
  await step(plain.name, ['ip', '-batch', '-'], `${lines.join('\n')}\n`)
}

/** Whatever programs can be run on: a node, or a container's network. */
type Place = LabNode | Inside

/** What a program prints there; it may fail. */
export function run(at: Place, ...argv: string[]): Promise<{ code: number; stdout: string }> {
  return 'pid' in at ? at.exec(...argv) : at.exec(argv, { timeoutMs: patience.timeoutMs })
}

/** One ping; the first packet may need a second for ARP on an emulated machine. `as`: the address it comes from. */
export async function reaches(from: Place, target: string, as?: string): Promise<void> {
  const source = as === undefined ? [] : ['-I', as]
  const { code, stdout } = await run(from, 'ping', '-n', '-c', '1', '-W', '3', ...source, target)
  assert.equal(code, 0, `${from.name} -> ${target}: ${stdout}`)
}

/** The first frames on a device that match, one line each with MACs and tags, while `work` makes some. */
export async function captured(
  node: LabNode,
  device: string,
  filter: string,
  work: () => Promise<void>,
): Promise<string[]> {
  const tcpdump = ['tcpdump', '-nn', '-e', '-l', '--immediate-mode', '-i', device, '-c', '4', filter]
  let running = true
  const capture = node.exec(['timeout', '60', ...tcpdump], { timeoutMs: 70_000 }).finally(() => {
    running = false
  })
  // until it has seen its frames: when it has begun to look nobody says
  while (running) await work()
  const { stdout, stderr } = await capture
  const lines = stdout.split('\n').filter(Boolean)
  assert.equal(lines.length, 4, `frames on ${device} of ${node.name} that match '${filter}': ${stdout}${stderr}`)
  return lines
}

/** Tags of the VLAN devices in a tenant's namespace, or in the host's own: ''. */
export async function vlanTags(host: LabHost, tenant = 'default'): Promise<number[]> {
  const where = tenant === '' ? [] : ['-n', `skein-${tenant}`]
  const { code, stdout, stderr } = await host.exec(['ip', ...where, '-j', '-d', 'link', 'show', 'type', 'vlan'])
  assert.equal(code, 0, stderr)
  const links = JSON.parse(stdout || '[]') as { linkinfo?: { info_data?: { id?: number } } }[]
  return links.flatMap(link => link.linkinfo?.info_data?.id ?? []).sort((a, b) => a - b)
}

/** Names of the tenants' namespaces of a host. */
export async function tenantNamespaces(host: LabHost): Promise<string[]> {
  const { code, stdout, stderr } = await host.exec(['ip', 'netns', 'list'])
  assert.equal(code, 0, stderr)
  const names = stdout.split('\n').map(line => line.split(' ')[0] ?? '')
  return names.filter(name => name.startsWith('skein-'))
}

/** The IPv4 addresses of a device. */
export async function addressesOf(host: LabHost, device: string): Promise<string[]> {
  const { stdout } = await host.exec(['ip', '-4', '-j', 'addr', 'show', 'dev', device])
  const links = JSON.parse(stdout) as { addr_info?: { local: string }[] }[]
  return links.flatMap(link => (link.addr_info ?? []).map(({ local }) => local))
}

/** Whether somebody who says what was said to him is reached there. */
export async function opens(from: LabNode, address: string, port: number): Promise<boolean> {
  const argv = ['busybox', 'nc', '-w', '3', address, String(port)]
  const { stdout } = await from.exec(argv, { input: 'open', timeoutMs: patience.timeoutMs })
  return stdout.trim() === 'open'
}
