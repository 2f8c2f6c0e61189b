/**
 * Pools of networks that are born in this host's Docker. Docker asks for one before it tells anything else, and never
 * tells the network's name; so it gets a local handle. Tenant and group come with CreateNetwork, which claims the handle for
 * Docker's network; the reconciler finds the name, and with it ours.
 */
import type { Clock } from '../lib/clock.ts'
import { SkeinError } from '../lib/errors.ts'
import type { AddressPool } from '../model/address-pool.ts'
import { formatIp } from '../model/ip.ts'
import { prefixText, type Subnet } from '../model/subnet.ts'
import type { LocalFacts } from '../replica/replica.ts'
import type { DockerNetworks } from './docker-networks.ts'
import { type Claim, createPoolFacts, type PoolFact } from './pool-facts.ts'
import { baseOf, isChosen, isHandle } from './pool-handle.ts'
import type { PoolId } from './pool-id.ts'
import { createPoolSweep } from './pool-sweep.ts'
import { createPools6, type Pools6 } from './pools6.ts'
import type { Said } from './spec-options.ts'
import { createWaiting } from './waiting.ts'

/** What a claimed handle stands for. */
export interface BornPool {
  readonly tenant: string
  /** Of a network that is to be a group's. */
  readonly group?: string | undefined
  /** The prefix that Docker shows: that of `--subnet`, or the whole range that one is chosen from. */
  readonly pool: string
  readonly isChosen: boolean
}

export interface BornPools {
  /** The IPv6 pools beside these. */
  readonly ipv6: Pools6
  isHandle(poolId: string): boolean
  /** A handle for a new network: durable when it resolves. Without `subnet` one is to be chosen. */
  request(said: Said, subnet: Subnet | undefined): Promise<PoolFact>
  /** What was asked for by the creation that Docker tells this pool and gateway of. Throws `unavailable`. */
  told(pool: string, gateway: string): PoolFact
  /** CreateNetwork came, for these pools. Durable when it resolves. Throws `conflict`. */
  claim(pool: PoolFact, pool6: PoolFact | undefined, claim: Claim): Promise<void>
  /** Takes over a Docker network whose handles were lost with this peer's data. `pool6`: '' for none. */
  restore(lost: { pool: string; gateway: string; pool6: string }, claim: Claim): Promise<void>
  /** The pool of a Docker network that was born here. */
  poolOf(dockerId: string): BornPool | undefined
  /** What the handle stands for, if it is adopted. */
  adoptedAs(handle: string): PoolId | undefined
  /** The same, waiting for the adoption. Throws why there is none. */
  adopted(handle: string): Promise<PoolId>
  /** Docker's network was adopted or, with `error`, cannot be: lets those go on who wait. */
  settle(dockerId: string, error?: SkeinError): void
  /** Docker gives the pool back; it does so before it deletes a network, which then goes with `forget`. */
  release(handle: string): Promise<void>
  forget(dockerId: string): Promise<void>
  /** Forgets what nothing came of; `listed` are the ids of Docker's networks. */
  sweep(listed: ReadonlySet<string>): Promise<void>
}

export interface BornPoolsDeps {
  local: LocalFacts
  networks: DockerNetworks
  clock: Clock
  range: AddressPool
}

export function createBornPools(deps: BornPoolsDeps): BornPools {
  const { local, networks, clock, range } = deps
  const refused = new Map<string, SkeinError>()
  const waiting = createWaiting(clock)
  const facts = createPoolFacts(local, 'docker/pool/')
  const ipv6 = createPools6(local, networks)

  function adoptedAs(handle: string): PoolId | undefined {
    const claim = facts.find(handle)?.claim
    return claim && networks.poolOf(claim.dockerId)
  }

  /** The lowest gateway that no pool of the range has yet: Docker shows it, so it tells them apart after all else is lost. */
  function gatewayOfChosen(): string {
    const taken = new Set(facts.all().map(fact => baseOf(fact.gateway)))
    let ip = range.base + 1
    while (taken.has(formatIp(ip))) ip++
    return formatIp(ip)
  }

  function checkFree({ pool, gateway }: PoolFact, { tenant, group, dockerId }: Claim): void {
    if (isChosen({ pool, gateway })) return
    const holder = facts.all().find(({ claim, ...held }) => {
      const isLike = held.pool === pool && claim?.tenant === tenant && claim.group === group
      return isLike && claim.dockerId !== dockerId && !isChosen(held)
    })
    if (!holder) return
    throw new SkeinError(
      'conflict',
      `this host's Docker has a network of ${pool} in tenant ${tenant} already: see "docker network ls"`,
    )
  }

  return {
    ipv6,
    isHandle: poolId => isHandle(poolId) && !ipv6.isPool6(poolId),
    request: (said, subnet) =>
      subnet ? facts.ask(prefixText(subnet), said) : facts.ask(range.text, said, gatewayOfChosen()),
    told: (pool, gateway) => facts.told(pool, gateway) ?? unknownPool(pool),
    async claim(pool, pool6, claim) {
      checkFree(pool, claim)
      await local.set([facts.claim(pool, claim), ...(pool6 ? [ipv6.facts.claim(pool6, claim)] : [])])
    },
    async restore({ pool, gateway, pool6 }, claim) {
      const of6 = pool6 === '' ? [] : [ipv6.facts.restored(pool6, pool6, claim)]
      await local.set([facts.restored(pool, gateway, claim), ...of6])
    },
    poolOf(dockerId) {
      const fact = facts.claimed(dockerId)
      const { tenant = '', group } = fact?.claim ?? {}
      return fact && { tenant, group, pool: fact.pool, isChosen: isChosen(fact) }
    },
    adoptedAs,
    async adopted(handle) {
      const look = () => {
        const fact = facts.find(handle)
        if (fact && !fact.claim) throw notCreated()
        const error = fact?.claim && refused.get(fact.claim.dockerId)
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
      const family = ipv6.isPool6(handle) ? ipv6.facts : facts
      const fact = family.all().find(each => each.handle === handle)
      const { dockerId = '' } = fact?.claim ?? {}
      // what was adopted or refused is forgotten with Docker's network; a creation that failed in the end has none
      if (fact && networks.poolOf(dockerId) === undefined && !refused.has(dockerId))
        await local.set([family.drop(fact)])
    },
    async forget(dockerId) {
      refused.delete(dockerId)
      const gone = [facts, ipv6.facts].flatMap(family => {
        const fact = family.claimed(dockerId)
        return fact ? [family.drop(fact)] : []
      })
      if (gone.length > 0) await local.set(gone)
    },
    sweep: createPoolSweep({ local, networks, clock, families: [facts, ipv6.facts] }),
  }
}

/** CreateNetwork for a pool that was never asked for. */
export function unknownPool(pool: string): never {
  throw new SkeinError('unavailable', `skeind does not know the pool ${pool}: create the network again`)
}

function notCreated(): SkeinError {
  return new SkeinError(
    'unsupported',
    'these addresses belong to no network of Skein (yet): leave out --aux-address, and give the driver as -d too',
  )
}
