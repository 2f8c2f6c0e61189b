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
import { goalOfDeleted } from './drain-goal.ts'
import type { LocalConditions } from './local-conditions.ts'
import { type DockerApi, DockerAway, type DockerMember, type DockerNetwork } from './ports.ts'

/** Whoever ordered the drain deletes the network; the others do when it has not for this long, ms. */
const othersWaitMs = 5_000

export interface DrainPassDeps {
  replica: Replica
  docker: DockerApi
  networks: DockerNetworks
  conditions: LocalConditions
  clock: Clock
  log: Logger
  /** A container was moved: Docker may have given it up meanwhile, since its network took it no more. */
  onMoved(): void
}

export interface DrainPass {
  /** Resolves with false if something is left that may work in a moment. Throws `DockerAway`. */
  run(listed: readonly DockerNetwork[]): Promise<boolean>
  /** True for a Docker network that containers of this host still need, though ours is deleted. */
  isHeld(dockerId: string): boolean
}

export function createDrainPass(deps: DrainPassDeps): DrainPass {
  const { replica, docker, networks, conditions, clock, log, onMoved } = deps
  const { view, self } = replica
  /** Networks without an endpoint -> since when, monotonic ms. */
  const empty = new Map<NetworkId, number>()
  let held = new Set<string>()
  /** Of the pass under way. */
  let shown: readonly DockerNetwork[] = []
  let runOn: Awaited<ReturnType<DockerApi['runOn']>> | undefined

  async function move(from: DockerNetwork, goal: Network, member: DockerMember): Promise<boolean> {
    const ours = dockersOf(goal.id)[0]
    const goalName = ours?.name ?? wantedName(goal)
    try {
      if (!ours) throw new Error(`network ${goalName} is not in this host's Docker yet`)
      if (!member.networks.includes(ours.name))
        await docker.connect(ours.id, member.container, await aliasesOf(docker, member, from))
      await docker.disconnect(from.id, member.container)
      log.info({ from: from.name, into: ours.name, container: member.name }, 'moved a container into another network')
      onMoved() // also with one that ran when it was listed: one that crashes again and again starts at any moment
      return true
    } catch (error) {
      if (error instanceof DockerAway) throw error
      conditions.report(
        `drain ${from.id} ${member.container}`,
        `container ${member.name}${member.isRunning ? '' : ' (stopped)'} was not moved from network ${from.name} into ${goalName}: ${errorText(error)}`,
        `Skein tries again by itself; by hand: docker network connect ${goalName} ${member.name}, then docker network disconnect ${from.name} ${member.name}`,
      )
      return false
    }
  }

  const dockersOf = (id: NetworkId) => {
    const ids = new Set(networks.dockerIdsOf(id))
    return shown.filter(network => ids.has(network.id))
  }

  async function moveAll(id: NetworkId, goal: Network): Promise<boolean> {
    let done = true
    for (const from of dockersOf(id)) {
      for (const member of await docker.members(from)) {
        if (await move(from, goal, member)) continue
        done = false
        held.add(from.id)
      }
      if (view.isDeleted(id)) await keepForStarts(from, goal)
    }
    return done
  }

  /** Docker starts a container only while it finds the network that it was run on: an empty one of that name will do. */
  async function keepForStarts(network: DockerNetwork, goal: Network): Promise<void> {
    runOn ??= await docker.runOn()
    const users = [...(runOn.get(network.name) ?? []), ...(runOn.get(network.id) ?? [])]
    if (users.length === 0 || (await isReplaced(network))) return
    held.add(network.id)
    const goalName = dockersOf(goal.id)[0]?.name ?? wantedName(goal)
    conditions.report(
      `drained ${network.id}`,
      `network ${network.name} was drained into ${goalName} and stays in this host's Docker, empty: Docker starts ${users.join(', ')} only while it finds a network of that name`,
      `nothing must be done; to be rid of it create these containers anew with --network ${goalName}`,
    )
  }

  /** True if another network is created under its name as soon as it is gone. */
  async function isReplaced({ name }: DockerNetwork): Promise<boolean> {
    const heir = view.networks().find(network => network.status === 'live' && wantedName(network) === name)
    if (!heir) return false
    for (const ours of dockersOf(heir.id)) if ((await docker.members(ours)).length > 0) return false
    return true
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
    async run(listed) {
      held = new Set()
      shown = listed
      runOn = undefined
      let done = true
      for (const network of view.networks()) {
        const goal = network.into === undefined ? undefined : view.network(network.into)
        if (!goal) continue
        const isMoved = await moveAll(network.id, goal)
        done = isMoved && (await deleteIfEmpty(network)) && done
      }
      // others may have deleted one whose last container here does not run
      for (const id of networks.ids()) {
        const goal = view.network(id) ? undefined : goalOfDeleted(view, id)
        if (goal) done = (await moveAll(id, goal)) && done
      }
      return done
    },
    isHeld: dockerId => held.has(dockerId),
  }
}

/** What users called it in this network; its name and short id it gets everywhere. */
async function aliasesOf(docker: DockerApi, member: DockerMember, { name }: DockerNetwork): Promise<string[]> {
  const found = await docker.container(member.container)
  const aliases = found?.aliases.get(name) ?? []
  return aliases.filter(alias => alias !== member.name && alias !== member.container.slice(0, 12))
}
