/**
 * Docker cannot rename a network: its name stays until no container, running or stopped, is connected to it; then it is
 * created again under the name that it should have. Until then a condition says what that waits for.
 */
import type { Logger } from '../lib/log.ts'
import { bareName } from '../model/names.ts'
import type { Wanted } from './docker-name.ts'
import type { DockerNetworks } from './docker-networks.ts'
import type { LocalConditions } from './local-conditions.ts'
import type { PoolId } from './pool-id.ts'
import type { DockerApi, DockerNetwork } from './ports.ts'
import type { Removals } from './removals.ts'

export interface DockerNamingDeps {
  docker: DockerApi
  networks: DockerNetworks
  removals: Removals
  conditions: LocalConditions
  log: Logger
  poolOf(network: DockerNetwork): PoolId | undefined
  /** It was typed into this Docker, not created by Skein. */
  isBorn(network: DockerNetwork): boolean
  /** It is none of this mesh's: somebody else's, or of a mesh that this host was in before. */
  isStray(network: DockerNetwork): boolean
  /** Creates it in Docker and adds it to `present`. */
  recreate(wanted: Wanted, present: DockerNetwork[]): Promise<void>
}

export interface DockerNaming {
  /**
   * Gives the network its name, or says why not; resolves with false if another pass may go further. One that was typed here keeps
   * the name that its user knows, without the tenant, while no other network should have it.
   */
  settle(wanted: Wanted, present: DockerNetwork[], isWanted: (name: string) => boolean): Promise<boolean>
}

export function createDockerNaming(deps: DockerNamingDeps): DockerNaming {
  const { docker, networks, removals, conditions, log, poolOf, isBorn, isStray, recreate } = deps

  function report(wanted: string, ours: DockerNetwork, holder: DockerNetwork | undefined, users: string[]): void {
    if (holder && isStray(holder)) {
      conditions.report(
        `name ${wanted}`,
        `another network of this host's Docker is called ${wanted}, so Skein's network ${wanted} is called ${ours.name} here`,
        `free the name with "docker network rm ${wanted}": Skein then creates its own as ${wanted}, once no container is on ${ours.name}`,
      )
      return
    }
    const why = holder
      ? `another of Skein's networks is called ${wanted} here until no container is on it`
      : `Docker cannot rename a network with containers: it waits for ${users.join(', ')}`
    conditions.report(
      `name ${wanted}`,
      `network ${wanted} is called ${ours.name} in this host's Docker: ${why}`,
      `use it here as ${ours.name}; it gets its name when ${holder ? 'that one has given it up' : 'these containers are removed'}`,
    )
  }

  return {
    async settle(wanted, present, isWanted) {
      const { pool, name, network } = wanted
      const ours = present.find(other => poolOf(other) === pool)
      if (!ours || ours.name === name || !wanted.isLive) return true
      if (isBorn(ours) && ours.name === bareName(network.tenant, name) && !isWanted(ours.name)) return true
      if (network.into !== undefined) return true // it goes soon, and Docker could not create it again
      const holder = present.find(other => other.name === name)
      const members = holder ? [] : await docker.members(ours)
      const users = members.map(({ name, isRunning }) => (isRunning ? name : `${name} (stopped)`))
      // a container that is just starting is in no list: Docker itself says no then
      if (holder || users.length > 0 || !(await docker.removeNetwork(ours.id))) {
        report(name, ours, holder, users)
        return true
      }
      removals.cancel(pool) // it was us
      await networks.forget(ours.id)
      present.splice(present.indexOf(ours), 1)
      await recreate(wanted, present)
      log.info({ pool, from: ours.name, to: name }, 'created a Docker network again under its name')
      return false // the name that it gave up may be another's
    },
  }
}
