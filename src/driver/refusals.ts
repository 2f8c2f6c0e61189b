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
  const tenant = network.tenant === defaultTenant ? '' : `-t ${network.tenant} `
  return new SkeinError(
    'in-use',
    `network ${name} is being deleted and takes no new containers: see "skein net inspect ${tenant}${network.name}", or use another network`,
  )
}

/** A network that was not created through Skein. */
export function createWithSkein(subnet: string, driverName: string): SkeinError {
  const example = subnet || '10.1.2.0/24'
  return new SkeinError(
    'unsupported',
    `networks of driver ${driverName} are created with "skein net create --subnet=${example} NAME", which creates them on every host`,
  )
}
