/** The addresses of a network: `10.1.2.0/24`, or with a range, `10.1.2.10-10.1.2.50/24`. */
import { SkeinError } from '../lib/errors.ts'
import { formatIp, parseIp } from './ip.ts'

export interface Subnet {
  /** Network address of the prefix. */
  readonly base: number
  /** Prefix length, 8 to 30. */
  readonly length: number
  /** First and last address that may be handed out; never the network, broadcast or (see `usable`) gateway address. */
  readonly first: number
  readonly last: number
  /** Canonical text. */
  readonly text: string
}

const form = /^([\d.]+)(?:-([\d.]+))?\/(\d{1,2})$/

/** Parses a subnet of a network. Throws `invalid` with the reason. */
export function parseSubnet(text: string): Subnet {
  const fail = (why: string): never => {
    throw new SkeinError(
      'invalid',
      `subnet ${text || '""'} ${why}; write it like 10.1.2.0/24 or 10.1.2.10-10.1.2.50/24`,
    )
  }
  const match = form.exec(text)
  const start = match?.[1] === undefined ? undefined : parseIp(match[1])
  if (!match || start === undefined) return fail('is not an IPv4 prefix')
  const length = Number(match[3])
  if (length < 8 || length > 30) return fail('must have a length of 8 to 30')
  const size = 2 ** (32 - length)
  const base = Math.floor(start / size) * size
  if (match[2] === undefined) {
    if (start !== base) return fail(`has host bits set (did you mean ${formatIp(base)}/${length}?)`)
    return { base, length, first: base + 1, last: base + size - 2, text: `${formatIp(base)}/${length}` }
  }
  const end = parseIp(match[2])
  if (end === undefined) return fail('has a range whose end is not an address')
  if (end < start) return fail('has a range that ends before it starts')
  if (end >= base + size) return fail('has a range that leaves its prefix')
  const first = Math.max(start, base + 1)
  const last = Math.min(end, base + size - 2)
  if (first > last) return fail('has a range without an address that can be handed out')
  return { base, length, first, last, text: `${formatIp(start)}-${formatIp(end)}/${length}` }
}

/** The prefix without the range: what Docker is told. */
export function prefixText(subnet: Subnet): string {
  return `${formatIp(subnet.base)}/${subnet.length}`
}

/** True if both can hand out some address in common (ranges are compared, not whole prefixes). */
export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.first <= b.last && b.first <= a.last
}

/** True if the prefix holds the address. */
export function contains(subnet: Subnet, ip: number): boolean {
  return ip >= subnet.base && ip < subnet.base + 2 ** (32 - subnet.length)
}
