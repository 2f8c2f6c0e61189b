/**
 * The IPv6 side of a network. Nobody allocates its addresses: an endpoint's is its IPv4 address's place in the IPv4 subnet,
 * counted from the IPv6 prefix. So whoever owns the one owns the other (I1).
 */
import { SkeinError } from '../lib/errors.ts'
import { formatIp } from './ip.ts'
import { formatIp6, parseIp6 } from './ip6.ts'
import { contains, prefixText, type Subnet } from './subnet.ts'

export interface Subnet6 {
  /** First address of the prefix. */
  readonly base: bigint
  readonly length: number
  /** Canonical text, `fd00:6::/64`. */
  readonly text: string
}

/** What of a network's spec its IPv6 addresses follow from. */
export interface Addressing6 {
  readonly subnet: Subnet
  /** Canonical text; '' for none. */
  readonly subnet6: string
  /** Canonical text; '' for none. */
  readonly gateway6: string
}

/** A site's prefix (RFC 4193): a network is no larger. */
const shortestLength = 48

/** The longest prefix that has a place for every address of the IPv4 subnet. */
export function longestLength(subnet: Subnet): number {
  return 96 + subnet.length
}

/** The prefix of a network whose IPv4 side is `subnet`. Throws `invalid` with the reason. */
export function checkSubnet6(text: string, subnet: Subnet): Subnet6 {
  const example = 'fd00:6::/64'
  const fail = (why: string): never => {
    throw new SkeinError('invalid', `IPv6 subnet ${text || '""'} ${why}; write it like ${example}`)
  }
  const match = /^([0-9a-fA-F:]{2,39})\/(\d{1,3})$/.exec(text)
  const start = match?.[1] === undefined ? undefined : parseIp6(match[1])
  if (!match || start === undefined) return fail('is not an IPv6 prefix')
  const length = Number(match[2])
  const longest = longestLength(subnet)
  if (length < shortestLength || length > longest) {
    return fail(
      `must have a length of ${shortestLength} to ${longest}: each address of ${prefixText(subnet)} has its own in it`,
    )
  }
  const base = baseOf(start, length)
  if (base !== start) return fail(`has host bits set (did you mean ${formatIp6(base)}/${length}?)`)
  if (!isUnicast(base)) return fail('is neither a global (2000::/3) nor a unique local (fc00::/7) prefix')
  return { base, length, text: `${formatIp6(base)}/${length}` }
}

/**
 * The canonical text of a gateway. It may have the place of the IPv4 gateway, or one that belongs to no IPv4 address of
 * the network's. Throws `invalid` with the reason.
 */
export function checkGateway6(text: string, subnet6: Subnet6, subnet: Subnet, gateway: number | undefined): string {
  const ip = parseIp6(text)
  const own = gateway === undefined ? undefined : formatIp6(subnet6.base + BigInt(gateway - subnet.base))
  const example = own ?? formatIp6(subnet6.base + BigInt(2 ** (32 - subnet.length) - 2))
  const fail = (why: string): never => {
    throw new SkeinError('invalid', `IPv6 gateway ${text} ${why}: use for example --gatewayv6=${example}`)
  }
  if (ip === undefined || !contains6(subnet6, ip) || ip === subnet6.base) {
    return fail(`is no address of a host in ${subnet6.text}`)
  }
  const place = ip4At(subnet6, subnet, ip)
  if (place !== undefined && place !== gateway && place >= subnet.first && place <= subnet.last) {
    return fail(`is the IPv6 address of the container that has ${formatIp(place)}`)
  }
  return formatIp6(ip)
}

const known = new WeakMap<Addressing6, { readonly subnet6: Subnet6 | undefined }>()

/** A network's IPv6 prefix; undefined for none. Records may say anything: what is not in canonical form takes no effect. */
export function subnet6Of(spec: Addressing6): Subnet6 | undefined {
  if (spec.subnet6 === '') return undefined
  let entry = known.get(spec)
  if (entry === undefined) {
    entry = { subnet6: soundSubnet6(spec) }
    known.set(spec, entry)
  }
  return entry.subnet6
}

function soundSubnet6({ subnet, subnet6 }: Addressing6): Subnet6 | undefined {
  try {
    const parsed = checkSubnet6(subnet6, subnet)
    return parsed.text === subnet6 ? parsed : undefined
  } catch {
    return undefined
  }
}

/** The IPv6 address, canonical text, of the endpoint with this IPv4 address; undefined if the network has none for it. */
export function address6(spec: Addressing6, ip: number): string | undefined {
  const subnet6 = subnet6Of(spec)
  if (subnet6 === undefined || !contains(spec.subnet, ip)) return undefined
  return formatIp6(subnet6.base + BigInt(ip - spec.subnet.base))
}

/** The inverse: the IPv4 address of the endpoint with this IPv6 address; undefined if it cannot be an endpoint's. */
export function address4(spec: Addressing6, text: string): number | undefined {
  const subnet6 = subnet6Of(spec)
  const ip = parseIp6(text)
  return subnet6 === undefined || ip === undefined ? undefined : ip4At(subnet6, spec.subnet, ip)
}

/** The IPv6 gateway, canonical text; undefined for none. `gateway`: the IPv4 one. */
export function gateway6In(spec: Addressing6, gateway: number | undefined): string | undefined {
  const subnet6 = subnet6Of(spec)
  if (subnet6 === undefined || spec.gateway6 === '') return undefined
  try {
    const text = checkGateway6(spec.gateway6, subnet6, spec.subnet, gateway)
    return text === spec.gateway6 ? text : undefined
  } catch {
    return undefined // not one of its addresses: it takes no effect
  }
}

/** True if some address is in both prefixes. */
export function overlaps6(a: Subnet6, b: Subnet6): boolean {
  return contains6(a, b.base) || contains6(b, a.base)
}

/** True if the prefix holds the address. */
export function contains6({ base, length }: Subnet6, ip: bigint): boolean {
  return baseOf(ip, length) === base
}

function ip4At(subnet6: Subnet6, subnet: Subnet, ip: bigint): number | undefined {
  const place = ip - subnet6.base
  return place >= 0n && place < BigInt(2 ** (32 - subnet.length)) ? subnet.base + Number(place) : undefined
}

function baseOf(ip: bigint, length: number): bigint {
  const hostBits = BigInt(128 - length)
  return (ip >> hostBits) << hostBits
}

function isUnicast(ip: bigint): boolean {
  return ip >> 125n === 1n || ip >> 121n === 0x7en
}
