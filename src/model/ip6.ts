/** IPv6 arithmetic: an address is an unsigned 128-bit number inside Skein and text in canonical form (RFC 5952) outside. */

const groupCount = 8
const last = 0xffffn

/** Parses an address, in any of its forms but with a dotted end or a zone; undefined if it is anything else. */
export function parseIp6(text: string): bigint | undefined {
  const [head = '', tail, ...more] = text.split('::')
  if (more.length > 0) return undefined
  const before = groupsOf(head)
  const after = groupsOf(tail ?? '')
  if (!before || !after) return undefined
  const missing = groupCount - before.length - after.length
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  const groups = [...before, ...new Array<bigint>(missing).fill(0n), ...after]
  return groups.reduce((value, group) => (value << 16n) | group, 0n)
}

/** Undefined if some part is no group. */
function groupsOf(text: string): bigint[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  return parts.every(part => /^[0-9a-f]{1,4}$/i.test(part)) ? parts.map(part => BigInt(`0x${part}`)) : undefined
}

/** Lower case, no leading zeros, the longest run of at least two zero groups as `::`, of equal ones the first. */
export function formatIp6(ip: bigint): string {
  const groups = Array.from({ length: groupCount }, (_, at) => (ip >> BigInt(16 * (groupCount - 1 - at))) & last)
  const { start, length } = longestZeros(groups)
  const text = (some: readonly bigint[]) => some.map(group => group.toString(16)).join(':')
  if (length < 2) return text(groups)
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`
}

function longestZeros(groups: readonly bigint[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let run = 0
  for (const [at, group] of groups.entries()) {
    run = group === 0n ? run + 1 : 0
    if (run > best.length) best = { start: at + 1 - run, length: run }
  }
  return best
}
