/**
 * Pure: what the kernel should hold for one network, from all of the replicated state (running-plan.ts: from its changes). Records come from other hosts and end up
 * in lines for `ip` and `bridge`, so each field is checked here; a malformed one takes no effect.
 */
import type { Endpoint, RegistryView, Vtep } from '../crdt/registry-view.ts'
import type { PeerKey } from '../lib/keys.ts'
import { formatIp, parseIp } from '../model/ip.ts'
import type { MutableEntries, Target } from './entries.ts'
import { isVni } from './vni.ts'

/** VXLAN over IPv4: outer Ethernet 14, IP 20, UDP 8, VXLAN 8 bytes. */
const vxlanOverheadBytes = 50
const defaultUnderlayMtu = 1500
/** RFC 791: every host must take packets of 576 bytes; a smaller published value is a mistake and would stop all hosts. */
const smallestMtu = 576
const largestMtu = 65_535

/**
 * Entries that lead to the other hosts. Where two records name one address, this host's own wins (its container is on
 * the bridge, and a static entry would lead its frames away), then the first in the order of the view. An endpoint
 * whose VTEP is this host's address is one of an earlier incarnation of this host, and local too.
 */
export function planEntries(
  endpoints: readonly Endpoint[],
  targets: ReadonlyMap<PeerKey, Target>,
  self: PeerKey,
): MutableEntries {
  const local = new Set(endpoints.filter(each => each.owner === self).flatMap(each => [each.mac, each.ip]))
  const unicast = new Map<string, Target>()
  const neighbours = new Map<string, string>()
  const flood = new Set<Target>()
  for (const endpoint of endpoints) {
    const target = targets.get(endpoint.owner)
    if (target === undefined || !isUnicastMac(endpoint.mac)) continue
    flood.add(target)
    if (local.has(endpoint.ip) || local.has(endpoint.mac)) continue
    if (!unicast.has(endpoint.mac)) unicast.set(endpoint.mac, target)
    const ip = formatIp(endpoint.ip)
    if (!neighbours.has(ip)) neighbours.set(ip, endpoint.mac)
  }
  return { unicast, neighbours, flood }
}

/** MTU of a network's devices, bytes: the smallest underlay MTU that a member published, less VXLAN's headers. */
export function networkMtu(view: RegistryView): number {
  const published = view.members().map(member => member.mtu)
  const usable = published.filter(mtu => Number.isInteger(mtu) && mtu >= smallestMtu && mtu <= largestMtu)
  return (usable.length === 0 ? defaultUnderlayMtu : Math.min(...usable)) - vxlanOverheadBytes
}

/** Lower-case `xx:xx:xx:xx:xx:xx`, neither multicast nor all zero. */
export function isUnicastMac(text: string): boolean {
  return /^[0-9a-f][02468ace](?::[0-9a-f]{2}){5}$/.test(text) && text !== '00:00:00:00:00:00'
}

/** Where the other hosts receive frames. */
export function targetsOf(vteps: readonly Vtep[], self: PeerKey, ownAddress: string): Map<PeerKey, Target> {
  const targets = new Map<PeerKey, Target>()
  for (const { owner, address, vni } of vteps) {
    if (owner === self || address === ownAddress) continue
    if (parseIp(address) !== undefined && isVni(vni)) targets.set(owner, `${address} ${vni}`)
  }
  return targets
}
