/** What users made on a host that was removed, and the others never saw: in a form that `skein apply` takes. */
import { networkIdOf } from '../crdt/identity.ts'
import type { Leaf } from '../crdt/leaves.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import { defaultTenant } from '../model/names.ts'
import { groupObjects, objectsOf, policyObjects, profileObjects } from './export-objects.ts'
import { networkJson } from './inspect.ts'
import { groupJson, policyJson, profileJson, ruleJson } from './object-json.ts'
import type { ObjectsJson } from './types.ts'

/** Ids of networks and groups; of other objects `TENANT/NAME`, and so of groups that were born by these records. */
interface Touched {
  tenants: Set<string>
  networks: Set<string>
  groups: Set<string>
  policies: Set<string>
  profiles: Set<string>
}

/**
 * The live objects that these records made or changed, as they are in the view, with the tenants that they are in; undefined if
 * there are none. Deletions are not among them: `apply` deletes nothing.
 */
export function unseenObjects(view: RegistryView, leaves: Iterable<Leaf>): ObjectsJson | undefined {
  const touched = touchedBy(leaves)
  const { objects } = view
  const networks = view.networks().filter(({ id, status }) => status === 'live' && touched.networks.has(id))
  const groups = objects
    .groups()
    .filter(({ status }) => status === 'live')
    .filter(({ id, tenant, bornName }) => touched.groups.has(id) || touched.groups.has(`${tenant}/${bornName}`))
  const policies = objects.policies().filter(({ tenant, name }) => touched.policies.has(`${tenant}/${name}`))
  const profiles = objects.profiles().filter(({ tenant, name }) => touched.profiles.has(`${tenant}/${name}`))
  const owners = [...networks, ...groups, ...policies, ...profiles].map(({ tenant }) => tenant)
  const tenants = [...new Set([...owners, ...touched.tenants])].filter(
    name => name !== defaultTenant && view.hasTenant(name),
  )
  const rules = policies.flatMap(({ tenant, name }) =>
    objects.rules(tenant, name).map(rule => ruleJson(tenant, name, rule)),
  )
  const made = {
    ...objectsOf(
      tenants.sort().map(tenantName => ({ key: tenantName, tenantName, 'link-sets': {} })),
      networks.map(network => networkJson(view, network)),
    ).objects,
    netprofiles: profileObjects(profiles.map(profile => profileJson(view, profile))),
    policies: policyObjects(
      policies.map(({ tenant, name }) => policyJson(view, tenant, name)),
      rules,
    ).policies,
    groups: groupObjects(groups.map(group => groupJson(view, group))).groups,
  }
  const some = Object.entries(made).filter(([, list]) => list.length > 0)
  return some.length > 0 ? Object.fromEntries(some) : undefined
}

function touchedBy(leaves: Iterable<Leaf>): Touched {
  const touched: Touched = {
    tenants: new Set(),
    networks: new Set(),
    groups: new Set(),
    policies: new Set(),
    profiles: new Set(),
  }
  for (const leaf of leaves) note(touched, leaf)
  return touched
}

function note({ tenants, networks, groups, policies, profiles }: Touched, leaf: Leaf): void {
  if (leaf.kind === 'tenant') tenants.add(leaf.name)
  else if (leaf.kind === 'network') networks.add(networkIdOf(leaf))
  else if (leaf.kind === 'network-rename') networks.add(leaf.id)
  else if (leaf.kind === 'network-docker') networks.add(leaf.network)
  else if (leaf.kind === 'group') groups.add(`${leaf.tenant}/${leaf.name}`)
  else if (leaf.kind === 'group-edit' || leaf.kind === 'group-policy') groups.add(leaf.group)
  else if (leaf.kind === 'policy') policies.add(`${leaf.tenant}/${leaf.name}`)
  else if (leaf.kind === 'rule') policies.add(`${leaf.tenant}/${leaf.policy}`)
  else if (leaf.kind === 'netprofile') profiles.add(`${leaf.tenant}/${leaf.name}`)
}
