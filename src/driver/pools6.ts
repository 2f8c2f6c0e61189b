/**
 * IPv6 pools. Docker asks for one beside the IPv4 pool, and for an address of each for an endpoint, with nothing that says
 * which two belong together; but they must agree (model/ipv6.ts). It makes the endpoints of one of its networks one by one,
 * IPv4 first, so an IPv6 address is asked for the IPv4 address that the same pool gave last.
 */
import { SkeinError } from '../lib/errors.ts'
import type { LocalFacts } from '../replica/replica.ts'
import type { DockerNetworks } from './docker-networks.ts'
import type { PoolId } from './pool-id.ts'

const prefix = 'docker/pool6/'
const mark = '6|'
const born = `${mark}born|`

/** What is known of the pool of a network that is being born in this Docker. */
export interface BornPool6 {
  readonly tenant: string
  /** Of a network that is to be a group's. */
  readonly group?: string | undefined
  /** The prefix, canonical text. */
  readonly pool: string
}

export interface Pools6 {
  isPool6(poolId: string): boolean
  /** The id of the IPv6 pool beside this one. */
  beside(pool: PoolId): string
  /** A handle for a network that is being born: durable when it resolves. */
  request(pool: BornPool6): Promise<string>
  /** CreateNetwork came: durable, idempotent. Throws what the user did wrong. */
  bind(pool: BornPool6, dockerId: string): Promise<void>
  /** Takes over a Docker network whose handle was lost with this peer's data. */
  restore(pool: BornPool6, dockerId: string): Promise<void>
  /** What a pool or handle stands for; undefined if it is not adopted (yet). */
  poolOf(pool6: string): PoolId | undefined
  release(pool6: string): Promise<void>
  forget(dockerId: string): Promise<void>
  /** An IPv4 address was given out. */
  gave(pool: PoolId, ip: number): void
  /** The IPv4 address that was given out last; undefined if this run gave none. */
  last(pool: PoolId): number | undefined
}

export function createPools6(local: LocalFacts, networks: DockerNetworks): Pools6 {
  const given = new Map<PoolId, number>()
  return {
    isPool6: poolId => poolId.startsWith(mark),
    beside: pool => mark + pool,
    async request(pool) {
      const handle = write(pool)
      if (local.get(prefix + handle) === undefined) await local.set([[prefix + handle, '']])
      return handle
    },
    async bind(pool, dockerId) {
      const key = prefix + write(pool)
      const holder = local.get(key)
      if (holder === undefined) {
        throw new SkeinError('unavailable', `skeind does not know the pool ${pool.pool}: create the network again`)
      }
      if (holder !== '' && holder !== dockerId) {
        throw new SkeinError(
          'conflict',
          `this host's Docker has a network of ${pool.pool} in tenant ${pool.tenant} already: see "docker network ls"`,
        )
      }
      await local.set([[key, dockerId]])
    },
    restore: (pool, dockerId) => local.set([[prefix + write(pool), dockerId]]),
    poolOf(pool6) {
      if (!pool6.startsWith(born)) return pool6.slice(mark.length)
      const dockerId = local.get(prefix + pool6)
      return dockerId ? networks.poolOf(dockerId) : undefined
    },
    async release(pool6) {
      if (local.get(prefix + pool6) === '') await local.set([[prefix + pool6, undefined]])
    },
    async forget(dockerId) {
      const key = local.entries(prefix).find(([, value]) => value === dockerId)?.[0]
      if (key !== undefined) await local.set([[key, undefined]])
    },
    gave(pool, ip) {
      given.set(pool, ip)
    },
    last: pool => given.get(pool),
  }
}

function write({ tenant, group, pool }: BornPool6): string {
  return [`${born}${tenant}`, pool, ...(group === undefined ? [] : [group])].join('|')
}
