/**
 * Which blocks to give to a member that asks. Only blocks with nothing in them: no address held, none freed within the
 * cool-down (R7), no live endpoint (R5), nothing carved out. The highest go first, since the lowest are handed out first.
 *
 * How much to keep: of n such blocks, n - floor(n / 2). The only one is kept as well, except
 * - when the addresses that stay free elsewhere do not fall below this host's own low-water mark, or
 * - when the asker has none left and asks for the last one, and no container waits for an address here. Certain failure
 *   there weighs more than a possible one here; while the two are connected it can be asked back.
 */
import type { Network, RegistryView } from '../../crdt/registry-view.ts'
import { lowWaterOf, rangeOf, sizeOf } from './geometry.ts'
import type { Moment, Pool } from './pool.ts'

export interface DonationRequest {
  /** Blocks wanted, at least 1. */
  readonly count: number
  /** The only free block may go too. */
  readonly evenLast: boolean
}

/** Blocks to give, possibly none; descending. */
export function chooseBlocks(moment: Moment, pool: Pool, request: DonationRequest): number[] {
  const { view, nowMs } = moment
  const network = view.network(pool.network)
  if (!network) return []
  const blocks = pool.blocks(moment)
  const found: number[] = []
  // twice what is asked for is enough to know that half may go
  for (let at = blocks.length - 1; at >= 0 && found.length < 2 * request.count; at--) {
    const index = blocks[at] as number
    if (pool.owns(view, index) && isUntouched(view, network, pool, index, nowMs)) found.push(index)
  }
  if (found.length > 1) return found.slice(0, Math.min(request.count, Math.floor(found.length / 2)))
  const size = sizeOf(view, network.id)
  const isSpare = pool.freeCount(moment) - size >= lowWaterOf(size)
  return isSpare || request.evenLast ? found : []
}

function isUntouched(view: RegistryView, network: Network, pool: Pool, index: number, nowMs: number): boolean {
  const { first, last } = rangeOf(view, network, index)
  if (last < first || view.block(network.id, index)?.carved.length !== 0) return false
  for (let ip = first; ip <= last; ip++) {
    if (pool.ledger.heldEntry(ip) || pool.ledger.isCooling(ip, nowMs)) return false
    if (view.holders(network.id, ip).length > 0) return false
  }
  return true
}
