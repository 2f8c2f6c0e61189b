/** Finding the network and group that a call is about, and the refusals that several calls share. */
import type { Group } from '../crdt/objects-view.ts'
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { GroupId } from '../model/group.ts'
import { defaultTenant, dockerName } from '../model/names.ts'
import type { NetworkId } from '../model/network.ts'
import { wantedOf } from './docker-name.ts'
import { goalOfDeleted } from './drain-goal.ts'
import { type PoolId, poolIdOf, readPoolId } from './pool-id.ts'
import { groupIdOption, idOption } from './protocol.ts'

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

interface Asker {
  readonly self: PeerKey
  /** What the pool stands for was deleted, and is kept here for a container. */
  readonly isHeld: boolean
}

/**
 * Throws unless network and group are live and not drained into another, or are being deleted while this host still has
 * containers on them.
 */
export function checkTakesEndpoints(view: RegistryView, pool: PoolId, { self, isHeld }: Asker): void {
  const { network: id, group } = readPoolId(pool)
  const network = needNetwork(view, id)
  if (network.into !== undefined) throw beingDrained(view, network, network.into)
  // most are live, and looking through a host's endpoints costs as much as it has
  const own = () => view.endpointsOf(self).filter(endpoint => endpoint.network === id)
  if (network.status !== 'live' && !view.heldBy(id).includes(self) && own().length === 0) throw beingDeleted(network)
  if (group === undefined || isHeld || view.objects.group(group)?.status === 'live') return
  if (!own().some(endpoint => endpoint.group === group)) checkGroup(view, pool, needGroup(view, network, group))
}

/**
 * What the options of a Docker network that was made by Skein name; undefined if it is being born in Docker. Throws unless
 * that is known and live.
 */
export function statedPool(view: RegistryView, options: Readonly<Record<string, unknown>>) {
  const { [idOption]: id, [groupIdOption]: groupId } = options
  if (typeof id !== 'string' || id === '') return undefined
  const network = needNetwork(view, id)
  if (network.status !== 'live') throw beingDeleted(network)
  if (typeof groupId !== 'string' || groupId === '') return { pool: poolIdOf(id), network }
  const pool = poolIdOf(id, groupId)
  checkGroup(view, pool, needGroup(view, network, groupId))
  return { pool, network }
}

function checkGroup(view: RegistryView, pool: PoolId, group: Group): void {
  if (group.status === 'live') return
  const name = wantedOf(view, pool)?.name ?? group.name
  throw new SkeinError(
    'in-use',
    `group ${name} is being deleted and takes no new containers: see "skein conditions", or use another group`,
  )
}

/** The group that a container is to be in. Throws `not-found`, with what to do. */
function needGroup(view: RegistryView, network: Network, id: GroupId): Group {
  const group = view.objects.group(id)
  if (group) return group
  const short = id.slice(0, 12)
  throw view.objects.isGroupDeleted(id)
    ? new SkeinError(
        'not-found',
        `group ${short} was deleted: create it again with "skein group create${tenantFlag(network.tenant)}${network.name} GROUP"`,
      )
    : new SkeinError(
        'not-found',
        `group ${short} is not known to this host (yet): see "skein group ls" and "skein peer ls"`,
      )
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
