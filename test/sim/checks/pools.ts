/** R6: a group's pool is a filter on what owners hand out: its members get addresses of it, and nobody else does. */
import type { Group } from '../../../src/crdt/objects-view.ts'
import type { RegistryView } from '../../../src/crdt/registry-view.ts'
import { type GroupId, poolRange } from '../../../src/model/group.ts'
import { formatIp } from '../../../src/model/ip.ts'
import type { NetworkId } from '../../../src/model/network.ts'
import type { Host } from '../host.ts'
import type { Peer } from '../peer.ts'
import type { World } from '../world.ts'

/** The live groups of a network that have a pool. */
export function poolsOn(view: RegistryView, network: NetworkId): Group[] {
  return view.objects
    .groups()
    .filter(group => group.network === network && group.status === 'live' && poolRange(group.pool))
}

export function isInPool({ pool }: Pick<Group, 'pool'>, ip: number): boolean {
  const range = poolRange(pool)
  return range !== undefined && ip >= range.first && ip <= range.last
}

/** To be called before an address is asked for; what it gives, with the answer. */
export function checkPools(
  world: World,
  host: Host,
  { replica }: Peer,
  network: NetworkId,
  group: GroupId | undefined,
): (ip: number) => void {
  const before = poolsOn(replica.view, network)
  return ip => {
    // a pool that came, or went, while the address was being looked for may have counted or not
    const now = new Set(poolsOn(replica.view, network).map(({ id }) => id))
    const known = before.filter(({ id }) => now.has(id))
    const joined = replica.view.objects.group(group ?? '')
    // also of one that is being deleted; pools of two sides of a split may overlap
    const own = joined && poolRange(joined.pool) ? joined : undefined
    const of = group === undefined ? 'no group' : `group ${group.slice(0, 6)}`
    if (own && !isInPool(own, ip)) {
      world.violate('R6', `${host.name} gave ${formatIp(ip)} to a container of ${of}, whose pool is ${own.pool}`)
    }
    const other = own ? undefined : known.find(each => each.id !== group && isInPool(each, ip))
    if (other) {
      world.violate('R6', `${host.name} gave ${formatIp(ip)} to a container of ${of}: it is of the pool ${other.pool}`)
    }
    if (own) world.count('address of a pool given')
  }
}
