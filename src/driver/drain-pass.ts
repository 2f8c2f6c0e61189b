/**
 * Moves this host's containers out of networks that are drained into others, as a user would: connect there, with the
 * same aliases, then disconnect here. When the last endpoint is gone anywhere, the network is deleted.
 */
import { removeNetworkLeaves } from '../crdt/acts.ts'
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import type { Clock } from '../lib/clock.ts'
import { errorText } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { NetworkId } from '../model/network.ts'
import type { Replica } from '../replica/replica.ts'
import { wantedName } from './docker-name.ts'
import type { DockerNetworks } from './docker-networks.ts'
import type { LocalConditions } from './local-conditions.ts'
import { type DockerApi, DockerAway, type DockerMember } from './ports.ts'

/** Whoever ordered the drain deletes the network; the others do when it has not for this long, ms. */
const othersWaitMs = 5_000

export interface DrainPassDeps {
  replica: Replica
  docker: DockerApi
  networks: DockerNetworks
  conditions: LocalConditions
  clock: Clock
  log: Logger
}

export interface DrainPass {
  /** Resolves with false if something is left that may work in a moment. Throws `DockerAway`. */
  run(): Promise<boolean>
  /** True for a Docker network that containers of this host are still to be moved out of, though ours is deleted. */
  isHeld(dockerId: string): boolean
}

interface Source {
  readonly id: NetworkId
  /** In Docker, to show. */
  readonly name: string
}

export function createDrainPass(deps: DrainPassDeps): DrainPass {
  const { replica, docker, networks, conditions, clock, log } = deps
  const { view, self } = replica
  /** Networks without an endpoint -> since when, monotonic ms. */
  const empty = new Map<NetworkId, number>()
  let held = new Set<string>()

  async function move(from: Source, goal: Network, dockerId: string, member: DockerMember): Promise<boolean> {
    const goalId = networks.dockerIdsOf(goal.id)[0]
    try {
      if (goalId === undefined) throw new Error(`network ${wantedName(goal)} is not in this host's Docker yet`)
      if (!member.networks.includes(goalId))
        await docker.connect(goalId, member.container, await aliasesOf(docker, member, dockerId))
      await docker.disconnect(dockerId, member.container)
      log.info({ network: from.id, into: goal.id, container: member.name }, 'moved a container into another network')
      return true
    } catch (error) {
      if (error instanceof DockerAway) throw error
      conditions.report(
        `drain ${from.id} ${member.container}`,
        `container ${member.name}${member.isRunning ? '' : ' (stopped)'} was not moved from network ${from.name} into ${wantedName(goal)}: ${errorText(error)}`,
        `Skein tries again by itself; by hand: docker network connect ${wantedName(goal)} ${member.name}, then docker network disconnect ${from.name} ${member.name}`,
      )
      return false
    }
  }

  async function moveAll(from: Source, goal: Network): Promise<boolean> {
    let done = true
    for (const dockerId of networks.dockerIdsOf(from.id)) {
      for (const member of await docker.members(dockerId)) {
        if (await move(from, goal, dockerId, member)) continue
        done = false
        held.add(dockerId)
      }
    }
    return done
  }

  /** True once there is nothing to delete, or it is deleted. */
  async function deleteIfEmpty({ id }: Network): Promise<boolean> {
    const isEmpty = (now: RegistryView) => {
      const { status, into } = now.network(id) ?? {}
      return status === 'live' && into !== undefined && now.endpoints(id).length === 0
    }
    if (!isEmpty(view)) {
      empty.delete(id)
      return true
    }
    const sinceMs = empty.get(id) ?? clock.monotonic()
    empty.set(id, sinceMs)
    if (view.drain(id)?.by !== self && clock.monotonic() - sinceMs < othersWaitMs) return false
    await replica.write(now => (isEmpty(now) ? removeNetworkLeaves(now, id) : []))
    empty.delete(id)
    log.info({ network: id }, 'deleted a network that was drained')
    return true
  }

  return {
    async run() {
      held = new Set()
      let done = true
      for (const network of view.networks()) {
        const goal = network.into === undefined ? undefined : view.network(network.into)
        if (!goal) continue
        const isMoved = await moveAll({ id: network.id, name: wantedName(network) }, goal)
        done = isMoved && (await deleteIfEmpty(network)) && done
      }
      // others may have deleted one whose last container here does not run
      for (const id of networks.ids()) {
        const goal = view.network(id) ? undefined : goalOfDeleted(view, id)
        if (goal) done = (await moveAll({ id, name: id.slice(0, 6) }, goal)) && done
      }
      return done
    },
    isHeld: dockerId => held.has(dockerId),
  }
}

function goalOfDeleted(view: RegistryView, id: NetworkId): Network | undefined {
  const passed = new Set<NetworkId>()
  let next: NetworkId | undefined = id
  while (next !== undefined && view.isDeleted(next) && !passed.has(next)) {
    passed.add(next)
    next = view.drain(next)?.into
  }
  const goal = next === undefined ? undefined : view.network(next)
  return goal?.status === 'live' ? goal : undefined
}

/** What users called it in this network; its name and short id it gets everywhere. */
async function aliasesOf(docker: DockerApi, member: DockerMember, dockerId: string): Promise<string[]> {
  const found = await docker.container(member.container)
  const names = found?.names.get(member.endpoints.get(dockerId) ?? '') ?? []
  return names.filter(name => name !== member.name && name !== member.container.slice(0, 12))
}
