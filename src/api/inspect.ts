/** Tenants and networks as Contiv's JSON. */
import type { Network, NetworkDocker, RegistryView } from '../crdt/registry-view.ts'
import { liveNetworks, networkKey } from './lookup.ts'
import { linkSet } from './object-json.ts'
import type { DockerJson, NetworkJson, TenantJson } from './types.ts'

export function tenantJson(view: RegistryView, name: string): TenantJson {
  const { objects } = view
  const groups = objects.groups(name).filter(group => group.status === 'live')
  const keys = (items: readonly { name: string }[]) => items.map(item => `${name}:${item.name}`)
  return {
    key: name,
    tenantName: name,
    'link-sets': {
      ...linkSet('EndpointGroups', 'endpointGroup', keys(groups)),
      ...linkSet('NetProfiles', 'netprofile', keys(objects.profiles(name))),
      ...linkSet('Networks', 'network', keys(liveNetworks(view, name))),
      ...linkSet('Policies', 'policy', keys(objects.policies(name))),
    },
  }
}

export function networkJson({ objects }: Pick<RegistryView, 'objects'>, network: Network): NetworkJson {
  const { spec, tenant } = network
  const groups = objects.groups(tenant).filter(group => group.status === 'live' && group.network === network.id)
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
    tenantName: tenant,
    'link-sets': linkSet(
      'EndpointGroups',
      'endpointGroup',
      groups.map(({ name }) => `${tenant}:${name}`),
    ),
    links: { Tenant: { type: 'tenant', key: tenant } },
    ...(network.docker ? { docker: dockerJson(network.docker) } : {}),
  }
}

function dockerJson({ labels, options, internal }: NetworkDocker): DockerJson {
  return { labels: Object.fromEntries(labels), options: Object.fromEntries(options), internal }
}
