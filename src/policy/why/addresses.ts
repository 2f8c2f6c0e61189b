/** Pure: who has an address that people name, of either family. */
import { SkeinError } from '../../lib/errors.ts'
import { type Address, familyOf, formatAddress, parseAddress } from '../../model/address-match.ts'
import { formatIp6 } from '../../model/ip6.ts'
import { address4, contains6, subnet6Of } from '../../model/ipv6.ts'
import type { NetworkSpec } from '../../model/network.ts'
import { contains } from '../../model/subnet.ts'
import type { End, Named, Names } from './ends.ts'

/** Undefined if the text is no address. Throws `invalid` for one that no container or host can have. */
export function addressNamed({ view }: Names, text: string, tenant: string): Named | undefined {
  const ip = parseAddress(text)
  if (ip === undefined) return undefined
  const networks = view.networks(tenant).filter(({ spec }) => isOf(spec, ip))
  if (typeof ip === 'bigint' && ip >> 118n === 0x3fan) {
    throw new SkeinError('invalid', `${text} is link-local: only neighbour discovery passes there; ask about another`)
  }
  if (!isHost(ip) || networks.some(({ spec }) => isBound(spec, ip))) {
    throw new SkeinError('invalid', `${text} is no address of one container or host: ask about another`)
  }
  const containers = networks.flatMap(network => {
    const own = typeof ip === 'bigint' ? address4(network.spec, formatIp6(ip)) : ip
    const here = own === undefined ? [] : view.endpointsAt(network.id, own)
    return here.map((endpoint): End => ({ kind: 'container', tenant, network, endpoint, ip }))
  })
  const live = networks.find(network => network.status === 'live') ?? networks[0]
  const unused: End = live ? { kind: 'unused', tenant, network: live, ip } : { kind: 'outside', tenant, ip }
  const ends = containers.length > 0 ? containers : [unused]
  return { text: formatAddress(ip), exact: text, ends, family: familyOf(ip) }
}

function isOf(spec: NetworkSpec, ip: Address): boolean {
  if (typeof ip === 'number') return contains(spec.subnet, ip)
  const subnet6 = subnet6Of(spec)
  return subnet6 !== undefined && contains6(subnet6, ip)
}

/** The addresses at the ends of a prefix that mean no host: of IPv6 (RFC 4291, 2.6.1) the first alone. */
function isBound(spec: NetworkSpec, ip: Address): boolean {
  const { base, length } = spec.subnet
  return typeof ip === 'number' ? ip === base || ip === base + 2 ** (32 - length) - 1 : ip === subnet6Of(spec)?.base
}

/** Neither multicast, nor of this host alone, nor unspecified. */
function isHost(ip: Address): boolean {
  if (typeof ip === 'number') return ip < 0xe0000000 && ip >= 0x01000000 && ip >>> 24 !== 127
  return ip >> 120n !== 0xffn && ip > 1n
}
