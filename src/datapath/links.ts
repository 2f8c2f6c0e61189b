/** Reads what the kernel has in a namespace: devices and forwarding entries, from the JSON of `ip` and `bridge`. */
import { SkeinError } from '../lib/errors.ts'
import type { Run, RunResult } from '../lib/exec.ts'
import type { Entries, Target } from './entries.ts'

export interface Link {
  readonly name: string
  readonly index: number
  /** Of the device that it is on, in whichever namespace that is; 0 for none. A veth's: the other end. */
  readonly parentIndex: number
  /** 'bridge', 'vxlan', 'veth', … */
  readonly kind: string
  readonly mac: string
  readonly mtu: number
  readonly up: boolean
  readonly master: string
  /** IPv4, `ADDRESS/LENGTH`. */
  readonly addresses: readonly string[]
  /** IPv6, `ADDRESS/LENGTH`, without link-local ones. */
  readonly addresses6: readonly string[]
  /** Parameters of the kind, as `ip -d` names them. */
  readonly info: Readonly<Record<string, unknown>>
  /** Parameters as a port of its bridge. */
  readonly port: Readonly<Record<string, unknown>>
}

interface RawLink {
  ifname?: string
  ifindex?: number
  link_index?: number
  /** Beside the device that it is on `ip` says the name only. */
  link?: string
  address?: string
  mtu?: number
  flags?: string[]
  master?: string
  addr_info?: { family?: string; local?: string; prefixlen?: number; scope?: string }[]
  linkinfo?: { info_kind?: string; info_data?: Record<string, unknown>; info_slave_data?: Record<string, unknown> }
}

interface RawEntry {
  mac?: string
  ifname?: string
  dst?: string
  vni?: number
  state?: string
  flags?: string[]
  master?: string
}

interface RawSetting {
  interface?: string
  forwarding?: boolean
}

interface RawNeighbour {
  dst?: string
  dev?: string
  lladdr?: string
  state?: string[]
}

/** Devices by name. `args` narrows what is listed, e.g. `['master', 'docker_gwbridge']`. */
export async function readLinks(run: Run, namespace?: string, args: string[] = []): Promise<Map<string, Link>> {
  return linksOf(await readJson<RawLink>(run, 'ip', [...inside(namespace), '-j', '-d', 'addr', 'show', ...args]))
}

/** Several such lists of this namespace, by one process; undefined if a device that one of them names does not exist. */
export async function readLinkLists(run: Run, ...lists: string[][]): Promise<Map<string, Link>[] | undefined> {
  const input = lists.map(args => `addr show ${args.join(' ')}\n`).join('')
  const args = ['-j', '-d', '-batch', '-']
  const answer = await run('ip', args, { input })
  if (answer.stderr.includes('does not exist')) return undefined
  // each list is a line
  const lines = succeeded('ip', args, answer).split('\n')
  return lists.map((_, at) => linksOf(parseList<RawLink>(lines[at] ?? '')))
}

function linksOf(raw: readonly RawLink[]): Map<string, Link> {
  const indexOf = new Map(raw.map(each => [each.ifname, each.ifindex]))
  return new Map(raw.map(each => [each.ifname ?? '', linkOf(each, indexOf.get(each.link) ?? each.link_index ?? 0)]))
}

function linkOf(raw: RawLink, parentIndex: number): Link {
  return {
    name: raw.ifname ?? '',
    index: raw.ifindex ?? 0,
    parentIndex,
    kind: raw.linkinfo?.info_kind ?? '',
    mac: raw.address ?? '',
    mtu: raw.mtu ?? 0,
    up: raw.flags?.includes('UP') ?? false,
    master: raw.master ?? '',
    addresses: (raw.addr_info ?? [])
      .filter(each => each.family === 'inet')
      .map(each => `${each.local}/${each.prefixlen}`),
    addresses6: (raw.addr_info ?? [])
      .filter(each => each.family === 'inet6' && each.scope !== 'link')
      .map(each => `${each.local}/${each.prefixlen}`),
    info: raw.linkinfo?.info_data ?? {},
    port: raw.linkinfo?.info_slave_data ?? {},
  }
}

