/** Who may hand out how many addresses of a network, for people. Walks every block: not for the allocation path. */
import type { Network, RegistryView } from '../../crdt/registry-view.ts'
import type { PeerKey } from '../../lib/keys.ts'
import { blockOf, usableCount } from './geometry.ts'

export interface Usage {
  owner: PeerKey
  /** Addresses that the owner may hand out, used or not. */
  addresses: number
  /** Of those, how many a live endpoint of anybody holds. */
  used: number
}

/** Sorted by owner. Quarantined blocks count for nobody. */
export function usageOf(view: RegistryView, network: Network): Usage[] {
  const rows = new Map<PeerKey, Usage>()
  const count = view.blockCount(network.id)
  for (let index = 0; index < count; index++) {
    const block = view.block(network.id, index)
    if (!block || block.quarantined) continue
    const row = rows.get(block.owner) ?? { owner: block.owner, addresses: 0, used: 0 }
    row.addresses += usableCount(view, network, block)
    rows.set(block.owner, row)
  }
  for (const ip of new Set(view.endpoints(network.id).map(endpoint => endpoint.ip))) {
    const index = blockOf(view, network.id, ip)
    const block = index === undefined ? undefined : view.block(network.id, index)
    const row = block && !block.quarantined ? rows.get(block.owner) : undefined
    if (row) row.used++
  }
  return [...rows.values()].sort((a, b) => (a.owner < b.owner ? -1 : 1))
}
