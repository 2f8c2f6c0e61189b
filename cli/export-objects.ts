/** Policies with their rules, groups and profiles, as `apply` takes them. */
import type {
  GroupJson,
  GroupObject,
  NetProfileJson,
  NetProfileObject,
  PolicyJson,
  PolicyObject,
  RuleJson,
  RuleObject,
} from '../src/api/types.ts'
import { isName } from '../src/model/names.ts'

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
