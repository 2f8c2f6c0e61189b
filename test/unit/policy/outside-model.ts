/** What the kernel does with a packet that is led to a chain of the table for published ports. */
import { type Address, familyOf, parseAddress } from '../../../src/model/address-match.ts'

export interface Packet {
  /** Source of the connection. */
  readonly original: Address
  /** Who answers. */
  readonly reply: Address
  readonly protocol: number
  readonly port: number
}

export interface OutsideTexts {
  readonly chains: ReadonlyMap<string, readonly string[]>
  readonly elements: ReadonlyMap<string, ReadonlyMap<string, string>>
}

const words = 'ct (?:original|reply) ip6? saddr|ct protocol|ct reply proto-src'
const test = new RegExp(`^(${words}) ([\\da-f:][\\da-f.:-]*) `)
const lookup = new RegExp(`^((?:(?:${words})(?: \\. )?)+) vmap @(\\w+)$`)

/** 'deny' if it is dropped there; 'allow' if it is back where the chain was jumped to. */
export function judgedBy(texts: OutsideTexts, chain: string, packet: Packet): 'allow' | 'deny' {
  for (const line of texts.chains.get(chain) ?? [`no chain ${chain}`]) {
    const found = statement(texts, line, packet)
    if (found === undefined) continue
    const [verb = '', target = ''] = found.split(' ')
    if (verb === 'drop') return 'deny'
    if (verb === 'goto') return judgedBy(texts, target, packet)
    if (judgedBy(texts, target, packet) === 'deny') return 'deny'
  }
  return 'allow'
}

/** What a line does with the packet; undefined for nothing. */
function statement({ elements }: OutsideTexts, line: string, packet: Packet): string | undefined {
  let rest = line
  for (let found = test.exec(rest); found; found = test.exec(rest)) {
    if (!fits(found[1] ?? '', found[2] ?? '', packet)) return undefined
    rest = rest.slice(found[0].length)
  }
  const [, selector, map] = lookup.exec(rest) ?? []
  if (selector !== undefined && map !== undefined) {
    const parts = selector.split(' . ')
    return [...(elements.get(map) ?? [])].find(([key]) =>
      key.split(' . ').every((value, at) => fits(parts[at] ?? '', value, packet)),
    )?.[1]
  }
  if (/^counter name "\w+" drop$/.test(rest)) return 'drop'
  if (/^ct state new counter name "\w+"$/.test(rest)) return undefined
  if (/^(goto|jump) \w+$/.test(rest)) return rest
  throw new Error(`not understood: ${line}`)
}

function fits(what: string, value: string, { original, reply, protocol, port }: Packet): boolean {
  if (what === 'ct protocol') return Number(value) === protocol
  if (what === 'ct reply proto-src') return Number(value) === port
  const address = what.startsWith('ct original') ? original : reply
  if (familyOf(address) !== (what.includes('ip6') ? 6 : 4)) return false
  const [low = '', high = low] = value.split('-')
  const [from, to] = [parseAddress(low), parseAddress(high)]
  return from !== undefined && to !== undefined && address >= from && address <= to
}
