/**
 * The gateway of a network. With VXLAN each host has it, on the network's bridge; of a VLAN it is a router on the wire, which
 * Skein only knows of. No container has its address.
 */
import { SkeinError } from '../lib/errors.ts'
import { formatIp, parseIp } from './ip.ts'
import { gateway6In } from './ipv6.ts'
import type { Addressing } from './network.ts'
import { contains, prefixText, type Subnet } from './subnet.ts'

/** The canonical text of a gateway. Throws `invalid` unless it is a host's address in the subnet's prefix. */
export function checkGateway(text: string, subnet: Subnet): string {
  const ip = parseIp(text)
  if (ip !== undefined && isHost(subnet, ip)) return formatIp(ip)
  const example = formatIp(subnet.base + 2 ** (32 - subnet.length) - 2)
  throw new SkeinError(
    'invalid',
    `gateway ${text} is no address of a host in ${prefixText(subnet)}: use for example --gateway=${example}`,
  )
}

/** Neither the prefix's network address nor its broadcast. */
function isHost(subnet: Subnet, ip: number): boolean {
  return contains(subnet, ip) && ip !== subnet.base && contains(subnet, ip + 1)
}

/** The address that every host has on the network's bridge; undefined for none. Records may say anything. */
export function gatewayOf(spec: Pick<Addressing, 'encap' | 'gateway' | 'subnet'>): number | undefined {
  return spec.encap === 'vxlan' ? nextHopOf(spec) : undefined
}

/** The same of IPv6, canonical text. */
export function gateway6Of(spec: Addressing): string | undefined {
  return spec.encap === 'vxlan' ? nextHop6Of(spec) : undefined
}

/** The router of a VLAN; undefined for none. */
export function routerOf(spec: Addressing): Router | undefined {
  const ip = spec.encap === 'vlan' ? nextHopOf(spec) : undefined
  return ip === undefined ? undefined : { address: formatIp(ip), address6: nextHop6Of(spec) ?? '' }
}

export interface Router {
  /** Dotted. */
  readonly address: string
  /** Canonical text; '' for none. */
  readonly address6: string
}

/** What leads out of the network, whoever has the address; undefined for none. */
export function nextHopOf({ gateway, subnet }: Pick<Addressing, 'gateway' | 'subnet'>): number | undefined {
  const ip = parseIp(gateway)
  return ip !== undefined && isHost(subnet, ip) ? ip : undefined
}

/** The same of IPv6, canonical text. */
export function nextHop6Of(spec: Addressing): string | undefined {
  return gateway6In(spec, nextHopOf(spec))
}
