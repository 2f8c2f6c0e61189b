/**
 * IPv6 of a network's VXLAN device: to answer neighbour discovery for the other hosts' containers it needs IPv6 of its own,
 * as no other device of the tenant's does. It has no address, so that it says nothing by itself.
 */
import type { Network } from '../crdt/registry-view.ts'
import { SkeinError } from '../lib/errors.ts'
import { batch, type Channel, failed } from './channel.ts'
import type { Context } from './context.ts'
import { vxlanName } from './names.ts'
import type { Reading } from './reading.ts'

/** RFC 8200: a link with less has no IPv6, and Linux takes it away. */
const smallestMtu = 1280

/** Whether devices of this MTU, bytes, can carry IPv6. */
export function carriesIpv6(mtu: number): boolean {
  return mtu >= smallestMtu
}

/** Resolves with the number of repairs. `isNew`: the device was made after the reading. */
export async function settleNeighbours(
  context: Context,
  channel: Channel,
  network: Network,
  isNew: boolean,
  reading: Reading,
): Promise<number> {
  const device = vxlanName(network.id)
  if (!isNew && (await reading.speakers()).has(device)) return 0
  const failure = await batch(context, [{ line: `link set ${device} addrgenmode none` }], channel.namespace)
  if (failure !== '') throw failed(network, failure)
  const setting = `net.ipv6.conf.${device}.disable_ipv6=0`
  const line = [`--net=/run/netns/${channel.namespace}`, 'sysctl', '-q', '-w', setting]
  const { code, stderr } = await context.run('nsenter', line)
  if (code === 0) return 1
  throw new SkeinError(
    'unavailable',
    `network ${network.name} has no IPv6 on this host: ${stderr.trim()}; run: nsenter ${line.join(' ')}`,
  )
}
