/**
 * What a Docker network stands for and draws its addresses from: a network of ours, or a group on one. A group's Docker
 * network is one more door to the same network: one bridge, one subnet, and the group in the records of its endpoints.
 */
import type { GroupId } from '../model/group.ts'
import type { NetworkId } from '../model/network.ts'

/** `NETWORK` or `NETWORK/GROUP`, both ids. Docker keeps it as the id of the pool, this host among its facts. */
export type PoolId = string

export function poolIdOf(network: NetworkId, group?: GroupId): PoolId {
  return group === undefined ? network : `${network}/${group}`
}

export function readPoolId(pool: PoolId): { readonly network: NetworkId; readonly group?: GroupId } {
  const [network = '', group] = pool.split('/')
  return group === undefined ? { network } : { network, group }
}

/** The network's id alone. */
export function networkOfPool(pool: PoolId): NetworkId {
  return readPoolId(pool).network
}
