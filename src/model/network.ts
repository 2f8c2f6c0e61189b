/** What a network is created with and can never change: its spec. Part of its identity (docs/decisions). */
import type { Plain } from '../lib/cbor.ts'
import { SkeinError } from '../lib/errors.ts'
import { checkGateway, gatewayOf } from './gateway.ts'
import { formatIp, parseIp } from './ip.ts'
import { checkGateway6, checkSubnet6, overlaps6, subnet6Of } from './ipv6.ts'
import { checkName } from './names.ts'
import { contains, overlaps, parseSubnet, type Subnet } from './subnet.ts'

/** Hash of the act that created a network: 64 hex digits. */
export type NetworkId = string

export interface NetworkSpec {
  readonly subnet: Subnet
  readonly encap: 'vxlan' | 'vlan'
  readonly type: 'data' | 'infra'
  /** VXLAN: preferred VNI, 0 for none. VLAN: the tag, 1 to `lastVlan`; 0 only before a network is made: Skein chooses. */
  readonly pktTag: number
  /** Gateway address or '': who has it is in gateway.ts. */
  readonly gateway: string
  /** IPv6 prefix or '': what it means is in ipv6.ts. */
  readonly subnet6: string
  /** IPv6 gateway address or ''. */
  readonly gateway6: string
}

/** IEEE 802.1Q: 0 marks frames without a tag, 4095 is reserved. */
export const lastVlan = 4094

/** A request to create a network, as the API receives it. */
export interface NetworkRequest {
  tenant: string
  name: string
  subnet: string
  encap?: string | undefined
  type?: string | undefined
  pktTag?: number | undefined
  gateway?: string | undefined
  subnet6?: string | undefined
  gateway6?: string | undefined
}

/** Checks a request and gives its spec. Throws `invalid` or `unsupported`. */
export function checkNetwork(request: NetworkRequest): NetworkSpec {
  checkName('tenant', request.tenant)
  checkName('network', request.name)
  return checkSpec(request)
}

/** The spec of a request whose names are checked elsewhere. Throws `invalid` or `unsupported`. */
export function checkSpec(request: Omit<NetworkRequest, 'tenant' | 'name'>): NetworkSpec {
  if (!request.subnet) throw new SkeinError('invalid', 'subnet is required: add --subnet=10.1.2.0/24')
  const subnet = parseSubnet(request.subnet)
  const encap = request.encap || 'vxlan'
  const type = request.type || 'data'
  const pktTag = request.pktTag ?? 0
  if (encap !== 'vxlan' && encap !== 'vlan') {
    throw new SkeinError('invalid', `encap ${JSON.stringify(encap)} is invalid: use vxlan or vlan`)
  }
  if (type !== 'data' && type !== 'infra') {
    throw new SkeinError('invalid', `nw-type ${JSON.stringify(type)} is invalid: use data`)
  }
  if (!Number.isInteger(pktTag) || pktTag < 0 || pktTag > 0xffffff) {
    throw new SkeinError(
      'invalid',
      `pkt-tag ${pktTag} is invalid: use a number from 1 to 16777215, or 0 to let Skein choose`,
    )
  }
  if (encap === 'vlan' && pktTag > lastVlan) {
    throw new SkeinError(
      'invalid',
      `VLAN ${pktTag} is invalid: use a number from 1 to ${lastVlan}, or 0 to let Skein choose`,
    )
  }
  if (type === 'infra') {
    const why = 'infra networks are not supported, hosts have no address on a network'
    throw new SkeinError('unsupported', `${why}: reach containers by docker run -p, and use --nw-type=data`)
  }
  const gateway = request.gateway ? checkGateway(request.gateway, subnet) : ''
  return { subnet, encap, type, pktTag, gateway, ...checkIpv6(request, { subnet, gateway }) }
}

