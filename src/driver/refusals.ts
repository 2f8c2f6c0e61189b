/** Finding the network that a call is about, and the refusals that several calls share. */
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import { defaultTenant, dockerName } from '../model/names.ts'
import type { NetworkId } from '../model/network.ts'

/** The live or draining network. Throws `not-found`, with what to do. */
export function needNetwork(view: RegistryView, id: NetworkId): Network {
  const network = view.network(id)
  if (network) return network
  const short = id.slice(0, 12)
  if (view.isDeleted(id)) {
    throw new SkeinError('not-found', `network ${short} was deleted: create it again with "skein net create"`)
  }
  throw new SkeinError(
    'not-found',
    `network ${short} is not known to this host (yet): see "skein net ls" and "skein peer ls"`,
  )
}

/** Throws unless the network is live, or draining while this host still has endpoints on it. */
export function checkTakesEndpoints(view: RegistryView, network: Network, self: PeerKey): void {
  if (network.status === 'live') return
  if (view.endpoints(network.id).some(endpoint => endpoint.owner === self)) return
  throw beingDeleted(network)
}

export function beingDeleted(network: Network): SkeinError {
  const name = dockerName(network.tenant, network.name)
  return new SkeinError(
    'in-use',
    `network ${name} is being deleted and takes no new containers: see "skein net inspect${tenantFlag(network.tenant)}${network.name}", or use another network`,
  )
}

/** ` -t blue `, to be put into a command before a network's name; one space for the default tenant. */
export function tenantFlag(tenant: string): string {
  return tenant === defaultTenant ? ' ' : ` -t ${tenant} `
}