/** Devices whose IPv4 packets to others the kernel routes. */
export async function readRouters(run: Run, namespace: string): Promise<Set<string>> {
  const raw = await readJson<RawSetting>(run, 'ip', ['-n', namespace, '-4', '-j', 'netconf', 'show'])
  return new Set(raw.filter(each => each.forwarding === true).map(each => each.interface ?? ''))
}

/** The same of IPv6. */
export async function readRouters6(run: Run, namespace: string): Promise<Set<string>> {
  const raw = await readJson<RawSetting>(run, 'ip', ['-n', namespace, '-6', '-j', 'netconf', 'show'])
  return new Set(raw.filter(each => each.forwarding === true).map(each => each.interface ?? ''))
}

/** Devices that have IPv6. */
export async function readSpeakers(run: Run, namespace: string): Promise<Set<string>> {
  // for all at once; a kernel without IPv6 has no such files
  const script = 'cd /proc/sys/net/ipv6/conf && grep -lx 0 */disable_ipv6'
  const { stdout } = await run('nsenter', [`--net=/run/netns/${namespace}`, 'sh', '-c', script])
  return new Set(stdout.split('\n').map(path => path.split('/')[0] ?? ''))
}

/**
 * Entries of every device in the namespace, by device; `vniOf` gives a VXLAN device's own VNI.
 * @param only the device whose entries are asked for, if it is one: a network may have tens of thousands
 */
export async function readEntries(
  run: Run,
  namespace: string,
  vniOf: (device: string) => number | undefined,
  only?: string,
): Promise<(device: string) => Entries> {
  const which = only === undefined ? [] : ['dev', only]
  const [fdb, neighbours] = await Promise.all([
    readJson<RawEntry>(run, 'bridge', ['-n', namespace, '-j', 'fdb', 'show', ...which]),
    readJson<RawNeighbour>(run, 'ip', ['-n', namespace, '-j', 'neigh', 'show', ...which, 'nud', 'permanent']),
  ])
  // of one device both programs leave its name out
  return device => ({
    ...fdbOf(
      fdb.filter(({ ifname = only }) => ifname === device),
      vniOf(device) ?? 0,
    ),
    neighbours: new Map(
      neighbours.filter(({ dev = only }) => dev === device).map(each => [each.dst ?? '', each.lladdr ?? '']),
    ),
  })
}

/**
 * A unicast entry counts only if the VXLAN device and the bridge both have it; a half of one gets a target that no plan
 * asks for. `bridge` leaves the VNI out where it is the device's own.
 */
function fdbOf(entries: readonly RawEntry[], ownVni: number): Pick<Entries, 'unicast' | 'flood'> {
  const unicast = new Map<string, Target>()
  const flood = new Set<Target>()
  const onBridge = new Set(entries.filter(each => each.master && each.state === 'static').map(each => each.mac ?? ''))
  for (const entry of entries) {
    if (!entry.flags?.includes('self') || entry.dst === undefined || entry.mac === undefined) continue
    const target = `${entry.dst} ${entry.vni ?? ownVni}`
    if (entry.mac === '00:00:00:00:00:00') flood.add(target)
    else unicast.set(entry.mac, onBridge.has(entry.mac) ? target : `${target} half`)
  }
  for (const mac of onBridge) if (!unicast.has(mac)) unicast.set(mac, 'half')
  return { unicast, flood }
}

async function readJson<T>(run: Run, program: string, args: string[]): Promise<T[]> {
  return parseList(succeeded(program, args, await run(program, args)))
}

function succeeded(program: string, args: readonly string[], { code, stdout, stderr }: RunResult): string {
  if (code === 0) return stdout
  const remedy = code === 127 ? 'install the package iproute2' : `run: ${program} ${args.join(' ')}`
  throw new SkeinError('unavailable', `the kernel's state cannot be read: ${stderr.trim()}; ${remedy}`)
}

/** `ip` prints nothing at all, not [], when there is nothing to show. */
function parseList<T>(text: string): T[] {
  return text.trim() === '' ? [] : (JSON.parse(text) as T[])
}

function inside(namespace: string | undefined): string[] {
  return namespace === undefined ? [] : ['-n', namespace]
}
