/** What the kernel says of the interface that carries the underlay. */
import type { Run } from '../lib/exec.ts'

/** Used when the interface cannot be found: Ethernet's, the only value that every path carries. */
const defaultMtu = 1500

/** An IPv4 packet has no more (RFC 791), and no record says more; Linux gives its loopback one byte more. */
const largestMtu = 65_535

/** MTU of the interface that has `address`, bytes. */
export async function underlayMtu(run: Run, address: string): Promise<number> {
  const { code, stdout } = await run('ip', ['-j', 'addr', 'show'])
  if (code !== 0) return defaultMtu
  const links = JSON.parse(stdout) as { mtu?: number; addr_info?: { local?: string }[] }[]
  const link = links.find(link => link.addr_info?.some(info => info.local === address))
  return Math.min(link?.mtu ?? defaultMtu, largestMtu)
}
