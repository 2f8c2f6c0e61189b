/** Which addresses of a network may be handed out at all, and by whom. */
import type { Block, Network, RegistryView } from '../../crdt/registry-view.ts'
import type { PeerKey } from '../../lib/keys.ts'
import { parseIp } from '../../model/ip.ts'
import type { NetworkId } from '../../model/network.ts'

/** A run of addresses, both ends inclusive; empty when `last < first`. */
export interface Range {
  readonly first: number
  readonly last: number
}

/** `tenant/name`: how messages name a network. */
export function labelOf(network: Network): string {
  return `${network.tenant}/${network.name}`
}

/** Addresses per block; 1 for an unknown network. */
export function sizeOf(view: RegistryView, network: NetworkId): number {
  if (view.blockCount(network) === 0) return 1
  const { first, last } = view.blockRange(network, 0)
  return last - first + 1
}

/** Who may hand out one address. */
export interface Custody {
  readonly owner: PeerKey
  /** Nobody may hand it out. */
  readonly quarantined: boolean
  /** Its own register says so, and not its block's (R6). */
  readonly isCarved: boolean
  /** Of its block. */
  readonly index: number
  /** As of a block. */
  readonly inheritedFrom: PeerKey | undefined
}

/** Whose an address is: by its own register if it was carved out, else by that of its block. Undefined outside of all. */
export function custodyOf(view: RegistryView, network: NetworkId, ip: number): Custody | undefined {
  const index = view.blockOf(network, ip)
  if (index === undefined) return undefined
  const address = view.address(network, ip)
  const register = address ?? view.block(network, index)
  if (!register) return undefined
  const { owner, quarantined, inheritedFrom } = register
  return { owner, quarantined, inheritedFrom, isCarved: address !== undefined, index }
}

/** The part of a block that lies within the subnet's first and last address; the gateway is still in it. */
export function rangeOf(view: RegistryView, network: Network, index: number): Range {
  const { first, last } = view.blockRange(network.id, index)
  const { subnet } = network.spec
  return { first: Math.max(first, subnet.first), last: Math.min(last, subnet.last) }
}

/** True for addresses that no block hands out: network, broadcast, outside the range, gateway. */
export function isExcluded(network: Network, ip: number): boolean {
  const { subnet, gateway } = network.spec
  return ip < subnet.first || ip > subnet.last || ip === parseIp(gateway)
}

/** How many addresses of a block its owner may hand out: without excluded and carved ones. */
export function usableCount(view: RegistryView, network: Network, block: Pick<Block, 'index' | 'carved'>): number {
  const { first, last } = rangeOf(view, network, block.index)
  if (last < first) return 0
  const gateway = parseIp(network.spec.gateway)
  const lost = new Set(block.carved)
  if (gateway !== undefined) lost.add(gateway)
  let count = last - first + 1
  for (const ip of lost) if (ip >= first && ip <= last) count--
  return count
}

/** Below this many free addresses a peer asks for another block: half a block, at least two (gossip.md 5.4). */
export function lowWaterOf(blockSize: number): number {
  return Math.max(2, blockSize / 2)
}
