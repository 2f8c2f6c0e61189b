/**
 * Who counts where several hold one address: whose it is by the registers, however their keys compare. Who has a key may write an
 * endpoint at any address, but it cannot write itself into a register (R1, R6).
 */
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import type { CustodyView } from './custody-view.ts'
import type { Endpoint } from './endpoints-view.ts'
import type { MembersView } from './members-view.ts'

/** What the right to an address is read from. */
export type RightsView = Pick<CustodyView, 'address' | 'block' | 'blockOf'> & Pick<MembersView, 'succeededBy'>

/**
 * Endpoints of a network, sorted by address as they come; at each address the one of its owner first, then the one of whom the owner
 * inherited it from (its containers may run on under a later key), then the others in the order they are in. Registers are read only
 * of addresses that several hosts hold, so that all others cost nothing.
 */
export function rightfulFirst(
  view: RightsView,
  network: NetworkId,
  endpoints: readonly Endpoint[],
): readonly Endpoint[] {
  const shared = new Set<number>()
  for (const [i, { ip, owner }] of endpoints.entries()) {
    const before = endpoints[i - 1]
    if (before?.ip === ip && before.owner !== owner) shared.add(ip)
  }
  if (shared.size === 0) return endpoints
  const ranks = new Map([...shared].map(ip => [ip, rankBy(view, network, ip)]))
  const rank = (endpoint: Endpoint) => ranks.get(endpoint.ip)?.(endpoint) ?? 0
  return [...endpoints].sort((a, b) => a.ip - b.ip || rank(a) - rank(b))
}

/** True if the endpoint's host owns its address by the registers. */
export function isRightful(view: RightsView, endpoint: Endpoint): boolean {
  return rankBy(view, endpoint.network, endpoint.ip)(endpoint) === 0
}

function rankBy(view: RightsView, network: NetworkId, ip: number): (endpoint: Endpoint) => number {
  const index = view.blockOf(network, ip)
  const register = view.address(network, ip) ?? (index === undefined ? undefined : view.block(network, index))
  const rightful = [register?.owner, register?.inheritedFrom].map(key => (key === undefined ? [] : keysOf(view, key)))
  return ({ owner, recordedBy }) => {
    const found = rightful.findIndex(keys => keys.includes(owner) || (recordedBy && keys.includes(recordedBy)))
    return found < 0 ? rightful.length : found
  }
}

/** The key, and those that its host came back under: what it owned stays in its first key's name (R8). */
function keysOf(view: RightsView, key: PeerKey): PeerKey[] {
  const found = [key]
  for (let next = view.succeededBy(key); next !== undefined && !found.includes(next); next = view.succeededBy(next)) {
    found.push(next)
  }
  return found
}
