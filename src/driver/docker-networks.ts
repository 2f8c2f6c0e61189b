/**
 * Which Docker network is which of ours. Docker's ids differ per host and Docker names a network to us only once, at
 * its creation, so the answer is kept among the facts of this host; the reconciler restores it from Docker's labels.
 */
import type { NetworkId } from '../model/network.ts'
import type { LocalFacts } from '../replica/replica.ts'
import { networkOfPool, type PoolId } from './pool-id.ts'

const prefix = 'docker/net/'

export interface DockerNetworks {
  /** What Docker's network stands for. */
  poolOf(dockerId: string): PoolId | undefined
  /** The network of ours behind it, whether it stands for that or for a group on it. */
  idOf(dockerId: string): NetworkId | undefined
  /** Docker's ids of all that lead to this network of ours: its own, mostly one, and those of its groups. */
  dockerIdsOf(network: NetworkId): string[]
  /** Docker's ids of those that stand for this: mostly one. */
  dockerIdsOfPool(pool: PoolId): string[]
  /** Docker's ids that are matched. */
  dockerIds(): string[]
  /** Networks of ours that were ever matched with one of Docker's. */
  ids(): Set<NetworkId>
  /** Durable when it resolves; idempotent. */
  remember(dockerId: string, pool: PoolId): Promise<void>
  forget(dockerId: string): Promise<void>
}

export function createDockerNetworks(local: LocalFacts): DockerNetworks {
  const poolOf = (dockerId: string) => local.get(prefix + dockerId)
  const idsWhere = (test: (pool: PoolId) => boolean) =>
    local
      .entries(prefix)
      .filter(([, pool]) => test(pool))
      .map(([key]) => key.slice(prefix.length))
  return {
    poolOf,
    idOf(dockerId) {
      const pool = poolOf(dockerId)
      return pool === undefined ? undefined : networkOfPool(pool)
    },
    dockerIdsOf: network => idsWhere(pool => networkOfPool(pool) === network),
    dockerIdsOfPool: wanted => idsWhere(pool => pool === wanted),
    dockerIds: () => idsWhere(() => true),
    ids: () => new Set(local.entries(prefix).map(([, pool]) => networkOfPool(pool))),
    async remember(dockerId, pool) {
      if (poolOf(dockerId) !== pool) await local.set([[prefix + dockerId, pool]])
    },
    async forget(dockerId) {
      if (poolOf(dockerId) !== undefined) await local.set([[prefix + dockerId, undefined]])
    },
  }
}
