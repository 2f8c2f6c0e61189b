/** Skein's network namespaces under /run/netns, most of them a tenant's. They outlive this process: it may be killed while traffic goes on. */
import { readdir, stat, statfs, unlink } from 'node:fs/promises'
import { SkeinError } from '../lib/errors.ts'
import type { Run } from '../lib/exec.ts'
import { tenantNamespace, tenantOfNamespace } from './names.ts'

const directory = '/run/netns'

/** statfs type of a namespace's file, linux/magic.h; anything else there is the empty file of a lost mount. */
const nsfsMagic = 0x6e736673

/**
 * Set, never inherited: a new namespace copies or presets some of them. No IPv6 of the devices' own (their router and
 * multicast messages would enter the networks) but of those that are told so (neighbours6.ts): so not by `all`, which
 * would take it from those that run. No routing but by devices that are told so (routing.ts): those answer ARP for their own address only. Bridged frames pass the rules; a connection is known from its
 * first packet or not at all, and then whatever its window says.
 */
const settings = [
  'net.ipv4.ip_forward=0',
  'net.ipv4.conf.all.arp_ignore=1',
  'net.ipv4.conf.all.rp_filter=1',
  'net.ipv4.conf.all.send_redirects=0',
  'net.ipv4.conf.default.send_redirects=0',
  'net.ipv6.conf.default.disable_ipv6=1',
  'net.ipv6.conf.lo.disable_ipv6=1',
  'net.bridge.bridge-nf-call-iptables=1',
  'net.bridge.bridge-nf-call-ip6tables=1',
  'net.bridge.bridge-nf-call-arptables=0',
  'net.netfilter.nf_conntrack_tcp_loose=0',
  'net.netfilter.nf_conntrack_tcp_be_liberal=1',
]

export interface Namespaces {
  /** Tenants whose namespace exists. */
  tenants(): Promise<string[]>
  /** Makes the namespace if it is missing, and sets it up once; resolves with its inode, which changes if it was re-created. */
  ensure(tenant: string): Promise<number>
  exists(tenant: string): Promise<boolean>
  remove(tenant: string): Promise<void>
}

export function createNamespaces(run: Run): Namespaces {
  const ready = new Map<string, number>()
  return {
    async tenants() {
      const names = await readdir(directory).catch(() => []) // no directory: no namespace was ever made
      const tenants = names.flatMap(name => tenantOfNamespace(name) ?? [])
      const exists = async (tenant: string) => (await inodeOf(tenantNamespace(tenant))) !== undefined
      return (await Promise.all(tenants.map(async tenant => ((await exists(tenant)) ? [tenant] : [])))).flat()
    },
    async ensure(tenant) {
      const inode = await ensureNamespace(run, tenantNamespace(tenant), ready.get(tenant))
      ready.set(tenant, inode)
      return inode
    },
    exists: async tenant => (await inodeOf(tenantNamespace(tenant))) !== undefined,
    async remove(tenant) {
      const name = tenantNamespace(tenant)
      ready.delete(tenant)
      if (await inodeOf(name)) await succeed(run, 'ip', ['netns', 'del', name])
    },
  }
}

/** Makes the namespace if it is missing, and sets it up unless it is the one of inode `ready`; resolves with its inode. */
export async function ensureNamespace(run: Run, name: string, ready: number | undefined): Promise<number> {
  const inode = (await inodeOf(name)) ?? (await create(run, name))
  if (ready !== inode) await setUp(run, name)
  return inode
}

async function inodeOf(name: string): Promise<number | undefined> {
  const path = `${directory}/${name}`
  try {
    return (await statfs(path)).type === nsfsMagic ? (await stat(path)).ino : undefined
  } catch {
    return undefined // no such file
  }
}

async function create(run: Run, name: string): Promise<number> {
  await unlink(`${directory}/${name}`).catch(() => undefined) // usually there is no such left-over empty file
  await succeed(run, 'ip', ['netns', 'add', name])
  const inode = await inodeOf(name)
  if (inode !== undefined) return inode
  throw new SkeinError(
    'internal',
    `namespace ${name} is not visible after its creation: mounts are not shared; run skeind without mount sandboxing`,
  )
}

async function setUp(run: Run, name: string): Promise<void> {
  await succeed(run, 'ip', ['-n', name, 'link', 'set', 'lo', 'up'])
  // -e: a kernel without br_netfilter or IPv6 has no such settings, and needs none
  await succeed(run, 'nsenter', [`--net=${directory}/${name}`, 'sysctl', '-e', '-q', '-w', ...settings])
}

async function succeed(run: Run, program: string, args: string[]): Promise<void> {
  const { code, stderr } = await run(program, args)
  if (code === 0) return
  const line = [program, ...args].join(' ')
  throw new SkeinError('internal', `cannot set up the namespace: ${stderr.trim()}; run: ${line}`)
}
