import type { Network, RegistryView } from '../crdt/registry-view.ts'
import type { NetworkId } from '../model/network.ts'

/** Where the containers of a deleted network go: the live network at the end of its drains; undefined if there is none. */
export function goalOfDeleted(view: RegistryView, id: NetworkId): Network | undefined {
  const passed = new Set<NetworkId>()
  let next: NetworkId | undefined = id
  while (next !== undefined && view.isDeleted(next) && !passed.has(next)) {
    passed.add(next)
    next = view.drain(next)?.into
  }
  const goal = next === undefined ? undefined : view.network(next)
  return goal?.status === 'live' ? goal : undefined
}
