/**
 * Networks that frames of this host's containers go out on. Only these need forwarding entries, two or three for each of a network's
 * endpoints; devices they all have. What the state does not say, the kernel does: a container of an earlier incarnation is a port (I5).
 */
import type { Endpoint, Network } from '../crdt/registry-view.ts'
import { gatewayOf } from '../model/gateway.ts'
import type { NetworkId } from '../model/network.ts'
import type { Link } from './links.ts'
import { bridgeName, isBridgeEnd } from './names.ts'

/**
 * Pure. Of the tenant's `networks`, those with a container of this host and, where one of these has a gateway, all that have one: they
 * are routed to each other.
 * @param own this host's endpoints
 * @param links the devices in the tenant's namespace
 */
export function usedNetworks(
  networks: readonly Network[],
  own: readonly Pick<Endpoint, 'network'>[],
  links: ReadonlyMap<string, Pick<Link, 'name' | 'master'>>,
): ReadonlySet<NetworkId> {
  const bridges = new Set([...links.values()].filter(({ name }) => isBridgeEnd(name)).map(({ master }) => master))
  const recorded = new Set(own.map(({ network }) => network))
  const busy = networks.filter(({ id }) => recorded.has(id) || bridges.has(bridgeName(id)))
  for (const { id } of networks) bridges.delete(bridgeName(id))
  // what is left are ports of networks that the state does not know yet: they may be routed
  const isAnyRouted = bridges.size > 0 || busy.some(hasGateway)
  const reached = isAnyRouted ? networks.filter(hasGateway) : []
  return new Set([...busy, ...reached].map(({ id }) => id))
}

function hasGateway({ spec }: Network): boolean {
  return gatewayOf(spec) !== undefined
}
