/**
 * Pure: the chains that find the first rule that matches a flow. Rules that differ in address, protocol and port alone are
 * one lookup in a map, however many they are; only those with a network, a range or a group of their own add to the length.
 */
import { formatIp } from '../model/ip.ts'
import type { IpMatch } from '../model/ip-match.ts'

/** A rule, or one of several forms of it, as the kernel compares it. */
export interface ChainRule {
  /** Of the rules that match, the lowest decides; its last bit is the verdict: 1 to let pass. */
  readonly mark: number
  /** Matches in nft's words that no map can hold, '' for none. */
  readonly conditions: string
  /** The other end's addresses; undefined for any. */
  readonly peer: IpMatch | undefined
  /** IPv4 protocol number. */
  readonly protocol: number | undefined
  /** Destination port; 0 for any. */
  readonly port: number
}

export interface Chain {
  readonly name: string
  /** Statements. */
  readonly lines: readonly string[]
}

/** Where rules send a flow that they match. */
export interface Target {
  /** What a rule alone does. */
  statement(mark: number): string
  /** What an element of a map does: a verdict. */
  verdict(mark: number): string
}

/** nft's words for the address of the other end, in the tuple of the connection, not of the packet: replies are judged as their flow. */
export type PeerWords = 'ct original ip saddr' | 'ct reply ip saddr'

/** The chain `name`, and those that it leads to, in the order in which they must be declared. */
export function chainsOf(name: string, rules: readonly ChainRule[], peer: PeerWords, target: Target): Chain[] {
  const chains: Chain[] = []
  const lines: string[] = []
  for (const [conditions, members] of byConditions(rules, peer)) {
    const found = mapLines(members, peer, target)
    if (conditions === '') lines.push(...found)
    else if (found.length === 1) lines.push(`${conditions} ${found[0]}`)
    else {
      const part = { name: `${name}_${chains.length}`, lines: found }
      chains.push(part)
      lines.push(`${conditions} jump ${part.name}`)
    }
  }
  return [...chains, { name, lines }]
}

/** The same without further chains: each line has its conditions in front. */
export function linesOf(rules: readonly ChainRule[], peer: PeerWords, target: Target): string[] {
  return [...byConditions(rules, peer)].flatMap(([conditions, members]) =>
    mapLines(members, peer, target).map(line => (conditions === '' ? line : `${conditions} ${line}`)),
  )
}

function byConditions(rules: readonly ChainRule[], peer: PeerWords): Map<string, ChainRule[]> {
  const groups = new Map<string, ChainRule[]>()
  for (const rule of rules) {
    const conditions = conditionsOf(rule, peer)
    const group = groups.get(conditions)
    if (group) group.push(rule)
    else groups.set(conditions, [rule])
  }
  return groups
}

/** A single address can be the key of a map, a range cannot. */
function conditionsOf({ conditions, peer: range }: ChainRule, peer: PeerWords): string {
  if (range === undefined || range.first === range.last) return conditions
  return [conditions, `${peer} ${rangeText(range)}`].filter(text => text !== '').join(' ')
}

export function rangeText({ first, last }: Pick<IpMatch, 'first' | 'last'>): string {
  return first === last ? formatIp(first) : `${formatIp(first)}-${formatIp(last)}`
}

/** One statement for each combination of fields that the rules give. */
function mapLines(rules: readonly ChainRule[], peer: PeerWords, target: Target): string[] {
  const maps = new Map<string, Map<string, number>>()
  for (const rule of rules) {
    const fields = fieldsOf(rule, peer)
    const selector = fields.map(([words]) => words).join(' . ')
    const key = fields.map(([, value]) => value).join(' . ')
    const map = maps.get(selector) ?? new Map<string, number>()
    // of two rules that match the same, the other can never decide
    map.set(key, Math.min(rule.mark, map.get(key) ?? rule.mark))
    maps.set(selector, map)
  }
  return [...maps].map(([selector, map]) => lineOf(selector, [...map], target))
}

function lineOf(selector: string, elements: readonly (readonly [string, number])[], target: Target): string {
  const [first] = elements
  if (first && elements.length === 1) return [...matchText(selector, first[0]), target.statement(first[1])].join(' ')
  return `${selector} vmap { ${elements.map(([key, mark]) => `${key} : ${target.verdict(mark)}`).join(', ')} }`
}

function matchText(selector: string, key: string): string[] {
  if (selector === '') return []
  const values = key.split(' . ')
  return selector.split(' . ').map((words, at) => `${words} ${values[at]}`)
}

function fieldsOf({ peer: range, protocol, port }: ChainRule, peer: PeerWords): [words: string, value: string][] {
  const fields: [string, string][] = []
  if (range !== undefined && range.first === range.last) fields.push([peer, formatIp(range.first)])
  if (protocol !== undefined) fields.push(['ct protocol', String(protocol)])
  // where the receiver answers from: what it listens on, whatever was translated on the way
  if (port !== 0) fields.push(['ct reply proto-src', String(port)])
  return fields
}
