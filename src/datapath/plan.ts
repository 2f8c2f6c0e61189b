/**
 * Pure: what the kernel should hold for one network, from all of the replicated state (running-plan.ts: from its changes). Records come from other hosts and end up
 * in lines for `ip` and `bridge`, so each field is checked here; a malformed one takes no effect.
 */
import type { Endpoint, RegistryView, Vtep } from '../crdt/registry-view.ts'
import type { PeerKey } from '../lib/keys.ts'
import { formatIp, macOf, parseIp } from '../model/ip.ts'
import { type Addressing6, address6 } from '../model/ipv6.ts'
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
 * the bridge, and a static entry would lead its frames away), then the first in the order given: the owner of the address (rightful.ts).
 * Where two name one MAC, the one at the address that it is made of wins: anybody may name it at an address of its own. An endpoint
 * whose VTEP is this host's address is one of an earlier incarnation of this host, and local too; one of this host's key that is on another machine is not.
 * @param endpoints of each address in the order in which they count
 * @param ipv6 the network's spec if its devices carry IPv6
 */
export function planEntries(
  endpoints: readonly Endpoint[],
  targets: ReadonlyMap<Place, Target>,
  self: PeerKey,
  ipv6?: Addressing6,
): MutableEntries {
  const local = new Set(endpoints.filter(each => isHere(each, targets, self)).flatMap(each => [each.mac, each.ip]))
  const unicast = new Map<string, Target>()
  const neighbours = new Map<string, string>()
  const flood = new Set<Target>()
  const strays = new Set<string>()
  for (const endpoint of endpoints) {
    const target = targets.get(placeOf(endpoint))
    if (target === undefined || !isUnicastMac(endpoint.mac)) continue
    flood.add(target)
    if (local.has(endpoint.ip) || local.has(endpoint.mac)) continue
    const isStray = endpoint.mac !== macOf(endpoint.ip)
    if (!unicast.has(endpoint.mac)) {
      unicast.set(endpoint.mac, target)
      if (isStray) strays.add(endpoint.mac)
    } else if (!isStray && strays.delete(endpoint.mac)) unicast.set(endpoint.mac, target)
    for (const ip of addressesOf(endpoint.ip, ipv6)) if (!neighbours.has(ip)) neighbours.set(ip, endpoint.mac)
  }
  return { unicast, neighbours, flood }
}

/** What an endpoint is asked for by: its IPv4 address and, in a network with IPv6, the one that follows from it. */
export function addressesOf(ip: number, ipv6: Addressing6 | undefined): string[] {
  const own6 = ipv6 && address6(ipv6, ip)
  // the gateway is on this host: a record that says it is elsewhere would lead its frames away
  return own6 === undefined || own6 === ipv6?.gateway6 ? [formatIp(ip)] : [formatIp(ip), own6]
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

/** A host: its key; of a forked one, one of the machines with that key: `KEY ADDRESS` (R8). */
export type Place = string

export function placeOf({ owner, at }: Pick<Endpoint, 'owner' | 'at'>): Place {
  return at === undefined ? owner : `${owner} ${at}`
}

/** True if the endpoint is one of this host: of its key, and not on another machine that has the key too. */
export function isHere(
  endpoint: Pick<Endpoint, 'owner' | 'at'>,
  targets: ReadonlyMap<Place, Target>,
  self: PeerKey,
): boolean {
  return endpoint.owner === self && !targets.has(placeOf(endpoint))
}

/** Where the other hosts receive frames. */
export function targetsOf(vteps: readonly Vtep[], self: PeerKey, ownAddress: string): Map<Place, Target> {
  const targets = new Map<Place, Target>()
  for (const { owner, address, vni } of vteps) {
    if (address === ownAddress || parseIp(address) === undefined || !isVni(vni)) continue
    if (owner !== self) targets.set(owner, `${address} ${vni}`)
    targets.set(placeOf({ owner, at: address }), `${address} ${vni}`)
  }
  return targets
}
