/** Removes the Docker networks whose deletion is known. */
import type { Clock } from '../lib/clock.ts'
import { errorText } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { Replica } from '../replica/replica.ts'
import type { DockerNetworks } from './docker-networks.ts'
import { goalOfDeleted } from './drain-goal.ts'
import type { Holds } from './holds.ts'
import type { LocalConditions } from './local-conditions.ts'
import { type PoolId, readPoolId } from './pool-id.ts'
import { type DockerApi, DockerAway, type DockerNetwork } from './ports.ts'

/**
 * A deleted network that Docker still finds in use keeps its name from a new one for this long, ms: mostly its last
 * container is just being taken down. After that the new one gets a name of its own.
 */
const nameGraceMs = 2_000

export interface NetworkRemovalDeps {
  replica: Replica
  docker: DockerApi
  networks: DockerNetworks
  conditions: LocalConditions
  clock: Clock
  log: Logger
  holds: Holds
  /** True for Docker networks that must not be removed yet. */
  isHeld(dockerId: string): boolean
}

/** Resolves with what is left, and with who of that is expected to go in a moment. Throws only `DockerAway`. */
export type NetworkRemoval = (listed: readonly DockerNetwork[]) => Promise<{
  present: DockerNetwork[]
  isDying(network: DockerNetwork): boolean
}>

export function createNetworkRemoval(
  deps: NetworkRemovalDeps,
  poolOf: (network: DockerNetwork) => PoolId | undefined,
): NetworkRemoval {
  const { replica, docker, networks, conditions, clock, log } = deps
  /** Docker ids of deleted networks that are in use -> since when, monotonic ms. */
  const inUse = new Map<string, number>()

  /** Containers of a drained network are moved away: it is not held for them. */
  async function isUsed(network: DockerNetwork): Promise<boolean> {
    const pool = poolOf(network)
    if (pool === undefined) return false
    const id = readPoolId(pool).network
    const isMoved = replica.view.isDeleted(id) && goalOfDeleted(replica.view, id) !== undefined
    return !isMoved && (await deps.holds.keeps(network, pool))
  }

  /** Itself, or the network that the group is on. */
  function isGone(network: DockerNetwork): boolean {
    const { network: id, group } = readPoolId(poolOf(network) ?? '')
    return replica.view.isDeleted(id) || (group !== undefined && replica.view.objects.isGroupDeleted(group))
  }

  async function remove(network: DockerNetwork): Promise<boolean> {
    try {
      if (!(await isUsed(network)) && (await docker.removeNetwork(network.id))) {
        await networks.forget(network.id)
        inUse.delete(network.id)
        log.info({ pool: poolOf(network), name: network.name }, 'removed a Docker network')
        return true
      }
    } catch (error) {
      if (error instanceof DockerAway) throw error
      conditions.report(
        `network ${network.name}`,
        errorText(error),
        `remove it with "docker network rm ${network.name}"`,
      )
    }
    if (!inUse.has(network.id)) inUse.set(network.id, clock.monotonic())
    return false
  }

  return async (listed: readonly DockerNetwork[]) => {
    const present: DockerNetwork[] = []
    const deleted = listed.filter(network => isGone(network) && !deps.isHeld(network.id))
    for (const id of inUse.keys()) if (!deleted.some(network => network.id === id)) inUse.delete(id)
    for (const network of listed) if (!deleted.includes(network) || !(await remove(network))) present.push(network)
    await deps.holds.keepOnly(new Set(present.map(poolOf)))
    const isDying = (network: DockerNetwork) => {
      const since = inUse.get(network.id)
      return since !== undefined && clock.monotonic() - since < nameGraceMs
    }
    for (const network of present) {
      if (!inUse.has(network.id) || isDying(network)) continue
      conditions.report(
        `network ${network.name}`,
        `network ${network.name} was deleted, but containers of this host still use it`,
        `see them with "docker network inspect ${network.name}"; it goes when they are gone`,
      )
    }
    return { present, isDying }
  }
}
