/** What a network is created with and can never change: its spec. Part of its identity (docs/decisions). */
import type { Plain } from '../lib/cbor.ts'
import { SkeinError } from '../lib/errors.ts'
import { checkName } from './names.ts'
import { parseSubnet, type Subnet } from './subnet.ts'

/** Hash of the act that created a network: 64 hex digits. */
export type NetworkId = string

export interface NetworkSpec {
  readonly subnet: Subnet
  readonly encap: 'vxlan' | 'vlan'
  readonly type: 'data' | 'infra'
  /** VXLAN: preferred VNI, 0 for none. VLAN: the tag, 1 to `lastVlan`; 0 only before a network is made: Skein chooses. */
  readonly pktTag: number
  /** Gateway address or ''. */
  readonly gateway: string
  readonly subnet6: string
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
  if (type === 'infra') throw new SkeinError('unsupported', 'infra networks are not supported yet: use --nw-type=data')
  if (request.gateway || request.gateway6) {
    throw new SkeinError('unsupported', 'networks with a gateway are not supported yet: leave out --gateway')
  }
  if (request.subnet6) throw new SkeinError('unsupported', 'IPv6 subnets are not supported yet: leave out --subnetv6')
  return { subnet, encap, type, pktTag, gateway: '', subnet6: '', gateway6: '' }
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
