/** Groups, policies, rules, profiles and settings as Contiv's JSON. */
import type { Group, NamedProfile, Rule } from '../crdt/objects-view.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import type { GlobalSettings } from '../model/global.ts'
import type { GlobalJson, GroupJson, Link, NetProfileJson, PolicyJson, RuleJson } from './object-types.ts'

type Links = Record<string, Link>

function linksOf(type: string, keys: readonly string[]): Links {
  return Object.fromEntries(keys.map((key): [string, Link] => [key, { type, key }]))
}

/** A link set; absent when it is empty. */
export function linkSet(name: string, type: string, keys: readonly string[]): Record<string, Links> {
  return keys.length > 0 ? { [name]: linksOf(type, keys) } : {}
}

const given = <T extends string, V>(name: T, value: V): { [N in T]?: V } =>
  (value ? { [name]: value } : {}) as { [N in T]?: V }

/** Name of the group's network; its id where it is gone. */
export function networkNameOf(view: RegistryView, group: Group): string {
  return view.network(group.network)?.name ?? group.network.slice(0, 6)
}

export function groupJson(view: RegistryView, group: Group): GroupJson {
  const { tenant, name, pool, profile, policies } = group
  const network = networkNameOf(view, group)
  return {
    key: `${tenant}:${name}`,
    groupName: name,
    ...given('ipPool', pool),
    ...given('netProfile', profile),
    networkName: network,
    ...(policies.length > 0 ? { policies: [...policies] } : {}),
    tenantName: tenant,
    'link-sets': linkSet(
      'Policies',
      'policy',
      policies.map(policy => `${tenant}:${policy}`),
    ),
    links: {
      ...(profile ? { NetProfile: { type: 'netprofile', key: `${tenant}:${profile}` } } : {}),
      Network: { type: 'network', key: `${tenant}:${network}` },
      Tenant: { type: 'tenant', key: tenant },
    },
  }
}

export function policyJson({ objects }: RegistryView, tenant: string, name: string): PolicyJson {
  const groups = objects.groups(tenant).filter(group => group.status === 'live' && group.policies.includes(name))
  const groupKeys = groups.map(group => `${tenant}:${group.name}`)
  const ruleKeys = objects.rules(tenant, name).map(rule => `${tenant}:${name}:${rule.shown}`)
  return {
    key: `${tenant}:${name}`,
    policyName: name,
    tenantName: tenant,
    'link-sets': { ...linkSet('EndpointGroups', 'endpointGroup', groupKeys), ...linkSet('Rules', 'rule', ruleKeys) },
    links: { Tenant: { type: 'tenant', key: tenant } },
  }
}

export function ruleJson(tenant: string, policy: string, { shown, value }: Pick<Rule, 'shown' | 'value'>): RuleJson {
  const group = value.fromGroup || value.toGroup
  return {
    key: `${tenant}:${policy}:${shown}`,
    action: value.action,
    direction: value.direction,
    ...given('fromEndpointGroup', value.fromGroup),
    ...given('fromIpAddress', value.fromIp),
    ...given('fromNetwork', value.fromNetwork),
    policyName: policy,
    ...given('port', value.port),
    priority: value.priority,
    ...given('protocol', value.protocol),
    ruleId: shown,
    tenantName: tenant,
    ...given('toEndpointGroup', value.toGroup),
    ...given('toIpAddress', value.toIp),
    ...given('toNetwork', value.toNetwork),
    'link-sets': linkSet('Policies', 'policy', [`${tenant}:${policy}`]),
    links: group ? { MatchEndpointGroup: { type: 'endpointGroup', key: `${tenant}:${group}` } } : {},
  }
}

export function profileJson({ objects }: RegistryView, profile: NamedProfile): NetProfileJson {
  const { tenant, name, bandwidth, dscp, burst } = profile
  const users = objects.groups(tenant).filter(group => group.status === 'live' && group.profile === name)
  const groupKeys = users.map(group => `${tenant}:${group.name}`)
  return {
    key: `${tenant}:${name}`,
    ...given('DSCP', dscp),
    ...given('bandwidth', bandwidth),
    ...given('burst', burst),
    profileName: name,
    tenantName: tenant,
    'link-sets': linkSet('EndpointGroups', 'endpointGroup', groupKeys),
    links: { Tenant: { type: 'tenant', key: tenant } },
  }
}

export function globalJson(settings: GlobalSettings): GlobalJson {
  return {
    key: 'global',
    arpMode: settings.arpMode,
    fwdMode: settings.fwdMode,
    name: 'global',
    networkInfraType: settings.fabricMode,
    pvtSubnet: settings.privateSubnet,
    vlans: settings.vlans,
    vxlans: settings.vxlans,
  }
}
