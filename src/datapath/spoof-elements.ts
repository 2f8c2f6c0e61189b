/** Pure: what the table against forged addresses knows of containers and devices: elements of its sets, as nft lists them. */
import { parseIp } from '../model/ip.ts'
import { formatIp6, parseIp6 } from '../model/ip6.ts'
import { isUnicastMac } from './plan.ts'

/** What the container behind a port may say of itself. */
export interface PortIdentity {
  readonly mac: string
  /** Dotted. */
  readonly ip: string
  /** Canonical text; '' without IPv6. */
  readonly ip6: string
}

/** What the devices of this host's networks are, apart from the containers: elements of sets. */
export interface Surroundings {
  /** See `gatewayElement`, of both families. */
  readonly gateways: ReadonlySet<string>
  readonly gateways6: ReadonlySet<string>
  /** Devices that carry networks with IPv6 between hosts, VXLAN or VLAN, quoted. */
  readonly carriers6: ReadonlySet<string>
}

export const noSurroundings: Surroundings = { gateways: new Set(), gateways6: new Set(), carriers6: new Set() }

/** The identities in the listing of a table: the inverse of what was loaded. */
export function portsOf(own4: Iterable<string>, own6: Iterable<string>): Map<string, PortIdentity> {
  const ports = new Map<string, PortIdentity>()
  const parts = (key: string) => key.split(' . ').map(part => part.replaceAll('"', ''))
  for (const key of own4) {
    const [port, mac, ip] = parts(key)
    if (port && mac && ip) ports.set(port, { mac, ip, ip6: '' })
  }
  for (const key of own6) {
    const [port = '', mac, ip6 = ''] = parts(key)
    const known = ports.get(port)
    if (known && known.mac === mac && ip6 !== linkLocal(known.mac)) ports.set(port, { ...known, ip6 })
  }
  return ports
}

type PortSet = 'ports' | 'own4' | 'ownarp' | 'own6' | 'ownmac' | 'speakers6'

/** Elements by set. An address that asks whether it is free (0.0.0.0) is the container's own. */
export function elementsOf(ports: ReadonlyMap<string, PortIdentity>): Record<PortSet, string[]> {
  const sound = [...ports].filter(([, { mac, ip }]) => isUnicastMac(mac) && parseIp(ip) !== undefined)
  const dual = sound.filter(([, { ip6 }]) => parseIp6(ip6) !== undefined)
  return {
    ports: sound.map(([port]) => `"${port}"`),
    own4: sound.map(([port, { mac, ip }]) => `"${port}" . ${mac} . ${ip}`),
    ownarp: sound.flatMap(([port, { mac, ip }]) =>
      [ip, '0.0.0.0'].map(address => `"${port}" . ${mac} . ${mac} . ${address}`),
    ),
    own6: dual.flatMap(([port, { mac, ip6 }]) =>
      [ip6, linkLocal(mac)].map(address => `"${port}" . ${mac} . ${address}`),
    ),
    // as nft lists a number
    ownmac: dual.map(([port, { mac }]) => `"${port}" . 0x${macNumber(mac).toString(16)}`),
    speakers6: dual.map(([port, { mac }]) => `"${port}" . ${mac}`),
  }
}

/** Everything that the table has elements for. */
export function allElements(
  ports: ReadonlyMap<string, PortIdentity>,
  { gateways, gateways6, carriers6 }: Surroundings,
): Record<PortSet | keyof Surroundings, string[]> {
  return { ...elementsOf(ports), gateways: [...gateways], gateways6: [...gateways6], carriers6: [...carriers6] }
}

function macNumber(mac: string): bigint {
  return BigInt(`0x${mac.replaceAll(':', '')}`)
}

/** The link-local address that the kernel makes of a MAC (EUI-64, RFC 4291 appendix A). */
export function linkLocal(mac: string): string {
  const number = macNumber(mac) ^ (2n << 40n)
  return formatIp6((0xfe80n << 112n) | ((number >> 24n) << 40n) | (0xfffen << 24n) | (number & 0xffffffn))
}

/** A gateway that must not come in by this device. `gateway`: `ADDRESS/LENGTH`, of either family. */
export function gatewayElement(device: string, gateway: string): string {
  return `"${device}" . ${gateway.split('/')[0]}`
}
