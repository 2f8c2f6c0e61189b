/** What users made, as `apply` takes it. Pure: the CLI exports with it what an API lists, a peer what nobody else has. */
import { isName, isNetworkName } from '../model/names.ts'
import type {
  GroupJson,
  GroupObject,
  NetProfileJson,
  NetProfileObject,
  NetworkJson,
  NetworkObject,
  ObjectsJson,
  PolicyJson,
  PolicyObject,
  RuleJson,
  RuleObject,
  TenantJson,
} from './types.ts'

export function profileObjects(profiles: readonly NetProfileJson[]): NetProfileObject[] {
  return profiles.map(({ tenantName, profileName, bandwidth, DSCP, burst }) => ({
    tenant: tenantName,
    name: profileName,
    ...(bandwidth === undefined ? {} : { bandwidth }),
    ...(DSCP === undefined ? {} : { dscp: DSCP }),
    ...(burst === undefined ? {} : { burst }),
  }))
}

/** `left`: second values of one rule id, which nobody can create. */
export function policyObjects(
  policies: readonly PolicyJson[],
  rules: readonly RuleJson[],
): { policies: PolicyObject[]; left: string[] } {
  return {
    policies: policies.map(({ tenantName, policyName }) => {
      const own = rules.filter(rule => rule.tenantName === tenantName && rule.policyName === policyName)
      const made = own.filter(rule => isName(rule.ruleId)).map(ruleObject)
      return { tenant: tenantName, name: policyName, ...(made.length > 0 ? { rules: made } : {}) }
    }),
    left: rules.filter(rule => !isName(rule.ruleId)).map(rule => rule.key),
  }
}

function ruleObject(rule: RuleJson): RuleObject {
  const fields: [keyof RuleObject, string | number | undefined][] = [
    ['fromGroup', rule.fromEndpointGroup],
    ['toGroup', rule.toEndpointGroup],
    ['fromNetwork', rule.fromNetwork],
    ['toNetwork', rule.toNetwork],
    ['fromIp', rule.fromIpAddress],
    ['toIp', rule.toIpAddress],
    ['protocol', rule.protocol],
    ['port', rule.port],
  ]
  return {
    ...{ id: rule.ruleId, direction: rule.direction, priority: rule.priority },
    ...Object.fromEntries(fields.filter(([, value]) => value !== undefined)),
    action: rule.action,
  }
}

/** `left`: groups that bear another name than they were created under, which nobody can create. */
export function groupObjects(groups: readonly GroupJson[]): { groups: GroupObject[]; left: string[] } {
  return {
    groups: groups
      .filter(group => isName(group.groupName))
      .map(({ tenantName, groupName, networkName, ipPool, policies, netProfile }) => ({
        ...{ tenant: tenantName, name: groupName, network: networkName },
        ...(ipPool === undefined ? {} : { pool: ipPool }),
        ...(policies === undefined ? {} : { policies }),
        ...(netProfile === undefined ? {} : { profile: netProfile }),
      })),
    left: groups.filter(group => !isName(group.groupName)).map(group => group.key),
  }
}

/** `left`: networks that bear another name than they were created under, which nobody can create. */
export function objectsOf(
  tenants: readonly TenantJson[],
  networks: readonly NetworkJson[],
): { objects: Required<Pick<ObjectsJson, 'tenants' | 'networks'>>; left: string[] } {
  const made = networks.filter(network => isNetworkName(network.networkName))
  const left = networks.filter(network => !made.includes(network)).map(network => network.key)
  const objects = { tenants: tenants.map(({ tenantName }) => ({ name: tenantName })), networks: made.map(objectOf) }
  return { objects, left }
}

function objectOf(network: NetworkJson): NetworkObject {
  const { tenantName, networkName, subnet, encap, nwType, pktTag, gateway, ipv6Subnet, ipv6Gateway, docker } = network
  return {
    tenant: tenantName,
    name: networkName,
    subnet,
    encap,
    type: nwType,
    ...(pktTag === undefined ? {} : { pktTag }),
    ...(gateway === undefined ? {} : { gateway }),
    ...(ipv6Subnet === undefined ? {} : { subnet6: ipv6Subnet }),
    ...(ipv6Gateway === undefined ? {} : { gateway6: ipv6Gateway }),
    ...(docker === undefined ? {} : { docker }),
  }
}
