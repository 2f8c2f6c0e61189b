/**
 * Makes Docker's networks agree with the replicated ones: adopts, creates, removes. Removal needs the evidence of a
 * deletion (I5); a Docker network whose id is merely unknown here is left alone.
 */
import type { Network } from '../crdt/registry-view.ts'
import type { Clock } from '../lib/clock.ts'
import { errorText } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { AddressPool } from '../model/address-pool.ts'
import type { NetworkId } from '../model/network.ts'
import { prefixText } from '../model/subnet.ts'
import type { Replica } from '../replica/replica.ts'
import { createAdoption } from './adoption.ts'
import type { BornPools } from './born-pools.ts'
import { fallbackName, wantedName } from './docker-name.ts'
import { createDockerNaming } from './docker-naming.ts'
import type { DockerNetworks } from './docker-networks.ts'
import type { Holds } from './holds.ts'
import { createKernelNetworks } from './kernel-networks.ts'
import type { LocalConditions } from './local-conditions.ts'
import { createNetworkRemoval } from './network-removal.ts'
import { type DatapathPort, type DockerApi, DockerAway, type DockerNetwork } from './ports.ts'
import { idOption } from './protocol.ts'
import { createRemovalPass } from './removal-pass.ts'
import type { Removals } from './removals.ts'

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

/** Our id of a Docker network; undefined if it is not one of ours. */
export function skeinIdOf(network: DockerNetwork, driverName: string): NetworkId | undefined {
  return network.driver === driverName ? (network.labels[idOption] ?? network.options[idOption]) : undefined
}

export function createNetworkPass(deps: NetworkPassDeps): NetworkPass {
  const { replica, networks, removals, driverName } = deps
  const idOf = (network: DockerNetwork) => skeinIdOf(network, driverName) ?? networks.idOf(network.id)
  const removalPass = createRemovalPass(deps)
  const takeOver = createAdoption({ ...deps, removalPass })
  const kernel = createKernelNetworks(deps)
  const naming = createDockerNaming({ ...deps, idOf, recreate })
  const removeDeleted = createNetworkRemoval(deps, idOf)

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

  async function recreate(network: Network, present: DockerNetwork[]): Promise<void> {
    await create(network, present, () => false)
  }

  async function create(network: Network, present: DockerNetwork[], isDying: (holder: DockerNetwork) => boolean) {
    const holder = present.find(other => other.name === wantedName(network))
    if (holder && isDying(holder)) return false
    const name = holder
      ? fallbackName(network, taken => present.some(other => other.name === taken))
      : wantedName(network)
    const vni = await kernel.ensure(network.id)
    const request = creationOf(network, name, vni, driverName)
    const id = await deps.docker.createNetwork(request)
    await networks.remember(id, network.id)
    present.push({ ...request, id, gateway: '' })
    deps.log.info({ network: network.id, name }, 'created a Docker network')
    return true
  }

  return {
    async adopt(listed, known) {
      await removalPass.findLost(known, listed)
      // a list may be older than a removal
      const ours = listed.filter(({ id, driver }) => driver === driverName && !removals.wasRemoved(id))
      for (const network of ours) {
        const id = skeinIdOf(network, driverName)
        if (id !== undefined) await networks.remember(network.id, id)
      }
      const done = await takeOver(ours.filter(network => idOf(network) === undefined))
      await removalPass.judge()
      return done
    },
    async settle(listed) {
      const { present, isDying } = await removeDeleted(listed)
      let done = !present.some(isDying)
      const inDocker = new Map(present.map(network => [idOf(network), network]))
      done =
        (await attempt('kernel', 'see "skein status"', () => kernel.clearDeleted(new Set(inDocker.keys())))) && done
      for (const network of replica.view.networks()) {
        const existing = inDocker.get(network.id)
        if (!existing && network.into !== undefined) continue
        if (!existing && (network.status !== 'live' || removals.isOpen(network.id))) continue
        const subject = `network ${wantedName(network)}`
        const remedy = 'Skein tries again by itself; see "docker network ls" and the log of skeind'
        const work = existing ? () => kernel.ensureOnce(network.id) : () => create(network, present, isDying)
        done = (await attempt(subject, remedy, work)) && done
        done = (await attempt(subject, remedy, () => naming.settle(network, present))) && done
      }
      return done
    },
  }
}

function creationOf(network: Network, name: string, vni: number, driverName: string) {
  const { labels = [], options = [], internal = false } = network.docker ?? {}
  return {
    name,
    driver: driverName,
    subnet: prefixText(network.spec.subnet),
    labels: {
      ...Object.fromEntries(labels),
      [idOption]: network.id,
      'skein.tenant': network.tenant,
      'skein.network': network.name,
    },
    options: {
      ...Object.fromEntries(options),
      encap: network.spec.encap,
      'pkt-tag': String(vni),
      tenant: network.tenant,
      [idOption]: network.id,
    },
    ipamOptions: { [idOption]: network.id },
    internal,
  }
}
