/**
 * Makes Docker's networks agree with the replicated ones: adopts, creates, removes. Removal needs the evidence of a
 * deletion (I5); a Docker network whose id is merely unknown here is left alone.
 */
import type { Clock } from '../lib/clock.ts'
import { errorText } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { AddressPool } from '../model/address-pool.ts'
import { nextHop6Of, nextHopOf } from '../model/gateway.ts'
import { formatIp } from '../model/ip.ts'
import { subnet6Of } from '../model/ipv6.ts'
import { prefixText } from '../model/subnet.ts'
import type { Replica } from '../replica/replica.ts'
import { createAdoption } from './adoption.ts'
import type { BornPools } from './born-pools.ts'
import { fallbackName, type Wanted, wantedNetworks } from './docker-name.ts'
import { createDockerNaming } from './docker-naming.ts'
import type { DockerNetworks } from './docker-networks.ts'
import type { Holds } from './holds.ts'
import { createKernelNetworks } from './kernel-networks.ts'
import type { LocalConditions } from './local-conditions.ts'
import { createNetworkRemoval } from './network-removal.ts'
import { networkOfPool, type PoolId, poolIdOf } from './pool-id.ts'
import { type DatapathPort, type DockerApi, DockerAway, type DockerNetwork } from './ports.ts'
import { groupIdOption, idOption } from './protocol.ts'
import { createRemovalPass } from './removal-pass.ts'
import type { Removals } from './removals.ts'

/** A pass that creates networks gives the containers their turn after this, ms: a thousand groups take Docker a minute. */
const settleLimitMs = 2_000

export interface NetworkPassDeps {
  replica: Replica
  datapath: DatapathPort
  docker: DockerApi
  networks: DockerNetworks
  pools: BornPools
  removals: Removals
  range: AddressPool
  conditions: LocalConditions
  clock: Clock
  log: Logger
  driverName: string
  holds: Holds
  /** True for Docker networks that must not be removed yet, though ours is deleted. */
  isHeld(dockerId: string): boolean
}

export interface NetworkPass {
  /**
   * Finds out which of Docker's networks are which of ours, takes over those that were born in this Docker, and deletes
   * what was removed from it. `known`: Docker's ids that were matched before the list was asked for. Like `settle`.
   */
  adopt(listed: readonly DockerNetwork[], known: readonly string[]): Promise<boolean>
  /** Removes and creates. False: something is left that may work in a moment. Throws only `DockerAway`. */
  settle(listed: readonly DockerNetwork[]): Promise<boolean>
}

/** What a Docker network says that it stands for; undefined if it is not one of ours. */
function statedPool({ driver, labels, options }: DockerNetwork, driverName: string): PoolId | undefined {
  const id = labels[idOption] ?? options[idOption]
  if (driver !== driverName || id === undefined) return undefined
  return poolIdOf(id, labels[groupIdOption] ?? options[groupIdOption])
}

