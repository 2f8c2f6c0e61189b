/** Who may hand out how many addresses of a network, for people. Walks every block: not for the allocation path. */
import type { Network, RegistryView } from '../../crdt/registry-view.ts'
import type { PeerKey } from '../../lib/keys.ts'
import { custodyOf, isExcluded, usableCount } from './geometry.ts'

export interface Usage {
  owner: PeerKey
  /** Addresses that the owner may hand out, used or not. */
  addresses: number
  /** Of those, how many a live endpoint of anybody holds. */
  used: number
}

/** Sorted by owner. What is quarantined counts for nobody. */
export function usageOf(view: RegistryView, network: Network): Usage[] {
  const rows = new Map<PeerKey, Usage>()
  const rowOf = (owner: PeerKey) => {
    const row = rows.get(owner) ?? { owner, addresses: 0, used: 0 }
    rows.set(owner, row)
    return row
  }
  const count = view.blockCount(network.id)
  for (let index = 0; index < count; index++) {
    const block = view.block(network.id, index)
    if (block && !block.quarantined) rowOf(block.owner).addresses += usableCount(view, network, block)
  }
  for (const ip of view.carved(network.id)) {
    const address = view.address(network.id, ip)
    if (address && !address.quarantined && !isExcluded(network, ip)) rowOf(address.owner).addresses++
  }
  for (const ip of new Set(view.endpoints(network.id).map(endpoint => endpoint.ip))) {
    const custody = custodyOf(view, network.id, ip)
    const row = custody && !custody.quarantined ? rows.get(custody.owner) : undefined
    if (row) row.used++
  }
  return [...rows.values()].sort((a, b) => (a.owner < b.owner ? -1 : 1))
}
