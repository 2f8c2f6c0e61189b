/** Who may hand out how many addresses of a network, for people. Costs what has moved, not what there is: a /8 has 262,144 blocks. */
import type { Network, RegistryView } from '../../crdt/registry-view.ts'
import type { PeerKey } from '../../lib/keys.ts'
import { parseIp } from '../../model/ip.ts'
import { custodyOf, isExcluded, sizeOf, usableCount } from './geometry.ts'

export interface Usage {
  owner: PeerKey
  /** Addresses that the owner may hand out, used or not. */
  addresses: number
  /** Of those, how many a live endpoint of anybody holds. */
  used: number
  /** Of the others, how many are kept for who asks for them by name. */
  reserved: number
}

/** Sorted by owner. What is quarantined counts for nobody. */
export function usageOf(view: RegistryView, network: Network): Usage[] {
  const rows = new Map<PeerKey, Usage>()
  const rowOf = (owner: PeerKey) => {
    const row = rows.get(owner) ?? { owner, addresses: 0, used: 0, reserved: 0 }
    rows.set(owner, row)
    return row
  }
  for (const [owner, addresses] of dealt(view, network)) rowOf(owner).addresses += addresses
  const moved = view.touchedBlocks(network.id)
  for (const index of moved) {
    const block = view.block(network.id, index)
    if (!block) continue
    const dealer = dealtTo(view, network, index)
    if (dealer !== undefined) rowOf(dealer).addresses -= usableCount(view, network, { index, carved: [] })
    if (!block.quarantined) rowOf(block.owner).addresses += usableCount(view, network, block)
  }
  // nobody takes an address from a forked writer's blocks; and who has given all away is no owner any more
  for (const [owner, { addresses }] of rows) if (addresses === 0 || view.isFenced(owner)) rows.delete(owner)
  for (const ip of view.carved(network.id)) {
    const address = view.address(network.id, ip)
    if (address && !address.quarantined && !isExcluded(network, ip)) rowOf(address.owner).addresses++
  }
  for (const ip of new Set(view.endpoints(network.id).map(endpoint => endpoint.ip))) {
    const custody = custodyOf(view, network.id, ip)
    const row = custody && !custody.quarantined ? rows.get(custody.owner) : undefined
    if (row) row.used++
  }
  for (const ip of view.reserved(network.id)) {
    const row = rows.get(view.reservedBy(network.id, ip) ?? '')
    if (row && view.holders(network.id, ip).length === 0) row.reserved++
  }
  return [...rows.values()].sort((a, b) => (a.owner < b.owner ? -1 : 1))
}

/** Who has what the genesis dealt, were nothing moved; undefined while nobody may use it. */
function dealtTo(view: RegistryView, network: Network, index: number): PeerKey | undefined {
  const order = view.dealOrder(network.id)
  const { owner, quarantined } = view.successor(order[index % order.length] ?? '')
  return quarantined ? undefined : owner
}

/** What the genesis dealt: every n-th block to each, and the first, the last and the gateway's less than whole. */
function dealt(view: RegistryView, network: Network): Map<PeerKey, number> {
  const found = new Map<PeerKey, number>()
  const add = (owner: PeerKey | undefined, addresses: number) => {
    if (owner !== undefined) found.set(owner, (found.get(owner) ?? 0) + addresses)
  }
  const order = view.dealOrder(network.id)
  const count = view.blockCount(network.id)
  const size = sizeOf(view, network.id)
  order.forEach((_, at) => {
    if (at < count) add(dealtTo(view, network, at), Math.ceil((count - at) / order.length) * size)
  })
  const gateway = parseIp(network.spec.gateway)
  const partial = [0, count - 1, ...(gateway === undefined ? [] : [view.blockOf(network.id, gateway) ?? 0])]
  for (const index of new Set(partial)) {
    if (index >= 0) add(dealtTo(view, network, index), usableCount(view, network, { index, carved: [] }) - size)
  }
  return found
}
