/**
 * Pools of networks that are born in this host's Docker. Docker asks for one before it tells anything else, and never
 * tells the network's name; so it gets a local handle, which says all that was known then. Its pool and gateway come
 * back with CreateNetwork, which binds the handle to Docker's network; the reconciler finds the name, and with it ours.
 */
import { type Clock, withDeadline } from '../lib/clock.ts'
import { SkeinError } from '../lib/errors.ts'
import type { AddressPool } from '../model/address-pool.ts'
import { formatIp, parseIp } from '../model/ip.ts'
import { defaultTenant } from '../model/names.ts'
import { prefixText, type Subnet } from '../model/subnet.ts'
import type { LocalFacts } from '../replica/replica.ts'
import type { DockerNetworks } from './docker-networks.ts'
import type { PoolId } from './pool-id.ts'
import { createPools6, type Pools6 } from './pools6.ts'

const prefix = 'docker/pool/'
const mark = 'born'

/** A container that starts right after its network was created waits for the adoption so long, ms; calls end at 8 s. */
const adoptionLimitMs = 7_000

/** What a handle says. */
export interface BornPool {
  readonly tenant: string
  /** Of a network that is to be a group's. */
  readonly group?: string | undefined
  /** The prefix that Docker shows: that of `--subnet`, or the whole range that one is chosen from. */
  readonly pool: string
  /** The base address of `pool`; another one if the subnet is to be chosen, different for each such pool of this host. */
  readonly gateway: string
}

export interface BornPools {
  /** The IPv6 pools beside these. */
  readonly ipv6: Pools6
  isHandle(poolId: string): boolean
  /** A handle for a new network: durable when it resolves. Without `subnet` one is to be chosen. */
  request(wish: Pick<BornPool, 'tenant' | 'group'>, subnet: Subnet | undefined): Promise<BornPool & { handle: string }>
  /** What a handle says; undefined for one that is none. */
  read(handle: string): BornPool | undefined
  /** The pool that a network has been given, as its handle says: Docker tells its gateway, ours or one that the user chose. */
  asked(pool: BornPool): BornPool
  /** CreateNetwork came: durable, idempotent. Throws what the user did wrong. */
  bind(pool: BornPool, dockerId: string): Promise<void>
  /** Takes over a Docker network whose handle was lost with this peer's data. */
  restore(pool: BornPool, dockerId: string): Promise<void>
  /** The pool of a Docker network that was born here. */
  poolOf(dockerId: string): BornPool | undefined
  /** What the handle stands for, if it is adopted. */
  adoptedAs(handle: string): PoolId | undefined
  /** The same, waiting for the adoption. Throws why there is none. */
  adopted(handle: string): Promise<PoolId>
  /** Docker's network was adopted or, with `error`, cannot be: lets those go on who wait. */
  settle(dockerId: string, error?: SkeinError): void
  /** Docker gives the pool back; it does so before it deletes the network, which then goes with `forget`. */
  release(handle: string): Promise<void>
  forget(dockerId: string): Promise<void>
}

export interface BornPoolsDeps {
  local: LocalFacts
  networks: DockerNetworks
  clock: Clock
  range: AddressPool
}

/** Whether the subnet is still to be chosen. */
export function isChosen(pool: BornPool): boolean {
  return pool.gateway !== pool.pool.split('/')[0]
}

/** A subnet of the size that will be chosen. */
export function likeChosen(pool: BornPool): string {
  return `${pool.pool.split('/')[0]}/24`
}

