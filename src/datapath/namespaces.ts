/** The tenants' network namespaces under /run/netns. They outlive this process: it may be killed while traffic goes on. */
import { readdir, stat, statfs, unlink } from 'node:fs/promises'
import { SkeinError } from '../lib/errors.ts'
import type { Run } from '../lib/exec.ts'
import { tenantNamespace, tenantOfNamespace } from './names.ts'

const directory = '/run/netns'

/** statfs type of a namespace's file, linux/magic.h; anything else there is the empty file of a lost mount. */
const nsfsMagic = 0x6e736673

/**
 * Set, never inherited: a new namespace copies or presets some of them. No IPv6 of the devices' own (their router and
 * multicast messages would enter the networks), no routing, no iptables on bridged frames while no policy asks for it.
 */
const settings = [
  'net.ipv4.ip_forward=0',
  'net.ipv6.conf.all.disable_ipv6=1',
  'net.ipv6.conf.default.disable_ipv6=1',
  'net.bridge.bridge-nf-call-iptables=0',
  'net.bridge.bridge-nf-call-ip6tables=0',
  'net.bridge.bridge-nf-call-arptables=0',
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
      const found = await Promise.all(tenants.map(async tenant => ((await inodeOf(tenant)) ? [tenant] : [])))
      return found.flat()
    },
    async ensure(tenant) {
      const inode = (await inodeOf(tenant)) ?? (await create(run, tenant))
      if (ready.get(tenant) !== inode) await setUp(run, tenant)
      ready.set(tenant, inode)
      return inode
    },
    exists: async tenant => (await inodeOf(tenant)) !== undefined,
    async remove(tenant) {
      ready.delete(tenant)
      if (await inodeOf(tenant)) await succeed(run, 'ip', ['netns', 'del', tenantNamespace(tenant)])
    },
  }
}

async function inodeOf(tenant: string): Promise<number | undefined> {
  const path = `${directory}/${tenantNamespace(tenant)}`
  try {
    return (await statfs(path)).type === nsfsMagic ? (await stat(path)).ino : undefined
  } catch {
    return undefined // no such file
  }
}

async function create(run: Run, tenant: string): Promise<number> {
  const name = tenantNamespace(tenant)
  await unlink(`${directory}/${name}`).catch(() => undefined) // usually there is no such left-over empty file
  await succeed(run, 'ip', ['netns', 'add', name])
  const inode = await inodeOf(tenant)
  if (inode !== undefined) return inode
  throw new SkeinError(
    'internal',
    `namespace ${name} is not visible after its creation: mounts are not shared; run skeind without mount sandboxing`,
  )
}

async function setUp(run: Run, tenant: string): Promise<void> {
  const name = tenantNamespace(tenant)
  await succeed(run, 'ip', ['-n', name, 'link', 'set', 'lo', 'up'])
  // -e: a kernel without br_netfilter or IPv6 has no such settings, and needs none
  await succeed(run, 'nsenter', [`--net=${directory}/${name}`, 'sysctl', '-e', '-q', '-w', ...settings])
}

async function succeed(run: Run, program: string, args: string[]): Promise<void> {
  const { code, stderr } = await run(program, args)
  if (code === 0) return
  const line = [program, ...args].join(' ')
  throw new SkeinError('internal', `cannot set up the tenant's namespace: ${stderr.trim()}; run: ${line}`)
}
