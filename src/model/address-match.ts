/** What addresses a rule means, of either family: one, a prefix, or a range, with one canonical text for each meaning. */
import { SkeinError } from '../lib/errors.ts'
import { formatIp, parseIp } from './ip.ts'
import { parseIpMatch } from './ip-match.ts'
import { formatIp6, parseIp6 } from './ip6.ts'

/** IPv4 as a number, IPv6 as a bigint: the type tells the family, so that no address is ever taken for one of the other. */
export type Address = number | bigint

export type Family = 4 | 6

export interface AddressMatch {
  /** First and last address, inclusive; of one family. */
  readonly first: Address
  readonly last: Address
  /** `10.1.2.3`, `10.1.2.0/24`, `10.1.2.3-10.1.2.9`, `fd00:6::5`, `fd00:6::/64` or `fd00:6::5-fd00:6::9`. */
  readonly text: string
}

/** Undefined for what is no address of either family. */
export function parseAddress(text: string): Address | undefined {
  return text.includes(':') ? parseIp6(text) : parseIp(text)
}

/** Canonical text. */
export function formatAddress(ip: Address): string {
  return typeof ip === 'bigint' ? formatIp6(ip) : formatIp(ip)
}

export function familyOf(ip: Address): Family {
  return typeof ip === 'bigint' ? 6 : 4
}

/** True for an address of the match's family that it has; undefined has every address. */
export function isWithin(match: Pick<AddressMatch, 'first' | 'last'> | undefined, ip: Address): boolean {
  if (match === undefined) return true
  return typeof match.first === typeof ip && ip >= match.first && ip <= match.last
}

/** Reads IPv4 as `parseIpMatch` does. `what` names the field in errors. Throws `invalid`. */
export function parseAddressMatch(what: string, text: string): AddressMatch {
  return text.includes(':') ? parseIp6Match(what, text) : parseIpMatch(what, text)
}

const form = /^([0-9a-f:]+)(?:-([0-9a-f:.]+)|\/(\d{1,3}))?$/i

function parseIp6Match(what: string, text: string): AddressMatch {
  const fail = (why: string): never => {
    const example = 'write it like fd00:6::5, fd00:6::/64 or fd00:6::5-fd00:6::9'
    throw new SkeinError('invalid', `${what} ${JSON.stringify(text)} ${why}; ${example}`)
  }
  const match = form.exec(text)
  const first = match?.[1] === undefined ? undefined : parseIp6(match[1])
  if (!match || first === undefined) return fail('is no IPv6 address, prefix or range')
  const [, , end, length] = match
  if (length !== undefined) return prefix(first, Number(length), fail)
  if (end === undefined) return { first, last: first, text: formatIp6(first) }
  const last = parseIp6(end)
  if (last === undefined) return fail('has a range whose end is no IPv6 address')
  if (last < first) return fail('has a range that ends before it starts')
  return { first, last, text: first === last ? formatIp6(first) : `${formatIp6(first)}-${formatIp6(last)}` }
}

function prefix(first: bigint, length: number, fail: (why: string) => never): AddressMatch {
  if (length < 1 || length > 128) return fail('must have a length of 1 to 128')
  const hostBits = BigInt(128 - length)
  const base = (first >> hostBits) << hostBits
  if (base !== first) return fail(`has host bits set (did you mean ${formatIp6(base)}/${length}?)`)
  const last = first + (1n << hostBits) - 1n
  return { first, last, text: length === 128 ? formatIp6(first) : `${formatIp6(first)}/${length}` }
}
