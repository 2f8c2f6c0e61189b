/** Finding the group, policy, rule or profile that a request names, and what they need to be created. */
import type { Group, NamedProfile, ObjectsView, Policy } from '../crdt/objects-view.ts'
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import { SkeinError } from '../lib/errors.ts'
import { inTenant, requireTenant, tenantFlag } from './lookup.ts'

/** What decisions about objects rest on; `apply --dry-run` adds what it would have made. */
export interface KnownObjects {
  hasTenant(name: string): boolean
  networkByName(tenant: string, name: string): Pick<Network, 'id' | 'name' | 'spec'> | undefined
  objects: Pick<ObjectsView, 'groupByName' | 'policy' | 'profile' | 'ruleValues' | 'lostValues'> & {
    groups(tenant: string): readonly Pick<Group, 'name' | 'network' | 'pool'>[]
  }
}

/** Splits `tenant:name`, or `tenant:policy:rule`; throws `invalid`. `form` is shown: `TENANT:GROUP`. */
export function splitParts(form: string, key: string): string[] {
  const parts = key.split(':')
  if (parts.length === form.split(':').length && parts.every(part => part !== '')) return parts
  throw new SkeinError('invalid', `key ${JSON.stringify(key)} is invalid: write it as ${form}`)
}

export function requirePolicy(view: KnownObjects, tenant: string, name: string): Policy {
  requireTenant(view, tenant)
  const policy = view.objects.policy(tenant, name)
  if (policy) return policy
  throw new SkeinError(
    'not-found',
    `policy ${name} does not exist${inTenant(tenant)}: create it with: skein policy create${tenantFlag(tenant)} ${name}`,
  )
}

export function requireGroup(view: RegistryView, tenant: string, name: string): Group {
  requireTenant(view, tenant)
  const group = view.objects.groupByName(tenant, name)
  if (group) return group
  throw missingGroup(tenant, name)
}

export function missingGroup(tenant: string, name: string): SkeinError {
  const list = `skein group ls${tenantFlag(tenant)}`
  return new SkeinError('not-found', `group ${name} does not exist${inTenant(tenant)}: see ${list}`)
}

export function requireProfile(view: KnownObjects, tenant: string, name: string): NamedProfile {
  requireTenant(view, tenant)
  const profile = view.objects.profile(tenant, name)
  if (profile) return profile
  throw new SkeinError(
    'not-found',
    `netprofile ${name} does not exist${inTenant(tenant)}: create it with: skein netprofile create${tenantFlag(tenant)} ${name}`,
  )
}

export function missingNetwork(tenant: string, name: string): SkeinError {
  const list = `skein net ls${tenantFlag(tenant)}`
  return new SkeinError('not-found', `network ${name} does not exist${inTenant(tenant)}: see ${list}`)
}

/** Throws `invalid` when body and path name different objects. */
export function checkAgree(what: string, key: string, pairs: readonly (readonly [string | undefined, string])[]): void {
  if (pairs.every(([said, meant]) => said === undefined || said === '' || said === meant)) return
  throw new SkeinError('invalid', `the path says ${what} ${key}, the body another: make them agree`)
}
