/** What users do, as leaves to write. Each decides on the view it is given, inside the write. */
import { SkeinError } from '../lib/errors.ts'
import { defaultTenant } from '../model/names.ts'
import type { NetworkId, NetworkSpec } from '../model/network.ts'
import { networkIdOf } from './identity.ts'
import type { Leaf } from './leaves.ts'
import { contentName, rosterLeaf } from './registry.ts'
import type { Member, Network, RegistryView } from './registry-view.ts'
import { settleTag } from './vlan-tags.ts'

/** The leaves that create a tenant; none if it exists. */
export function createTenantLeaves(view: RegistryView, name: string): readonly Leaf[] {
  return name === defaultTenant || view.tenantActs(name).length > 0 ? [] : [{ kind: 'tenant', name }]
}

/** The leaves that delete a tenant: the deletion names every write that is seen. */
export function removeTenantLeaves(view: RegistryView, name: string): readonly Leaf[] {
  return [{ kind: 'tenant-rm', name, seen: view.tenantActs(name) }]
}

/**
 * The leaves that create a network: its act, and the roster of its seeds if nobody has written that yet. Throws
 * `unavailable` while this peer knows no settled member, and what `settleTag` throws.
 */
export function createNetworkLeaves(
  view: RegistryView,
  act: { tenant: string; name: string; spec: NetworkSpec },
): readonly Leaf[] {
  // that somebody is settled, or admitted, must not rest on what a removal may cut off: the network would be void (H12)
  const rests = ({ key, admittedBy = key }: Member) => view.isDoubtful(key) || view.isDoubtful(admittedBy)
  const settled = view.members().filter(member => member.settled && !rests(member))
  // a network without seeds would belong to nobody for ever: this peer has joined and not yet heard from the others
  if (settled.length === 0) {
    throw new SkeinError(
      'unavailable',
      'this host has not heard from its mesh yet: try again when skein peer ls shows it',
    )
  }
  const roster = rosterLeaf(settled.map(member => member.key))
  const hash = contentName(roster)
  const generation = view.nextGeneration(act.tenant, act.name)
  const spec = settleTag(act.spec, { networks: view.networks(), range: view.objects.globals().vlans }, () =>
    networkIdOf({ ...act, generation, roster: hash }),
  )
  const network: Leaf = { kind: 'network', ...act, spec, generation, roster: hash }
  return view.hasContent(hash) ? [network] : [roster, network]
}

/** The leaves that delete a network: the deletion names every act that is seen. Throws `not-found`. */
export function removeNetworkLeaves(view: RegistryView, id: NetworkId): readonly Leaf[] {
  const { tenant, bornName, generation } = needNetwork(view, id)
  return [{ kind: 'network-rm', id, tenant, name: bornName, generation, seen: view.actsOf(id) }]
}

/** The leaves that give a network another name; none if it bears it already. Throws `not-found`. */
export function renameNetworkLeaves(view: RegistryView, id: NetworkId, newName: string): readonly Leaf[] {
  const { tenant, bornName: name, givenName, generation } = needNetwork(view, id)
  return givenName === newName ? [] : [{ kind: 'network-rename', id, tenant, name, generation, newName }]
}

/** The leaves that have a network drained into another; none if it is already. Throws `not-found`. */
export function drainNetworkLeaves(view: RegistryView, id: NetworkId, into: NetworkId): readonly Leaf[] {
  needNetwork(view, id)
  return view.drain(id)?.into === into ? [] : [{ kind: 'network-drain', id, into }]
}

/** The leaves that end this; none if it is not drained. Throws `not-found`. */
export function cancelDrainLeaves(view: RegistryView, id: NetworkId): readonly Leaf[] {
  needNetwork(view, id)
  return view.drain(id) ? [{ kind: 'network-drain', id, into: '' }] : []
}

function needNetwork(view: RegistryView, id: NetworkId): Network {
  const network = view.network(id)
  if (network) return network
  throw new SkeinError('not-found', `network ${id.slice(0, 6)} is unknown here; see: skein net ls -a`)
}
