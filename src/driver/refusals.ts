/** Finding the network that a call is about, and the refusals that several calls share. */
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import { defaultTenant, dockerName } from '../model/names.ts'
import type { NetworkId } from '../model/network.ts'
import { goalOfDeleted } from './drain-goal.ts'

/** The live or draining network. Throws `not-found`, with what to do. */
export function needNetwork(view: RegistryView, id: NetworkId): Network {
  const network = view.network(id)
  if (network) return network
  const short = id.slice(0, 12)
  const goal = goalOfDeleted(view, id)
  if (goal) {
    const name = dockerName(goal.tenant, goal.name)
    throw new SkeinError(
      'not-found',
      `network ${short} was drained into ${name} and is gone: use ${name}; skein conditions tells if this host's Docker calls it otherwise`,
    )
  }
  if (view.isDeleted(id)) {
    throw new SkeinError('not-found', `network ${short} was deleted: create it again with "skein net create"`)
  }
  throw new SkeinError(
    'not-found',
    `network ${short} is not known to this host (yet): see "skein net ls" and "skein peer ls"`,
  )
}

/** Throws unless the network is live and not drained into another, or is being deleted while this host still has containers on it. */
export function checkTakesEndpoints(view: RegistryView, network: Network, self: PeerKey): void {
  if (network.into !== undefined) throw beingDrained(view, network, network.into)
  if (network.status === 'live') return
  if (view.heldBy(network.id).includes(self)) return
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

/** `in-use`: its containers are on their way into another network. */
function beingDrained(view: RegistryView, network: Network, into: NetworkId): SkeinError {
  const goal = view.network(into)
  const name = dockerName(network.tenant, network.name)
  const other = goal ? dockerName(goal.tenant, goal.name) : 'another network'
  return new SkeinError(
    'in-use',
    `network ${name} is being drained into ${other} and takes no new containers: use ${other}`,
  )
}

/** ` -t blue `, to be put into a command before a network's name; one space for the default tenant. */
export function tenantFlag(tenant: string): string {
  return tenant === defaultTenant ? ' ' : ` -t ${tenant} `
}
