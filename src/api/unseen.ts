/** What users made on a host that was removed, and the others never saw: in a form that `skein apply` takes. */
import { networkIdOf } from '../crdt/identity.ts'
import type { Leaf } from '../crdt/leaves.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import type { Dot } from '../crdt/vector.ts'
import { defaultTenant } from '../model/names.ts'
import { groupObjects, objectsOf, policyObjects, profileObjects } from './export-objects.ts'
import { networkJson } from './inspect.ts'
import { groupJson, policyJson, profileJson, ruleJson } from './object-json.ts'
import type { ObjectsJson } from './types.ts'
import { type UnseenWords, unseenWords } from './unseen-words.ts'

export interface Unseen extends UnseenWords {
  /** What `apply` takes. */
  objects: ObjectsJson
  /** Of the live objects those that bear a name, or a rule an id, that is theirs only until a conflict is resolved. */
  left: string[]
}

/** Ids of networks and groups; of other objects `TENANT/NAME`, and so of groups that were born by these records. */
interface Touched {
  tenants: Set<string>
  networks: Set<string>
  groups: Set<string>
  policies: Set<string>
  profiles: Set<string>
}

/**
 * What these records of a host did: the live objects that they made or changed, as they are in the view, with the tenants that they are
 * in; and in words what `apply` cannot do. Undefined if there is none of both.
 * @param isUnseen of a record: whether it is one of these
 */
export function unseenIn(
  view: RegistryView,
  leaves: readonly Leaf[],
  isUnseen: (dot: Dot) => boolean,
): Unseen | undefined {
  const born = new Set(leaves.flatMap(leaf => (leaf.kind === 'network' ? [networkIdOf(leaf)] : [])))
  const words = unseenWords(view, leaves, born, isUnseen)
  const { objects, left } = objectsIn(view, touchedBy(leaves, born))
  const isEmpty = [...Object.values(objects), left, words.before, words.after].every(list => list.length === 0)
  return isEmpty ? undefined : { objects, left, ...words }
}

function objectsIn(view: RegistryView, touched: Touched): Pick<Unseen, 'objects' | 'left'> {
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
  const made = objectsOf(
    tenants.sort().map(tenantName => ({ key: tenantName, tenantName, 'link-sets': {} })),
    networks.map(network => networkJson(view, network)),
  )
  const policed = policyObjects(
    policies.map(({ tenant, name }) => policyJson(view, tenant, name)),
    rules,
  )
  const grouped = groupObjects(groups.map(group => groupJson(view, group)))
  const all = {
    ...made.objects,
    netprofiles: profileObjects(profiles.map(profile => profileJson(view, profile))),
    ...{ policies: policed.policies, groups: grouped.groups },
  }
  return {
    objects: Object.fromEntries(Object.entries(all).filter(([, list]) => list.length > 0)),
    left: [
      ...made.left.map(key => `network ${key}`),
      ...policed.left.map(key => `rule ${key}`),
      ...grouped.left.map(key => `group ${key}`),
    ],
  }
}

function touchedBy(leaves: Iterable<Leaf>, born: Set<string>): Touched {
  const touched: Touched = {
    tenants: new Set(),
    networks: new Set(born),
    groups: new Set(),
    policies: new Set(),
    profiles: new Set(),
  }
  for (const leaf of leaves) note(touched, leaf)
  return touched
}

function note({ tenants, networks, groups, policies, profiles }: Touched, leaf: Leaf): void {
  if (leaf.kind === 'tenant') tenants.add(leaf.name)
  else if (leaf.kind === 'network-docker') networks.add(leaf.network)
  else if (leaf.kind === 'group') groups.add(`${leaf.tenant}/${leaf.name}`)
  else if (leaf.kind === 'group-edit' || leaf.kind === 'group-policy' || leaf.kind === 'group-policy-rm')
    groups.add(leaf.group)
  else if (leaf.kind === 'policy') policies.add(`${leaf.tenant}/${leaf.name}`)
  else if (leaf.kind === 'rule') policies.add(`${leaf.tenant}/${leaf.policy}`)
  else if (leaf.kind === 'netprofile') profiles.add(`${leaf.tenant}/${leaf.name}`)
}
