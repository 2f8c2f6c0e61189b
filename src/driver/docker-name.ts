/** Which name a network, or a group on one, gets in this host's Docker. */
import { groupsInDocker, nameInDocker } from '../crdt/docker-names.ts'
import type { Group } from '../crdt/objects-view.ts'
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import { dockerName, groupNetworkName } from '../model/names.ts'
import { type PoolId, poolIdOf, readPoolId } from './pool-id.ts'

/** What should be in every host's Docker. */
export interface Wanted {
  readonly pool: PoolId
  readonly network: Network
  /** Absent for the network itself. */
  readonly group?: Group
  readonly name: string
  /** False: it is deleted and stays for what uses it; nothing new is made of it. */
  readonly isLive: boolean
}

/** Networks, and groups on those that are known. */
export function wantedNetworks(view: RegistryView): Wanted[] {
  const networks = view.networks()
  const byId = new Map(networks.map(network => [network.id, network]))
  const names = groupsInDocker(view.objects.groups())
  const groups = view.objects.groups().flatMap(group => {
    const network = byId.get(group.network)
    return network ? [wantedGroup(network, group, names.get(group.id) ?? group.name)] : []
  })
  return [...networks.map(wantedNetwork), ...groups]
}

/** The same of one; undefined if it is deleted and nothing uses it, or is not known. */
export function wantedOf(view: RegistryView, pool: PoolId): Wanted | undefined {
  const { network: id, group } = readPoolId(pool)
  if (group !== undefined) return wantedNetworks(view).find(wanted => wanted.pool === pool)
  const network = view.network(id)
  return network && wantedNetwork(network)
}

function wantedNetwork(network: Network): Wanted {
  return { pool: poolIdOf(network.id), network, name: wantedName(network), isLive: network.status === 'live' }
}

function wantedGroup(network: Network, group: Group, groupName: string): Wanted {
  const name = nameInDocker(network, groupName)
  const isLive = network.status === 'live' && group.status === 'live'
  return { pool: poolIdOf(network.id, group.id), network, group, name, isLive }
}

/** The name that a network should have in Docker. */
export function wantedName(network: Network): string {
  return nameInDocker(network)
}

/** The name it gets where another network of that Docker holds the wanted one: `web~1a2b3c`, with more digits if need be. */
export function fallbackName({ network, group }: Wanted, isTaken: (name: string) => boolean): string {
  const id = group?.id ?? network.id
  const named = (mark: string) => {
    const own = `${group?.bornName ?? network.givenName}~${mark}`
    return dockerName(network.tenant, group ? groupNetworkName(own, network.name) : own)
  }
  return [6, 12].map(digits => named(id.slice(0, digits))).find(name => !isTaken(name)) ?? named(id)
}