export function createBornPools(deps: BornPoolsDeps): BornPools {
  const { local, networks, range } = deps
  const refused = new Map<string, SkeinError>()
  const waiting = createWaiting(deps.clock)
  const ipv6 = createPools6(local, networks)
  const bound = (dockerId: string) => local.entries(prefix).find(([, value]) => value === dockerId)?.[0]
  const handles = () => local.entries(prefix).map(([key]) => key.slice(prefix.length))

  function adoptedAs(handle: string): PoolId | undefined {
    const dockerId = local.get(prefix + handle)
    return dockerId ? networks.poolOf(dockerId) : undefined
  }

  /** The lowest gateway that no pool of the range has yet. */
  function freeGateway(): string {
    const taken = new Set(handles().map(handle => read(handle)?.gateway))
    let ip = range.base + 1
    while (taken.has(formatIp(ip))) ip++
    return formatIp(ip)
  }

  return {
    ipv6,
    isHandle: poolId => poolId.startsWith(`${mark}|`),
    async request(wish, subnet) {
      const pool = subnet
        ? { ...wish, pool: prefixText(subnet), gateway: formatIp(subnet.base) }
        : { ...wish, pool: range.text, gateway: freeGateway() }
      const handle = write(pool)
      if (local.get(prefix + handle) === undefined) await local.set([[prefix + handle, '']])
      return { ...pool, handle }
    },
    read,
    asked(pool) {
      const bare = withoutGateway(pool)
      if (local.get(prefix + write(pool)) !== undefined) return pool
      return handles().some(handle => isPoolOf(read(handle), bare)) ? bare : pool
    },
    async bind(pool, dockerId) {
      const key = prefix + write(pool)
      const holder = local.get(key)
      if (holder === undefined) throw unknownPool(pool, handles())
      if (holder !== '' && holder !== dockerId) {
        throw new SkeinError(
          'conflict',
          `this host's Docker has a network of ${pool.pool} in tenant ${pool.tenant} already: see "docker network ls"`,
        )
      }
      await local.set([[key, dockerId]])
    },
    restore: (pool, dockerId) => local.set([[prefix + write(pool), dockerId]]),
    poolOf: dockerId => read(bound(dockerId)?.slice(prefix.length) ?? ''),
    adoptedAs,
    async adopted(handle) {
      const look = () => {
        const dockerId = local.get(prefix + handle)
        if (dockerId === '') throw notCreated()
        const error = dockerId === undefined ? undefined : refused.get(dockerId)
        if (error) throw error
        return adoptedAs(handle)
      }
      return look() ?? (await waiting.until(look))
    },
    settle(dockerId, error) {
      if (error) refused.set(dockerId, error)
      else refused.delete(dockerId)
      waiting.wake()
    },
    async release(handle) {
      if (local.get(prefix + handle) === '') await local.set([[prefix + handle, undefined]])
    },
    async forget(dockerId) {
      refused.delete(dockerId)
      const key = bound(dockerId)
      if (key !== undefined) await local.set([[key, undefined]])
      await ipv6.forget(dockerId)
    },
  }
}

/** As it was asked for, before Docker asked for the gateway that the user chose. */
export function withoutGateway(pool: BornPool): BornPool {
  return { ...pool, gateway: pool.pool.split('/')[0] ?? '' }
}

function write({ tenant, group, pool, gateway }: BornPool): string {
  return [mark, tenant, pool, gateway, ...(group === undefined ? [] : [group])].join('|')
}

function read(handle: string): BornPool | undefined {
  const [first, tenant, pool, gateway, group] = handle.split('|')
  if (first !== mark || !tenant || !pool || !gateway || parseIp(gateway) === undefined) return undefined
  return { tenant, pool, gateway, ...(group ? { group } : {}) }
}

/** Whichever tenant's and group's it is. */
function isPoolOf(held: BornPool | undefined, { pool, gateway }: Pick<BornPool, 'pool' | 'gateway'>): held is BornPool {
  return held?.pool === pool && held.gateway === gateway
}

/** CreateNetwork for a pool that was never asked for: mostly tenant or group was given to one side only. */
function unknownPool({ tenant, group, pool, gateway }: BornPool, handles: readonly string[]): SkeinError {
  const like = handles.map(read).filter(held => isPoolOf(held, { pool, gateway }))
  const other = like.find(held => held?.tenant === tenant) ?? like[0]
  if (other && other.tenant === tenant) {
    const flag = group === undefined ? `-o group=${other.group}` : `--ipam-opt group=${group}`
    return new SkeinError('invalid', `the group must be given to the network and to its addresses: add ${flag}`)
  }
  if (!other) return new SkeinError('unavailable', `skeind does not know the pool ${pool}: create the network again`)
  const named = tenant === defaultTenant ? other.tenant : tenant
  const flag = tenant === defaultTenant ? `-o tenant=${named}` : `--ipam-opt tenant=${named}`
  return new SkeinError('invalid', `the tenant must be given to the network and to its addresses: add ${flag}`)
}

function notCreated(): SkeinError {
  return new SkeinError(
    'unsupported',
    'these addresses belong to no network of Skein (yet): leave out --aux-address, and give the driver as -d too',
  )
}

/** Waiting for something to be looked up anew whenever it may have changed. */
function createWaiting(clock: Clock) {
  const sleepers = new Set<() => void>()
  return {
    wake() {
      for (const wake of [...sleepers]) wake()
    },
    async until(look: () => PoolId | undefined): Promise<PoolId> {
      let wake = () => {}
      const found = new Promise<PoolId>((resolve, reject) => {
        wake = () => {
          try {
            const id = look()
            if (id !== undefined) resolve(id)
          } catch (error) {
            reject(error)
          }
        }
        sleepers.add(wake)
      })
      try {
        return await withDeadline(clock, found, adoptionLimitMs, () => {
          return new SkeinError(
            'unavailable',
            'Skein has not taken over this Docker network yet: see "skein status" for why, and try again',
          )
        })
      } finally {
        sleepers.delete(wake)
      }
    },
  }
}
