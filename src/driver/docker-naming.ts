/**
 * Docker cannot rename a network: its name stays until no container, running or stopped, is connected to it; then it is
 * created again under the name that it should have. Until then a condition says what that waits for.
 */
import type { Network } from '../crdt/registry-view.ts'
import type { Logger } from '../lib/log.ts'
import type { NetworkId } from '../model/network.ts'
import { wantedName } from './docker-name.ts'
import type { DockerNetworks } from './docker-networks.ts'
import type { LocalConditions } from './local-conditions.ts'
import type { DockerApi, DockerNetwork } from './ports.ts'
import type { Removals } from './removals.ts'

export interface DockerNamingDeps {
  docker: DockerApi
  networks: DockerNetworks
  removals: Removals
  conditions: LocalConditions
  log: Logger
  idOf(network: DockerNetwork): NetworkId | undefined
  /** Creates the network in Docker and adds it to `present`. */
  recreate(network: Network, present: DockerNetwork[]): Promise<void>
}

export interface DockerNaming {
  /** Gives the network its name, or says why not. Resolves with false if another pass may go further. */
  settle(network: Network, present: DockerNetwork[]): Promise<boolean>
}

export function createDockerNaming(deps: DockerNamingDeps): DockerNaming {
  const { docker, networks, removals, conditions, log, idOf, recreate } = deps

  function report(network: Network, ours: DockerNetwork, holder: DockerNetwork | undefined, users: string[]): void {
    const wanted = wantedName(network)
    if (holder && idOf(holder) === undefined) {
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
    async settle(network, present) {
      const ours = present.find(other => idOf(other) === network.id)
      const wanted = wantedName(network)
      if (!ours || ours.name === wanted || network.status !== 'live') return true
      if (network.into !== undefined) return true // it goes soon, and Docker could not create it again
      const holder = present.find(other => other.name === wanted)
      const members = holder ? [] : await docker.members(ours)
      const users = members.map(({ name, isRunning }) => (isRunning ? name : `${name} (stopped)`))
      // a container that is just starting is in no list: Docker itself says no then
      if (holder || users.length > 0 || !(await docker.removeNetwork(ours.id))) {
        report(network, ours, holder, users)
        return true
      }
      removals.cancel(network.id) // it was us
      await networks.forget(ours.id)
      present.splice(present.indexOf(ours), 1)
      await recreate(network, present)
      log.info({ network: network.id, from: ours.name, to: wanted }, 'created a Docker network again under its name')
      return false // the name that it gave up may be another's
    },
  }
}
