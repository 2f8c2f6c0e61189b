/** The routing domains of a tenant on this host: which of its bridges share a zone of connection tracking. */
import { subnet6Of } from '../model/ipv6.ts'
import type { NetworkId } from '../model/network.ts'
import { type Domain, type Elements, routedDomain, zonesOf } from '../policy/index.ts'
import type { Context } from './context.ts'
import { bridgeName } from './names.ts'

export interface Domains {
  /** Of these networks, and of the devices of an earlier run whose network is not known now. */
  of(networks: ReadonlySet<NetworkId>): Domain[]
  /** What the kernel's own maps say of an earlier run: connections that stand are in these zones. */
  takeOver(elements: Elements): void
  forget(network: NetworkId): void
}

export function createDomains(tenant: string, { replica, routing }: Context): Domains {
  const { view } = replica
  let zones = new Map<string, number>()
  /** Devices that carried IPv6 in an earlier run. */
  let inherited6: ReadonlySet<string> = new Set()

  /** As the network says; of one that is not known now, as an earlier run left it (I5). */
  function carries6(device: string, network: NetworkId | undefined): boolean {
    const spec = network === undefined ? undefined : view.network(network)?.spec
    return spec ? subnet6Of(spec) !== undefined : inherited6.has(device)
  }

  return {
    of(networks) {
      const byDevice = new Map([...networks].map(network => [bridgeName(network), network]))
      const routed = new Set(routing.of(tenant).map(({ id }) => bridgeName(id)))
      const domainOf = (device: string) => {
        if (!byDevice.has(device)) return undefined
        return routed.has(device) ? routedDomain : device
      }
      // a device that an earlier run knew keeps its zone, also if its network is not known now (I5)
      zones = zonesOf(byDevice.keys(), domainOf, zones)
      const devices = new Map<number, string[]>()
      for (const [device, zone] of [...zones].sort()) devices.set(zone, [...(devices.get(zone) ?? []), device])
      return [...devices].map(([zone, own]) => {
        return {
          ...{ zone, networks: own.flatMap(device => byDevice.get(device) ?? []), devices: own },
          devices6: own.filter(device => carries6(device, byDevice.get(device))),
        }
      })
    },
    takeOver(elements) {
      const plain = (device: string) => device.replaceAll('"', '')
      zones = new Map([...(elements.get('zones') ?? [])].map(([device, zone]) => [plain(device), Number(zone)]))
      inherited6 = new Set([...(elements.get('carrying6')?.keys() ?? [])].map(plain))
    },
    forget(network) {
      zones.delete(bridgeName(network))
    },
  }
}
