import type { Leaf } from '../crdt/leaves.ts'
import type { Endpoint } from '../crdt/registry-view.ts'
import type { NetworkId } from '../model/network.ts'

/** The record of one of this host's endpoints. */
export function endpointLeaf(endpoint: Omit<Endpoint, 'owner' | 'aliases'> & { aliases?: readonly string[] }): Leaf {
  const { id, network, ip, mac, container, containerName, aliases = [], group } = endpoint
  const leaf = { kind: 'endpoint' as const, id, network, ip, mac, container, containerName, aliases }
  return group === undefined ? leaf : { ...leaf, group }
}

export function endpointRemovalLeaf(id: string, network: NetworkId): Leaf {
  const leaf = { kind: 'endpoint-rm' as const, id, network }
  return leaf
}
