/**
 * Moves this host's containers out of networks that are drained into others, as a user would: connect there, with the
 * same aliases, then disconnect here. When the last endpoint is gone anywhere, the network is deleted.
 */
import { removeNetworkLeaves } from '../crdt/acts.ts'
import type { Leaf } from '../crdt/leaves.ts'
import { removeGroupLeaves } from '../crdt/object-acts.ts'
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import type { Clock } from '../lib/clock.ts'
import { errorText } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { NetworkId } from '../model/network.ts'
import type { Replica } from '../replica/replica.ts'
import { wantedName, wantedNetworks, wantedOf } from './docker-name.ts'
import type { DockerNetworks } from './docker-networks.ts'
import { goalOfDeleted } from './drain-goal.ts'
import type { LocalConditions } from './local-conditions.ts'
import { type PoolId, poolIdOf, readPoolId } from './pool-id.ts'
import { type DockerApi, DockerAway, type DockerMember, type DockerNetwork } from './ports.ts'
import { tenantFlag } from './refusals.ts'

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
    const pool = counterpart(view, networks.poolOf(from.id), goal)
    const ours = pool === undefined ? undefined : dockersOfPool(pool)[0]
    const goalName = nameIn(goal, pool, ours)
    try {
      if (pool === undefined) throw noCounterpart(view, networks.poolOf(from.id), goal)
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

  /** What Docker calls where they go, or will. */
  const nameIn = (goal: Network, pool: PoolId | undefined, shown: DockerNetwork | undefined) =>
    shown?.name ?? (pool && wantedOf(view, pool)?.name) ?? wantedName(goal)

  const shownOf = (ids: readonly string[]) => shown.filter(network => ids.includes(network.id))
  const dockersOf = (id: NetworkId) => shownOf(networks.dockerIdsOf(id))
  const dockersOfPool = (pool: PoolId) => shownOf(networks.dockerIdsOfPool(pool))

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
    const pool = counterpart(view, networks.poolOf(network.id), goal)
    const goalName = nameIn(goal, pool, pool === undefined ? undefined : dockersOfPool(pool)[0])
    conditions.report(
      `drained ${network.id}`,
      `network ${network.name} was drained into ${goalName} and stays in this host's Docker, empty: Docker starts ${users.join(', ')} only while it finds a network of that name`,
      `nothing must be done; to be rid of it create these containers anew with --network ${goalName}`,
    )
  }

  /** True if another network is created under its name as soon as it is gone. */
  async function isReplaced({ name }: DockerNetwork): Promise<boolean> {
    const heir = wantedNetworks(view).find(wanted => wanted.isLive && wanted.name === name)
    if (!heir) return false
    for (const ours of dockersOfPool(heir.pool)) if ((await docker.members(ours)).length > 0) return false
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
    await replica.write(now => (isEmpty(now) ? removalOf(now, id) : []))
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

/** The network with its groups: their members have moved too. */
function removalOf(view: RegistryView, id: NetworkId): Leaf[] {
  const groups = view.objects.groups().filter(group => group.network === id && group.status === 'live')
  return [...groups.flatMap(group => removeGroupLeaves(view.objects, group)), ...removeNetworkLeaves(view, id)]
}

/** Where members of a group go: into the group of the goal that was created under the same name; undefined without one. */
function counterpart({ objects }: RegistryView, from: PoolId | undefined, goal: Network): PoolId | undefined {
  const { group } = readPoolId(from ?? '')
  if (group === undefined) return goal.id
  const bornName = objects.everGroup(group)?.bornName
  const onGoal = objects.groups(goal.tenant).filter(other => other.network === goal.id && other.status === 'live')
  const found = onGoal.find(other => other.bornName === bornName)
  return found && poolIdOf(goal.id, found.id)
}

/** Outside their group they would be under no policy: they stay. */
function noCounterpart(view: RegistryView, from: PoolId | undefined, goal: Network): Error {
  const pool = readPoolId(from ?? '')
  const name = view.objects.everGroup(pool.group ?? '')?.bornName ?? 'its group'
  const again = `skein net drain${tenantFlag(goal.tenant)}${view.network(pool.network)?.name ?? ''} --into ${goal.name}`
  return new Error(`network ${goal.name} has no group ${name}: "${again}" makes it`)
}

/** What users called it in this network; its name and short id it gets everywhere. */
async function aliasesOf(docker: DockerApi, member: DockerMember, { name }: DockerNetwork): Promise<string[]> {
  const found = await docker.container(member.container)
  const aliases = found?.aliases.get(name) ?? []
  return aliases.filter(alias => alias !== member.name && alias !== member.container.slice(0, 12))
}
