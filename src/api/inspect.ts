/** Tenants and networks as Contiv's JSON: configuration and operational state. */
import type { Endpoint, Network, NetworkDocker, RegistryView } from '../crdt/registry-view.ts'
import { formatIp } from '../model/ip.ts'
import type { ApiDeps } from './deps.ts'
import { liveNetworks, networkKey } from './lookup.ts'
import { rangesText, toRanges, without } from './ranges.ts'
import type {
  DockerJson,
  EndpointJson,
  Link,
  NetworkInspect,
  NetworkJson,
  NetworkOper,
  TenantInspect,
  TenantJson,
} from './types.ts'

export function tenantJson(view: RegistryView, name: string): TenantJson {
  const links = liveNetworks(view, name).map((network): [string, Link] => {
    const key = networkKey(network)
    return [key, { type: 'network', key }]
  })
  return {
    key: name,
    tenantName: name,
    'link-sets': links.length > 0 ? { Networks: Object.fromEntries(links) } : {},
  }
}

export function networkJson(network: Network): NetworkJson {
  const { spec } = network
  return {
    key: networkKey(network),
    encap: spec.encap,
    ...(spec.gateway ? { gateway: spec.gateway } : {}),
    ...(spec.gateway6 ? { ipv6Gateway: spec.gateway6 } : {}),
    ...(spec.subnet6 ? { ipv6Subnet: spec.subnet6 } : {}),
    networkName: network.name,
    nwType: spec.type,
    ...(spec.pktTag ? { pktTag: spec.pktTag } : {}),
    subnet: spec.subnet.text,
    tenantName: network.tenant,
    'link-sets': {},
    links: { Tenant: { type: 'tenant', key: network.tenant } },
    ...(network.docker ? { docker: dockerJson(network.docker) } : {}),
  }
}

function dockerJson({ labels, options, internal }: NetworkDocker): DockerJson {
  return { labels: Object.fromEntries(labels), options: Object.fromEntries(options), internal }
}

export function inspectTenant(deps: ApiDeps, name: string): TenantInspect {
  const { view } = deps.replica
  const networks = liveNetworks(view, name).map(network => networkOper(deps, network))
  const endpoints = networks.flatMap(oper => oper.endpoints)
  return {
    Config: tenantJson(view, name),
    Oper: { totalNetworks: networks.length, totalEndpoints: endpoints.length, networks, endpoints },
  }
}

export function inspectNetwork(deps: ApiDeps, network: Network): NetworkInspect {
  return { Config: networkJson(network), Oper: networkOper(deps, network) }
}

/** Allocated is what any endpoint holds, and what this host handed out to containers that have no endpoint yet. */
function networkOper(deps: ApiDeps, network: Network): NetworkOper {
  const { view, self } = deps.replica
  const endpoints = view.endpoints(network.id)
  const { subnet } = network.spec
  const taken = toRanges([...endpoints.map(endpoint => endpoint.ip), ...deps.ipam.held(network.id)])
  const vteps = view.vteps(network.id)
  const vtepOf = new Map(vteps.map(vtep => [vtep.owner, vtep.address]))
  // a VLAN's tag is the same everywhere, a VNI is this host's
  const tag = network.spec.encap === 'vlan' ? network.spec.pktTag : vteps.find(vtep => vtep.owner === self)?.vni
  return {
    allocatedAddressesCount: taken.reduce((sum, [first, last]) => sum + last - first + 1, 0),
    allocatedIPAddresses: rangesText(taken),
    availableIPAddresses: rangesText(without([subnet.first, subnet.last], taken)),
    endpoints: endpoints.map(endpoint => endpointJson(deps, network, endpoint, vtepOf.get(endpoint.owner) ?? '')),
    ...(tag === undefined ? {} : { externalPktTag: tag }),
    networkTag: `${network.name}.${network.tenant}`,
    numEndpoints: endpoints.length,
    ...(tag === undefined ? {} : { pktTag: tag }),
  }
}

export function endpointJson(deps: ApiDeps, network: Network, endpoint: Endpoint, vtepIP: string): EndpointJson {
  return {
    containerID: endpoint.container,
    containerName: endpoint.containerName,
    endpointID: endpoint.id,
    homingHost: deps.nameOf(endpoint.owner),
    ipAddress: [formatIp(endpoint.ip), ''],
    labels: 'map[]',
    macAddress: endpoint.mac,
    network: `${network.name}.${network.tenant}`,
    serviceName: '',
    vtepIP,
  }
}
