/**
 * Subnets for networks that are created without one. The choice follows from tenant and name, so that both sides of a
 * split choose the same; it depends on the range too, which is a setting and must be equal on all hosts.
 */
import { sha256 } from '../lib/bytes.ts'
import { encode } from '../lib/cbor.ts'
import { SkeinError } from '../lib/errors.ts'
import { formatIp, parseIp } from './ip.ts'
import { overlaps, parseSubnet, type Subnet } from './subnet.ts'

/** Length of the subnets that are cut out of the range: 254 addresses each. */
const cutLength = 24

export interface AddressPool {
  readonly base: number
  readonly length: number
  /** `10.64.0.0/10`. */
  readonly text: string
}

/** Parses the range. Throws `invalid` with the reason. */
export function parseAddressPool(text: string): AddressPool {
  const fail = (why: string): never => {
    throw new SkeinError('invalid', `${why}; write it like 10.64.0.0/10`)
  }
  const match = /^([\d.]+)\/(\d{1,2})$/.exec(text)
  const base = match?.[1] === undefined ? undefined : parseIp(match[1])
  const length = Number(match?.[2])
  if (base === undefined) return fail('is not an IPv4 prefix')
  if (length < 8 || length > cutLength) return fail(`must have a length of 8 to ${cutLength}`)
  if (base % 2 ** (32 - length) !== 0) return fail('has host bits set')
  return { base, length, text }
}

/** The subnet for a network of this tenant and name: the first from its hash on that overlaps none of `taken`. */
export function chooseSubnet(
  pool: AddressPool,
  tenant: string,
  name: string,
  taken: readonly Subnet[],
): Subnet | undefined {
  const count = 2 ** (cutLength - pool.length)
  const hash = sha256(encode(['skein subnet 1', tenant, name]))
  const start = new DataView(hash.buffer, hash.byteOffset).getUint32(0) % count
  for (let step = 0; step < count; step++) {
    const base = pool.base + ((start + step) % count) * 2 ** (32 - cutLength)
    const subnet = parseSubnet(`${formatIp(base)}/${cutLength}`)
    if (!taken.some(other => overlaps(other, subnet))) return subnet
  }
  return undefined
}
