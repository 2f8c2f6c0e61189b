/** One endpoint as it is held: a host holds hundreds of thousands, so each text is kept once and short. */
import type { PeerKey } from '../lib/keys.ts'
import { macOf } from '../model/ip.ts'
import type { NetworkId } from '../model/network.ts'
import { pack, packList, unpack, unpackList } from './compact.ts'
import { compareHlc, type Hlc } from './hlc.ts'
import type { EndpointLeaf, EndpointRmLeaf } from './leaves.ts'
import { contentOf, type LeafRecord } from './live-set.ts'
import type { Endpoint } from './registry-view.ts'

/** What a deletion leaves. */
export interface Tombstone {
  readonly network: NetworkId
  readonly counter: number
  /** Packed. */
  readonly hash: string
}

/** Keys and network ids are shared strings; the other texts are packed. */
export interface HeldEndpoint extends Tombstone {
  readonly id: string
  readonly owner: PeerKey
  readonly hlc: Hlc
  readonly ip: number
  /** Undefined for the MAC that follows from the address. */
  readonly mac: string | undefined
  /** Container, its name, its group's id ('' for none), aliases. */
  readonly texts: string
}

/** @param shared the strings of owner and network that everything else refers to */
export function holdEndpoint(
  { leaf, dot, hlc, hash }: LeafRecord<EndpointLeaf>,
  shared: { id: string; owner: PeerKey; network: NetworkId },
): HeldEndpoint {
  const { ip, mac, container, containerName, group = '', aliases = [] } = leaf
  const { owner, network, id } = shared
  const ownMac = mac === macOf(ip) ? undefined : pack(mac)
  const texts = packList([container, containerName, group, ...aliases])
  return { network, counter: dot.counter, hash: pack(hash), id, owner, hlc, ip, mac: ownMac, texts }
}

export function holdTombstone({ dot, hash }: LeafRecord<EndpointRmLeaf>, network: NetworkId): Tombstone {
  return { network, counter: dot.counter, hash: pack(hash) }
}

export function isHeld(record: Tombstone | HeldEndpoint | undefined): record is HeldEndpoint {
  return record !== undefined && 'ip' in record
}

/** What the record's slot holds. */
export function heldContent({ counter, hash }: Tombstone): string {
  return contentOf({ dot: { counter }, hash: unpack(hash) })
}

/**
 * Of two records of one writer the later counts; of two that a forked writer has at one counter, that with the lower hash, and of
 * equal ones the earlier.
 */
export function isOverruled({ dot, hash, hlc }: LeafRecord<unknown>, by: Tombstone | HeldEndpoint): boolean {
  if (dot.counter !== by.counter) return dot.counter < by.counter
  const held = unpack(by.hash)
  return hash === held ? !isHeld(by) || compareHlc(hlc, by.hlc) >= 0 : hash > held
}

export function endpointOf({ id, network, owner, ip, mac, texts }: HeldEndpoint): Endpoint {
  const [container = '', containerName = '', group = '', ...aliases] = unpackList(texts)
  const ownMac = mac === undefined ? macOf(ip) : unpack(mac)
  const known = { id: unpack(id), network, owner, ip, mac: ownMac, container, containerName, aliases }
  return group === '' ? known : { ...known, group }
}

/** As a record says it. */
export function endpointAt({ kind: _, aliases = [], ...leaf }: EndpointLeaf, owner: PeerKey): Endpoint {
  return { ...leaf, owner, aliases }
}
