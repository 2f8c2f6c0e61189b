/** The operational half of Contiv's `inspect`: what is in use of tenants, networks, groups and policies. */
import type { Group } from '../crdt/objects-view.ts'
import type { Network } from '../crdt/registry-view.ts'
import { tagOwners } from '../crdt/vlan-tags.ts'
import { poolRange } from '../model/group.ts'
import type { ApiDeps } from './deps.ts'
import { endpointsOn, membersOf } from './endpoint-json.ts'
import { liveNetworks } from './lookup.ts'
import { numbersText, type Range, rangesText, toRanges, within, without } from './ranges.ts'
import type { GlobalOper, GroupOper, NetworkOper, PolicyOper, TenantOper } from './types.ts'

export function tenantOper(deps: ApiDeps, name: string): TenantOper {
  const { objects } = deps.replica.view
  const networks = liveNetworks(deps.replica.view, name).map(network => networkOper(deps, network))
  const endpoints = networks.flatMap(oper => oper.endpoints)
  const groups = liveGroups(deps, name).map(group => groupOper(deps, group))
  const policies = objects.policies(name).map(policy => policyOper(deps, name, policy.name))
  return {
    ...{ totalEPGs: groups.length, totalEndpoints: endpoints.length, totalNetworks: networks.length },
    ...{ totalNetprofiles: objects.profiles(name).length, totalPolicies: policies.length },
    ...{ endpointGroups: groups, endpoints, networks, policies },
  }
}

/** Allocated is what any endpoint holds, and what this host handed out to containers that have no endpoint yet. */
export function networkOper(deps: ApiDeps, network: Network): NetworkOper {
  const endpoints = endpointsOn(deps, network)
  const { first, last } = network.spec.subnet
  const taken = takenOf(deps, network)
  return {
    allocatedAddressesCount: taken.reduce((sum, [from, to]) => sum + to - from + 1, 0),
    allocatedIPAddresses: rangesText(taken),
    availableIPAddresses: rangesText(without([first, last], taken)),
    endpoints,
    ...tagsOf(deps, network),
    networkTag: `${network.name}.${network.tenant}`,
    numEndpoints: endpoints.length,
  }
}

/** Addresses are those of its pool, if it has one. */
export function groupOper(deps: ApiDeps, group: Group): GroupOper {
  const endpoints = membersOf(deps, group)
  const network = deps.replica.view.network(group.network)
  const pool = poolRange(group.pool)
  const addresses = network && pool ? poolText([pool.first, pool.last], takenOf(deps, network)) : {}
  return {
    ...addresses,
    endpoints,
    ...(network ? tagsOf(deps, network) : {}),
    groupTag: `${group.name}.${group.tenant}`,
    numEndpoints: endpoints.length,
  }
}

export function policyOper(deps: ApiDeps, tenant: string, name: string): PolicyOper {
  const groups = deps.replica.view.objects.groups(tenant).filter(group => group.policies.includes(name))
  const endpoints = groups.flatMap(group => membersOf(deps, group))
  return { endpoints, numEndpoints: endpoints.length }
}

/** VNIs are those of the host that answers. */
export function globalOper({ replica: { view, self } }: ApiDeps): GlobalOper {
  const networks = view.networks()
  const vnis = networks.flatMap(({ id }) =>
    view
      .vteps(id)
      .filter(vtep => vtep.owner === self)
      .map(({ vni }) => vni),
  )
  return {
    clusterMode: 'docker',
    numNetworks: liveNetworks(view).length,
    vlansInUse: numbersText([...tagOwners(networks).keys()]),
    vxlansInUse: numbersText(vnis),
  }
}

function liveGroups({ replica }: ApiDeps, tenant: string): Group[] {
  return replica.view.objects.groups(tenant).filter(group => group.status === 'live')
}

function poolText(pool: Range, taken: readonly Range[]) {
  return {
    allocatedIPAddresses: rangesText(within(pool, taken)),
    availableIPAddresses: rangesText(without(pool, taken)),
  }
}

function takenOf({ replica, ipam }: ApiDeps, network: Network): Range[] {
  return toRanges([...replica.view.endpoints(network.id).map(endpoint => endpoint.ip), ...ipam.held(network.id)])
}

/** A VLAN's tag is the same everywhere, a VNI is this host's; neither while there is none. */
function tagsOf({ replica: { view, self } }: ApiDeps, { id, spec }: Network) {
  const tag = spec.encap === 'vlan' ? spec.pktTag : view.vteps(id).find(vtep => vtep.owner === self)?.vni
  return tag === undefined ? {} : { externalPktTag: tag, pktTag: tag }
}