export function createNetworkPass(deps: NetworkPassDeps): NetworkPass {
  const { replica, networks, removals, driverName } = deps
  const poolOf = (network: DockerNetwork) => statedPool(network, driverName) ?? networks.poolOf(network.id)
  const removalPass = createRemovalPass(deps)
  const takeOver = createAdoption({ ...deps, removalPass })
  const kernel = createKernelNetworks(deps)
  const isBorn = (network: DockerNetwork) => statedPool(network, driverName) === undefined
  const isStray = (network: DockerNetwork) => {
    const pool = poolOf(network)
    const id = pool && networkOfPool(pool)
    return id === undefined || !(replica.view.network(id) || replica.view.isDeleted(id))
  }
  const naming = createDockerNaming({ ...deps, poolOf, isBorn, isStray, recreate })
  const removeDeleted = createNetworkRemoval(deps, poolOf)

  /** Runs one network's step; its failure becomes a condition and does not hold up the others. */
  async function attempt(subject: string, remedy: string, work: () => Promise<boolean>): Promise<boolean> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof DockerAway) throw error
      deps.conditions.report(subject, errorText(error), remedy)
      return false
    }
  }

  async function recreate(wanted: Wanted, present: DockerNetwork[]): Promise<void> {
    await create(wanted, present, () => false)
  }

  async function create(wanted: Wanted, present: DockerNetwork[], isDying: (holder: DockerNetwork) => boolean) {
    const holder = present.find(other => other.name === wanted.name)
    if (holder && isDying(holder)) return false
    const isTaken = (name: string) => present.some(other => other.name === name)
    const name = holder ? fallbackName(wanted, isTaken) : wanted.name
    // a group's network has the devices of its network
    const vni = await (wanted.group ? kernel.ensureOnce(wanted.network.id) : kernel.ensure(wanted.network.id))
    const request = creationOf(wanted, name, vni, driverName)
    const id = await deps.docker.createNetwork(request)
    await networks.remember(id, wanted.pool)
    present.push({ ...request, id })
    deps.log.info({ pool: wanted.pool, name }, 'created a Docker network')
    return true
  }

  return {
    async adopt(listed, known) {
      await removalPass.findLost(known, listed)
      // a list may be older than a removal
      const ours = listed.filter(({ id, driver }) => driver === driverName && !removals.wasRemoved(id))
      for (const network of ours) {
        const pool = statedPool(network, driverName)
        if (pool !== undefined) await networks.remember(network.id, pool)
      }
      const done = await takeOver(ours.filter(network => poolOf(network) === undefined))
      await deps.pools.sweep(new Set(listed.map(({ id }) => id)))
      await removalPass.judge()
      return done
    },
    async settle(listed) {
      const { present, isDying } = await removeDeleted(listed)
      let done = !present.some(isDying)
      const inDocker = new Map(present.map(network => [poolOf(network), network]))
      const used = new Set([...inDocker.keys()].map(pool => pool && networkOfPool(pool)))
      done = (await attempt('kernel', 'see "skein status"', () => kernel.clearDeleted(used))) && done
      const all = wantedNetworks(replica.view)
      const names = new Set(all.map(({ name }) => name))
      const lateMs = deps.clock.monotonic() + settleLimitMs
      for (const wanted of all) {
        const { pool, network, isLive } = wanted
        const existing = inDocker.get(pool)
        if (!existing && (network.into !== undefined || !isLive || removals.isOpen(pool))) continue
        if (!existing && deps.clock.monotonic() > lateMs) {
          done = false // Docker's word on what was made asks for the next pass at once
          continue
        }
        const subject = `network ${wanted.name}`
        const remedy = 'Skein tries again by itself; see "docker network ls" and the log of skeind'
        const ensure = async () => (await kernel.ensureOnce(network.id)) > 0
        const work = existing ? ensure : () => create(wanted, present, isDying)
        done = (await attempt(subject, remedy, work)) && done
        if (existing?.name === wanted.name) continue
        done = (await attempt(subject, remedy, () => naming.settle(wanted, present, name => names.has(name)))) && done
      }
      return done
    },
  }
}

function creationOf({ network, group }: Wanted, name: string, vni: number, driverName: string) {
  const { labels, options = [], internal = false } = network.docker ?? {}
  const gateway = nextHopOf(network.spec)
  const ids = { [idOption]: network.id, ...(group && { [groupIdOption]: group.id }) }
  return {
    name,
    driver: driverName,
    subnet: prefixText(network.spec.subnet),
    gateway: gateway === undefined ? '' : formatIp(gateway),
    subnet6: subnet6Of(network.spec)?.text ?? '',
    gateway6: nextHop6Of(network.spec) ?? '',
    labels: {
      ...Object.fromEntries(group?.labels ?? labels ?? []),
      ...ids,
      'skein.tenant': network.tenant,
      'skein.network': network.name,
      ...(group && { 'skein.group': group.name }),
    },
    options: {
      ...Object.fromEntries(options),
      encap: network.spec.encap,
      'pkt-tag': String(vni),
      tenant: network.tenant,
      ...(group && { group: group.name }),
      ...ids,
    },
    ipamOptions: ids,
    internal,
  }
}
