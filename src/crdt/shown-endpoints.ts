/**
 * Endpoints and VTEPs as they are shown: without those of hosts that are gone, nor at an address that nobody hands out; and those
 * of a key that was succeeded as its successor's (R8), but for what that has written itself, which counts before.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { EndpointTable } from './endpoint-table.ts'
import type { Endpoint, Vtep } from './registry-view.ts'
import type { Lineage } from './successions.ts'

export interface Showing {
  readonly table: EndpointTable
  readonly lineage: Lineage
  hides(owner: PeerKey): boolean
  /** False for what no host hands out in the network: a gateway, what lies outside. */
  isHandedOut(endpoint: Endpoint): boolean
}

/** Sorted by (network, ip, owner, id), as they come of one network or owner. */
export function shownEndpoints(endpoints: readonly Endpoint[], showing: Showing): Endpoint[] {
  return inherited(endpoints, showing).filter(({ owner }) => !showing.hides(owner))
}

/** With those of hosts that are gone. */
export function inherited(endpoints: readonly Endpoint[], showing: Omit<Showing, 'hides'>): Endpoint[] {
  const { table, lineage } = showing
  const possible = endpoints.filter(endpoint => showing.isHandedOut(endpoint))
  if (lineage.isEmpty) return possible
  const shown = possible.flatMap(endpoint => {
    const later = lineage.later(endpoint.owner)
    const owner = later.at(-1)
    if (owner === undefined) return [endpoint]
    if (later.some(key => table.hasRecord(key, endpoint.id))) return []
    return [{ ...endpoint, owner, recordedBy: endpoint.owner }]
  })
  return shown.sort(byPlace)
}

export function byPlace(a: Endpoint, b: Endpoint): number {
  return order(a.network, b.network) || a.ip - b.ip || order(a.owner, b.owner) || order(a.id, b.id)
}

/** Sorted by owner. */
export function shownVteps(vteps: readonly Vtep[], { lineage, hides }: Pick<Showing, 'lineage' | 'hides'>): Vtep[] {
  const byOwner = new Map<PeerKey, Vtep>()
  // of several keys of one host the latest that has one counts
  const age = ({ owner }: Vtep) => lineage.later(owner).length
  for (const vtep of [...vteps].sort((a, b) => age(a) - age(b))) {
    const owner = lineage.later(vtep.owner).at(-1)
    const latest = owner ?? vtep.owner
    if (byOwner.has(latest) || hides(latest)) continue
    byOwner.set(latest, owner === undefined ? vtep : { ...vtep, owner, recordedBy: vtep.owner })
  }
  return [...byOwner.values()].sort((a, b) => order(a.owner, b.owner))
}

function order(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}
