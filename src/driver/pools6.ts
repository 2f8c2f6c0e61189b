/**
 * IPv6 pools. Docker asks for one beside the IPv4 pool, and for an address of each for an endpoint, with nothing that says
 * which two belong together; but they must agree (model/ipv6.ts). It makes the endpoints of one of its networks one by one,
 * IPv4 first, so an IPv6 address is asked for the IPv4 address that the same pool gave last.
 */
import type { LocalFacts } from '../replica/replica.ts'
import type { DockerNetworks } from './docker-networks.ts'
import { createPoolFacts, type PoolFacts } from './pool-facts.ts'
import { isHandle } from './pool-handle.ts'
import type { PoolId } from './pool-id.ts'

const mark = '6|'

export interface Pools6 {
  /** Those of networks that were born in this Docker. */
  readonly facts: PoolFacts
  isPool6(poolId: string): boolean
  /** The id of the IPv6 pool beside this one. */
  beside(pool: PoolId): string
  /** What a pool or handle stands for; undefined if it is not adopted (yet). */
  poolOf(pool6: string): PoolId | undefined
  /** An IPv4 address was given out. */
  gave(pool: PoolId, ip: number): void
  /** The IPv4 address that was given out last; undefined if this run gave none. */
  last(pool: PoolId): number | undefined
}

export function createPools6(local: LocalFacts, networks: DockerNetworks): Pools6 {
  const facts = createPoolFacts(local, 'docker/pool6/')
  const given = new Map<PoolId, number>()
  return {
    facts,
    isPool6: poolId => poolId.startsWith(mark),
    beside: pool => mark + pool,
    poolOf(pool6) {
      if (!isHandle(pool6)) return pool6.slice(mark.length)
      const claim = facts.find(pool6)?.claim
      return claim && networks.poolOf(claim.dockerId)
    },
    gave(pool, ip) {
      given.set(pool, ip)
    },
    last: pool => given.get(pool),
  }
}
