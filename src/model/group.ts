/** An endpoint group: containers of one network under common policies. Its act is its identity, as a network's is. */
import { SkeinError } from '../lib/errors.ts'
import { type IpMatch, parseIpMatch } from './ip-match.ts'
import type { Subnet } from './subnet.ts'

/** Hash of the act that created a group: 64 hex digits. */
export type GroupId = string

/** The addresses that members of a group get, canonical: `10.1.2.10-10.1.2.20`. `''` for all of the network's. Throws `invalid`. */
export function checkPool(text: string, subnet: Subnet): string {
  if (text === '') return ''
  const pool = parseIpMatch('ip-pool', text)
  if (pool.text.includes('/')) {
    throw new SkeinError('invalid', `ip-pool ${text} is a prefix: write the range, like 10.36.0.1-10.36.0.10`)
  }
  if (pool.first < subnet.first || pool.last > subnet.last) {
    throw new SkeinError('invalid', `ip-pool ${pool.text} is not within the network's addresses (${subnet.text})`)
  }
  return pool.text
}

/** True if two pools, in their canonical texts, share an address; '' shares none. */
export function poolsOverlap(a: string, b: string): boolean {
  const [left, right] = [poolRange(a), poolRange(b)]
  return left !== undefined && right !== undefined && left.first <= right.last && right.first <= left.last
}

/** Undefined for '' and for what is no pool. */
export function poolRange(text: string): IpMatch | undefined {
  try {
    return text === '' ? undefined : parseIpMatch('ip-pool', text)
  } catch {
    return undefined // of another version: filters nothing
  }
}
