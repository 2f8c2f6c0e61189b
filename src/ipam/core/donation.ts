/**
 * What to give to a member that asks. Blocks with nothing in them: no address held, none that cools down (R7),
 * no live endpoint (R5); what was carved out of them is not theirs (R6). The highest go first, since the lowest are handed
 * out first. Who has no such block gives single addresses, half of them, when the asker has nowhere else to go.
 * What has moved as often as its record can say is passed over: to choose it would fail the whole request, each time.
 *
 * How much to keep: of n such blocks, n - floor(n / 2). The only one is kept as well, except
 * - when the addresses that stay free elsewhere do not fall below this host's own low-water mark, or
 * - when the asker has none left and asks for the last one, and no container waits for an address here. Certain failure
 *   there weighs more than a possible one here; while the two are connected it can be asked back.
 */
import { mayMove } from '../../crdt/blocks.ts'
import type { Network, RegistryView } from '../../crdt/registry-view.ts'
import { anyone } from './claimant.ts'
import { isExcluded, lowWaterOf, rangeOf, sizeOf, usableCount } from './geometry.ts'
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

/** Everything that may go: blocks and carved-out addresses that nobody uses, at most `limit` in all. */
export function chooseAll(moment: Moment, pool: Pool, limit: number): { blocks: number[]; ips: number[] } {
  const { view, nowMs } = moment
  const network = view.network(pool.network)
  const found = { blocks: [] as number[], ips: [] as number[] }
  if (!network) return found
  for (const index of pool.blocks(moment)) {
    if (found.blocks.length >= limit) return found
    if (pool.owns(view, index) && isUntouched(view, network, pool, index, nowMs)) found.blocks.push(index)
  }
  for (const ip of pool.carved(moment)) {
    if (found.blocks.length + found.ips.length >= limit) return found
    const isFree = isUnused(view, network, pool, ip) && pool.movesInMs(view, ip, nowMs) === 0
    if (isFree && isMovable(view, network, pool, ip)) found.ips.push(ip)
  }
  return found
}

function isUntouched(view: RegistryView, network: Network, pool: Pool, index: number, nowMs: number): boolean {
  const { first, last } = rangeOf(view, network, index)
  const block = view.block(network.id, index)
  if (!block || usableCount(view, network, block) === 0 || !mayMove(view.transfers(network.id, index))) return false
  for (let ip = first; ip <= last; ip++) {
    if (block.carved.includes(ip)) continue
    if (!isUnused(view, network, pool, ip) || pool.movesInMs(view, ip, nowMs) > 0) return false
  }
  return true
}

/** Single addresses to give, possibly none; at most `count`. */
export function chooseAddresses(moment: Moment, pool: Pool, count: number): number[] {
  const found: number[] = []
  for (const ip of unusedAddresses(moment, pool)) {
    if (pool.movesInMs(moment.view, ip, moment.nowMs) > 0) continue
    found.push(ip)
    if (found.length === 2 * count) break // enough to know that half may go
  }
  return found.slice(0, Math.min(count, Math.max(1, Math.floor(found.length / 2))))
}

/** In how many milliseconds the next address that cools down here may move to another host; 0 if none does. */
export function coolsIn(moment: Moment, pool: Pool): number {
  const { view, nowMs } = moment
  const network = view.network(pool.network)
  if (!network) return 0
  let soonest = Math.ceil(pool.nextInheritedInMs(moment, anyone))
  for (const [ip] of pool.ledger.freed()) {
    const waitMs = Math.ceil(pool.movesInMs(view, ip, nowMs))
    if (waitMs === 0 || (soonest > 0 && waitMs >= soonest) || isExcluded(network, ip)) continue
    const isKept = view.reservedBy(network.id, ip) !== undefined
    if (pool.ownsAddress(view, ip) && !isKept && isUnused(view, network, pool, ip)) soonest = waitMs
  }
  return soonest
}

/** Own addresses that nobody uses: of blocks, from the highest on, then those that were carved out for somebody. */
function* unusedAddresses(moment: Moment, pool: Pool): Generator<number> {
  const { view } = moment
  const network = view.network(pool.network)
  if (!network) return
  const isGood = (ip: number) => !isExcluded(network, ip) && isUnused(view, network, pool, ip)
  const blocks = pool.blocks(moment)
  for (let at = blocks.length - 1; at >= 0; at--) {
    const block = view.block(network.id, blocks[at] as number)
    if (!block || !pool.owns(view, block.index) || !mayMove(view.transfers(network.id, block.index))) continue
    const { first, last } = rangeOf(view, network, block.index)
    for (let ip = last; ip >= first; ip--) if (!block.carved.includes(ip) && isGood(ip)) yield ip
  }
  for (const ip of pool.carved(moment)) if (isMovable(view, network, pool, ip) && isGood(ip)) yield ip
}

/** True of a carved-out address that is this host's, kept for nobody, and has room for one more move. */
function isMovable(view: RegistryView, network: Network, pool: Pool, ip: number): boolean {
  const isKept = view.reservedBy(network.id, ip) !== undefined
  return pool.ownsAddress(view, ip) && !isKept && mayMove(view.addressTransfers(network.id, ip))
}

function isUnused(view: RegistryView, network: Network, pool: Pool, ip: number): boolean {
  return !pool.ledger.heldEntry(ip) && view.holders(network.id, ip).length === 0
}
