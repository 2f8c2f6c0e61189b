/**
 * I5 for entries that an earlier run left and that the state does not explain. They are kept until the state explains
 * them (from then on they come and go with the state), or until one of these proves them stale:
 * - unicast, ARP and ND: some record, live or deleted, ever held the address, so the state does know about it;
 * - flood: the host at that address publishes another VNI for the network, so frames on this one go astray.
 * What is kept too long costs a superfluous frame; what is removed too early costs a running container its traffic.
 */
import type { RegistryView } from '../crdt/registry-view.ts'
import { parseIp } from '../model/ip.ts'
import { type Addressing6, address4 } from '../model/ipv6.ts'
import type { NetworkId } from '../model/network.ts'
import type { Entries, EntryKey } from './entries.ts'

/**
 * Of `inherited` (entries of `actual` that the state does not want), those that must stay.
 * @param ipv6 the network's spec
 */
export function unexplained(
  view: RegistryView,
  network: NetworkId,
  actual: Entries,
  inherited: ReadonlySet<EntryKey>,
  ipv6?: Addressing6,
): Set<EntryKey> {
  let addresses: Map<string, string> | undefined
  const addressOf = (mac: string) => {
    addresses ??= new Map([...actual.neighbours].map(([ip, mac]) => [mac, ip]))
    return addresses.get(mac) ?? ''
  }
  const ip4 = (text: string) => parseIp(text) ?? (ipv6 && address4(ipv6, text))
  const kept = new Set<EntryKey>()
  for (const key of inherited) {
    const name = key.slice(2)
    if (key.startsWith('f')) {
      if (!hasMoved(view, network, name)) kept.add(key)
      continue
    }
    const ip = key.startsWith('n') ? ip4(name) : (ipOfMac(name) ?? ip4(addressOf(name)))
    if (ip === undefined || !view.wasEndpoint(network, ip)) kept.add(key)
  }
  return kept
}

function hasMoved(view: RegistryView, network: NetworkId, target: string): boolean {
  const [address, vni] = target.split(' ')
  const records = view.vteps(network).filter(vtep => vtep.address === address)
  return records.length > 0 && records.every(vtep => vtep.vni !== Number(vni))
}

/** The address in a MAC of the form `02:02` + IPv4. */
export function ipOfMac(mac: string): number | undefined {
  const match = /^02:02:(..):(..):(..):(..)$/.exec(mac)
  return match ? Number.parseInt(match.slice(1).join(''), 16) : undefined
}
