/**
 * Pure: the chains that find the first rule that matches a flow. Rules that differ in address, protocol and port alone are
 * one lookup in a map, however many they are; only those with a network, a range or a group of their own add to the length.
 * Such a map has a name of its own, so that one rule more or less is one element and not the map anew.
 */
import { sha256Hex } from '../lib/bytes.ts'
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

/** Where a rule sends a flow that it matches. */
export interface Target {
  /** What it does alone. */
  readonly statement: string
  /** What it does as an element of a map: a verdict. */
  readonly verdict: string
}

/** A rule, or one of several forms of it. */
export interface ChainRule extends Terms {
  readonly target: Target
}

export interface Chain {
  readonly name: string
  /** Statements. */
  readonly lines: readonly string[]
}

/** A map of many rules, from what they match to what they do. */
export interface Lookup {
  readonly name: string
  readonly selector: string
  readonly elements: ReadonlyMap<string, string>
}

/** nft's words for the address of the other end, in the tuple of the connection, not of the packet: replies are judged as their flow. */
export type PeerWords = 'ct original ip saddr' | 'ct reply ip saddr' | 'ct original ip6 saddr' | 'ct reply ip6 saddr'

/** Each end of a flow in the tuple of its connection; the reply's source is whom it really reached. */
export const ends: Readonly<Record<Family, Readonly<Record<Direction, PeerWords>>>> = {
  4: { in: 'ct original ip saddr', out: 'ct reply ip saddr' },
  6: { in: 'ct original ip6 saddr', out: 'ct reply ip6 saddr' },
}

/** The chain `name`, and those that it leads to. Of rules that match the same the first decides. */
export function chainsOf(name: string, rules: readonly ChainRule[]): { chains: Chain[]; lookups: Lookup[] } {
  const chains: Chain[] = []
  const lookups: Lookup[] = []
  const lines: string[] = []
  for (const { conditions, part, lines: found } of partsOf(name, rules, lookups)) {
    if (conditions === '') lines.push(...found)
    else if (found.length === 1) lines.push(`${conditions} ${found[0]}`)
    else {
      chains.push({ name: part, lines: found })
      lines.push(`${conditions} jump ${part}`)
    }
  }
  return { chains: [...chains, { name, lines }], lookups }
}

/** The same without further chains: each line has its conditions in front, and the first that matches decides if each target is left for good. */
export function linesOf(name: string, rules: readonly ChainRule[]): { lines: string[]; lookups: Lookup[] } {
  const lookups: Lookup[] = []
  const lines = partsOf(name, rules, lookups).flatMap(({ conditions, lines: found }) =>
    found.map(line => (conditions === '' ? line : `${conditions} ${line}`)),
  )
  return { lines, lookups }
}

interface Part {
  readonly conditions: string
  /** Name of its own, which stays whatever other parts there are. */
  readonly part: string
  readonly lines: readonly string[]
}

/** Rules by their conditions. */
function partsOf(name: string, rules: readonly ChainRule[], lookups: Lookup[]): Part[] {
  const [only] = rules
  // most groups that rules name are named by one
  if (only && rules.length === 1) return [{ conditions: only.conditions, part: name, lines: [aloneText(only)] }]
  const parts = new Map<string, Map<string, Map<string, Target>>>()
  for (const { conditions, selector, key, target } of rules) {
    const maps = entryOf(parts, conditions, () => new Map<string, Map<string, Target>>())
    const map = entryOf(maps, selector, () => new Map<string, Target>())
    // of two rules that match the same, the other can never decide
    if (!map.has(key)) map.set(key, target)
  }
  return [...parts].map(([conditions, maps]) => {
    const isAlone = maps.size === 1 && [...maps.values()].every(map => map.size === 1)
    const part = conditions === '' || isAlone ? name : `${name}_${sha256Hex(conditions).slice(0, 12)}`
    return { conditions, part, lines: [...maps].map(([selector, map]) => lineOf(part, selector, map, lookups)) }
  })
}

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const value = map.get(key) ?? make()
  map.set(key, value)
  return value
}

export function rangeText({ first, last }: Pick<AddressMatch, 'first' | 'last'>): string {
  return first === last ? formatAddress(first) : `${formatAddress(first)}-${formatAddress(last)}`
}

/** One statement for each combination of fields that the rules give. */
function lineOf(part: string, selector: string, rules: ReadonlyMap<string, Target>, lookups: Lookup[]): string {
  const [first] = rules
  if (first && rules.size === 1) return aloneText({ selector, key: first[0], target: first[1] })
  const name = `${part}_${fieldNames(selector)}`
  const elements = new Map<string, string>()
  for (const [key, { verdict }] of rules) elements.set(key, verdict)
  lookups.push({ name, selector, elements })
  return `${selector} vmap @${name}`
}

/** A selector in a name: a letter for each of its fields. */
function fieldNames(selector: string): string {
  return selector
    .split(' . ')
    .map(words => fields[words as keyof typeof fields] ?? 'a')
    .join('')
}

const fields = { 'ct protocol': 'p', 'ct reply proto-src': 'd' } as const

function aloneText({ selector, key, target }: Pick<ChainRule, 'selector' | 'key' | 'target'>): string {
  if (selector === '') return target.statement
  const values = key.split(' . ')
  const tests = selector.split(' . ').map((words, at) => `${words} ${values[at]}`)
  return `${tests.join(' ')} ${target.statement}`
}

export function termsOf({ conditions, peer: range, protocol, port }: Match, peer: PeerWords): Terms {
  const found: [words: string, value: string][] = []
  const isOne = range !== undefined && range.first === range.last
  if (isOne) found.push([peer, formatAddress(range.first)])
  if (protocol !== undefined) found.push(['ct protocol', String(protocol)])
  // where the receiver answers from: what it listens on, whatever was translated on the way
  if (port !== 0) found.push(['ct reply proto-src', String(port)])
  // a single address can be the key of a map, a range cannot
  const more = range === undefined || isOne ? '' : `${peer} ${rangeText(range)}`
  return {
    conditions: [conditions, more].filter(text => text !== '').join(' '),
    selector: found.map(([words]) => words).join(' . '),
    key: found.map(([, value]) => value).join(' . '),
  }
}
