/** Endpoints as Contiv's JSON. */
import type { Group } from '../crdt/objects-view.ts'
import type { Endpoint, Network } from '../crdt/registry-view.ts'
import { formatIp } from '../model/ip.ts'
import { address6 } from '../model/ipv6.ts'
import type { ApiDeps } from './deps.ts'
import type { EndpointJson } from './types.ts'

/** `vtepIP`: where its host receives the network's frames, '' while it has not said. */
export function endpointJson(deps: ApiDeps, network: Network, endpoint: Endpoint, vtepIP: string): EndpointJson {
  const group = endpoint.group === undefined ? undefined : deps.replica.view.objects.group(endpoint.group)
  return {
    containerID: endpoint.container,
    containerName: endpoint.containerName,
    ...(group ? { endpointGroupKey: `${group.tenant}:${group.name}` } : {}),
    endpointID: endpoint.id,
    homingHost: deps.nameOf(endpoint.owner),
    ipAddress: [formatIp(endpoint.ip), address6(network.spec, endpoint.ip) ?? ''],
    labels: 'map[]',
    macAddress: endpoint.mac,
    network: `${network.name}.${network.tenant}`,
    serviceName: group?.name ?? '',
    vtepIP,
  }
}

/** All of a network, or those that the test holds for, sorted by address. */
export function endpointsOn(
  deps: ApiDeps,
  network: Network,
  test: (endpoint: Endpoint) => boolean = () => true,
): EndpointJson[] {
  const { view } = deps.replica
  const vtepOf = new Map(view.vteps(network.id).map(({ owner, address }) => [owner, address]))
  const endpoints = view.endpoints(network.id).filter(test)
  return endpoints.map(endpoint =>
    endpointJson(deps, network, endpoint, endpoint.at ?? vtepOf.get(endpoint.owner) ?? ''),
  )
}

/** The members of a group; none while its network is not known. */
export function membersOf(deps: ApiDeps, group: Group): EndpointJson[] {
  const network = deps.replica.view.network(group.network)
  return network ? endpointsOn(deps, network, endpoint => endpoint.group === group.id) : []
}