/** A way out is one of the network as a whole: IPv6 with IPv4. */
function checkIpv6(
  { subnet6: prefix, gateway6: router }: Pick<NetworkRequest, 'subnet6' | 'gateway6'>,
  { subnet, gateway }: Pick<NetworkSpec, 'subnet' | 'gateway'>,
): Pick<NetworkSpec, 'subnet6' | 'gateway6'> {
  if (!prefix && router) {
    throw new SkeinError('invalid', `gateway ${router} needs its subnet: add --subnetv6=fd00:6::/64`)
  }
  if (!prefix) return { subnet6: '', gateway6: '' }
  const subnet6 = checkSubnet6(prefix, subnet)
  if (!router) return { subnet6: subnet6.text, gateway6: '' }
  if (gateway === '') {
    const example = formatIp(subnet.base + 2 ** (32 - subnet.length) - 2)
    throw new SkeinError('invalid', `a network with an IPv6 gateway has an IPv4 one too: add --gateway=${example}`)
  }
  return { subnet6: subnet6.text, gateway6: checkGateway6(router, subnet6, subnet, parseIp(gateway)) }
}

/** What of a spec its addresses follow from. */
export type Addressing = Pick<NetworkSpec, 'encap' | 'gateway' | 'subnet' | 'subnet6' | 'gateway6'>

/** True if one tenant cannot have both: they would hand out one address, or be routed to under one prefix. */
export function collide(a: Addressing, b: Addressing): boolean {
  const areRouted = gatewayOf(a) !== undefined && gatewayOf(b) !== undefined
  return (
    overlaps(a.subnet, b.subnet) ||
    (areRouted && (contains(a.subnet, b.subnet.base) || contains(b.subnet, a.subnet.base))) ||
    collide6(a, b)
  )
}

/** True if their IPv6 prefixes have an address in common. */
export function collide6(a: Addressing, b: Addressing): boolean {
  const [one, other] = [subnet6Of(a), subnet6Of(b)]
  return one !== undefined && other !== undefined && overlaps6(one, other)
}

/** The subnets for messages: `10.1.2.0/24`, or `10.1.2.0/24 and fd00:6::/64`. */
export function subnetsText({ subnet, subnet6 }: Pick<Addressing, 'subnet' | 'subnet6'>): string {
  return subnet6 === '' ? subnet.text : `${subnet.text} and ${subnet6}`
}

/** The canonical form that is hashed, signed and compared. */
export function specToPlain(spec: NetworkSpec): Plain[] {
  return [spec.subnet.text, spec.encap, spec.type, spec.pktTag, spec.gateway, spec.subnet6, spec.gateway6]
}

/** The inverse; undefined if `value` is no canonical spec. Accepts more than `checkNetwork`: newer peers may create it. */
export function specFromPlain(value: Plain): NetworkSpec | undefined {
  if (!Array.isArray(value) || value.length !== 7) return undefined
  const [subnet, encap, type, pktTag, gateway, subnet6, gateway6] = value
  if (typeof subnet !== 'string' || typeof gateway !== 'string') return undefined
  if (typeof subnet6 !== 'string' || typeof gateway6 !== 'string') return undefined
  if ((encap !== 'vxlan' && encap !== 'vlan') || (type !== 'data' && type !== 'infra')) return undefined
  if (typeof pktTag !== 'number' || !Number.isInteger(pktTag) || pktTag < 0 || pktTag > 0xffffff) return undefined
  try {
    const parsed = parseSubnet(subnet)
    return parsed.text === subnet ? { subnet: parsed, encap, type, pktTag, gateway, subnet6, gateway6 } : undefined
  } catch {
    return undefined // not a subnet: the record takes no effect
  }
}

/** True if two acts would create the same network, up to name and time. */
export function sameSpec(a: NetworkSpec, b: NetworkSpec): boolean {
  return JSON.stringify(specToPlain(a)) === JSON.stringify(specToPlain(b))
}

/** True if a network with this spec is what was asked for: a request may leave the VLAN's tag to Skein. */
export function fulfils(spec: NetworkSpec, asked: NetworkSpec): boolean {
  const isOpen = asked.encap === 'vlan' && asked.pktTag === 0
  return sameSpec(spec, isOpen ? { ...asked, pktTag: spec.pktTag } : asked)
}
