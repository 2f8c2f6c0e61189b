/** Pure: what a rule matches, in nft's words, in such a form that rules which differ in address, protocol and port alone can share a map. */
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

/** nft's words for the address of the other end, in the tuple of the connection, not of the packet: replies are judged as their flow. */
export type PeerWords = 'ct original ip saddr' | 'ct reply ip saddr' | 'ct original ip6 saddr' | 'ct reply ip6 saddr'

/** Each end of a flow in the tuple of its connection; the reply's source is whom it really reached. */
export const ends: Readonly<Record<Family, Readonly<Record<Direction, PeerWords>>>> = {
  4: { in: 'ct original ip saddr', out: 'ct reply ip saddr' },
  6: { in: 'ct original ip6 saddr', out: 'ct reply ip6 saddr' },
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

export function rangeText({ first, last }: Pick<AddressMatch, 'first' | 'last'>): string {
  return first === last ? formatAddress(first) : `${formatAddress(first)}-${formatAddress(last)}`
}
