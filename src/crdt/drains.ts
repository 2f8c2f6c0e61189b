/** Which drains of networks into others take effect: those whose goal is there, and that lead to an end. */
import type { NetworkId } from '../model/network.ts'
import { compareHlc } from './hlc.ts'
import type { NetworkDrainLeaf } from './leaves.ts'
import { compareRecords, type LeafRecord } from './live-set.ts'

interface Drained {
  readonly id: NetworkId
  readonly tenant: string
  readonly status: 'live' | 'draining'
}

/**
 * By network: the one that its containers move into, at the end of a chain of drains. Each side of a split may drain one
 * into the other: then the first by HLC counts. A goal that is not live, or in another tenant, is none.
 */
export function goalsOf(
  networks: readonly Drained[],
  records: readonly LeafRecord<NetworkDrainLeaf>[],
): Map<NetworkId, NetworkId> {
  const byId = new Map(networks.map(network => [network.id, network]))
  const next = new Map<NetworkId, NetworkId>()
  const endOf = (id: NetworkId) => {
    let end = id
    for (let step = next.get(id); step !== undefined; step = next.get(step)) end = step
    return end
  }
  const ordered = [...records].sort((a, b) => compareHlc(a.hlc, b.hlc) || compareRecords(a, b))
  for (const { leaf } of ordered) {
    const [from, into] = [byId.get(leaf.id), byId.get(leaf.into)]
    if (!from || into?.status !== 'live' || from.tenant !== into.tenant) continue
    if (endOf(into.id) !== from.id) next.set(from.id, into.id)
  }
  return new Map([...next.keys()].map(id => [id, endOf(id)]))
}
