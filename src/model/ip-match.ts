/** What addresses a rule or a group's pool means: one, a prefix, or a range, with one canonical text for each meaning. */
import { SkeinError } from '../lib/errors.ts'
import { formatIp, parseIp } from './ip.ts'

export interface IpMatch {
  /** First and last address, inclusive. */
  readonly first: number
  readonly last: number
  /** `10.1.2.3`, `10.1.2.0/24` or `10.1.2.3-10.1.2.9`. */
  readonly text: string
}

const form = /^([\d.]+)(?:-([\d.]+)|\/(\d{1,2}))?$/

/** Also reads Contiv's short range, `10.1.2.3-9`. `what` names the field in errors. Throws `invalid`. */
export function parseIpMatch(what: string, text: string): IpMatch {
  const fail = (why: string): never => {
    throw new SkeinError(
      'invalid',
      `${what} ${JSON.stringify(text)} ${why}; write it like 10.1.2.3, 10.1.2.0/24 or 10.1.2.3-10.1.2.9`,
    )
  }
  const match = form.exec(text)
  const first = match?.[1] === undefined ? undefined : parseIp(match[1])
  if (!match || first === undefined) return fail('is no IPv4 address, prefix or range')
  const [, , end, length] = match
  if (length !== undefined) return prefix(first, Number(length), fail)
  if (end === undefined) return { first, last: first, text: formatIp(first) }
  const last = lastOf(first, end)
  if (last === undefined) return fail('has a range whose end is no address')
  if (last < first) return fail('has a range that ends before it starts')
  return { first, last, text: first === last ? formatIp(first) : `${formatIp(first)}-${formatIp(last)}` }
}

function prefix(first: number, length: number, fail: (why: string) => never): IpMatch {
  if (length < 1 || length > 32) return fail('must have a length of 1 to 32')
  const size = 2 ** (32 - length)
  const base = Math.floor(first / size) * size
  if (base !== first) return fail(`has host bits set (did you mean ${formatIp(base)}/${length}?)`)
  return { first, last: first + size - 1, text: length === 32 ? formatIp(first) : `${formatIp(first)}/${length}` }
}

/** A whole address, or the last octet alone. */
function lastOf(first: number, end: string): number | undefined {
  if (!/^\d{1,3}$/.test(end)) return parseIp(end)
  return Number(end) > 255 ? undefined : first - (first % 256) + Number(end)
}
