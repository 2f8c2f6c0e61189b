/**
 * Pure: the chains that find the first rule that matches a flow. Rules that differ in address, protocol and port alone are
 * one lookup in a map, however many they are; only those with a network, a range or a group of their own add to the length.
 */
import { type AddressMatch, type Family, formatAddress } from '../model/address-match.ts'
import type { Direction } from './book.ts'

/** What a rule matches. */
export interface Match {
  /** In nft's words, what no map can hold; '' for none. */
  readonly conditions: string
  /** The other end's addresses; undefined for any. */
  readonly peer: AddressMatch | undefined
  /** As in the header of its family. */
  readonly protocol: number | undefined
  /** Destination port; 0 for any. */
  readonly port: number
}

/** The same as nft compares it: the key of a map, under conditions. Rules with one selector share a map. */
export interface Terms {
  readonly conditions: string
  readonly selector: string
  readonly key: string
}

/** A rule, or one of several forms of it. */
export interface ChainRule extends Terms {
  /** Of the rules that match, the lowest decides; its last bit is the verdict: 1 to let pass. */
  readonly mark: number
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
export type PeerWords = 'ct original ip saddr' | 'ct reply ip saddr' | 'ct original ip6 saddr' | 'ct reply ip6 saddr'

/** Each end of a flow in the tuple of its connection; the reply's source is whom it really reached. */
export const ends: Readonly<Record<Family, Readonly<Record<Direction, PeerWords>>>> = {
  4: { in: 'ct original ip saddr', out: 'ct reply ip saddr' },
  6: { in: 'ct original ip6 saddr', out: 'ct reply ip6 saddr' },
}

/** The chain `name`, and those that it leads to, in the order in which they must be declared. */
export function chainsOf(name: string, rules: readonly ChainRule[], target: Target): Chain[] {
  const chains: Chain[] = []
  const lines: string[] = []
  for (const [conditions, members] of byConditions(rules)) {
    const found = mapLines(members, target)
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
export function linesOf(rules: readonly ChainRule[], target: Target): string[] {
  return [...byConditions(rules)].flatMap(([conditions, members]) =>
    mapLines(members, target).map(line => (conditions === '' ? line : `${conditions} ${line}`)),
  )
}

function byConditions(rules: readonly ChainRule[]): Map<string, ChainRule[]> {
  const groups = new Map<string, ChainRule[]>()
  for (const rule of rules) {
    const group = groups.get(rule.conditions)
    if (group) group.push(rule)
    else groups.set(rule.conditions, [rule])
  }
  return groups
}

export function rangeText({ first, last }: Pick<AddressMatch, 'first' | 'last'>): string {
  return first === last ? formatAddress(first) : `${formatAddress(first)}-${formatAddress(last)}`
}

/** One statement for each combination of fields that the rules give. */
function mapLines(rules: readonly ChainRule[], target: Target): string[] {
  const maps = new Map<string, Map<string, number>>()
  for (const { selector, key, mark } of rules) {
    const map = maps.get(selector) ?? new Map<string, number>()
    // of two rules that match the same, the other can never decide
    map.set(key, Math.min(mark, map.get(key) ?? mark))
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

export function termsOf({ conditions, peer: range, protocol, port }: Match, peer: PeerWords): Terms {
  const fields: [words: string, value: string][] = []
  const isOne = range !== undefined && range.first === range.last
  if (isOne) fields.push([peer, formatAddress(range.first)])
  if (protocol !== undefined) fields.push(['ct protocol', String(protocol)])
  // where the receiver answers from: what it listens on, whatever was translated on the way
  if (port !== 0) fields.push(['ct reply proto-src', String(port)])
  // a single address can be the key of a map, a range cannot
  const more = range === undefined || isOne ? '' : `${peer} ${rangeText(range)}`
  return {
    conditions: [conditions, more].filter(text => text !== '').join(' '),
    selector: fields.map(([words]) => words).join(' . '),
    key: fields.map(([, value]) => value).join(' . '),
  }
}
