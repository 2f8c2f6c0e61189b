/**
 * What comes of networks that are gone from this host's Docker: `docker network rm` where network or group was born deletes
 * it everywhere, unless something uses it somewhere; any other is created again, and a condition names the command.
 */
import { removeNetworkLeaves } from '../crdt/acts.ts'
import { removeGroupLeaves } from '../crdt/object-acts.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import type { Logger } from '../lib/log.ts'
import type { Replica } from '../replica/replica.ts'
import type { BornPools } from './born-pools.ts'
import { type Wanted, wantedOf } from './docker-name.ts'
import type { DockerNetworks } from './docker-networks.ts'
import type { LocalConditions } from './local-conditions.ts'
import type { PoolId } from './pool-id.ts'
import type { DockerNetwork } from './ports.ts'
import { tenantFlag } from './refusals.ts'
import type { Removal, Removals } from './removals.ts'
import { usersOf } from './users-of.ts'

/** How long a deletion may spend on learning what the other members know, ms (design.md). */
const syncBeforeWriteMs = 500

export interface RemovalPassDeps {
  replica: Replica
  networks: DockerNetworks
  pools: BornPools
  removals: Removals
  conditions: LocalConditions
  log: Logger
}

export interface RemovalPass {
  /** Docker's ids that were matched before the list was asked for, and the list. */
  findLost(known: readonly string[], listed: readonly DockerNetwork[]): Promise<void>
  /** Deletes what was removed by hand and may be deleted. `force`: without waiting whether it was a prune. */
  judge(force?: (pool: PoolId) => boolean): Promise<void>
}

export function createRemovalPass(deps: RemovalPassDeps): RemovalPass {
  const { replica, networks, pools, removals, conditions, log } = deps
  const { view } = replica
  /** Names in Docker, also of what was just removed. */
  const names = new Map<string, string>()

  function explain(wanted: Wanted, why: string): void {
    const { network, group, pool, name } = wanted
    const flag = tenantFlag(network.tenant)
    const command = group ? `skein group rm${flag}${group.name}` : `skein net rm${flag}${network.name}`
    conditions.keep(
      `removed ${pool}`,
      `network ${name} was removed from this host's Docker and is created again: ${why}`,
      `delete it on all hosts with: ${command}; containers that were stopped meanwhile must be created again`,
      () => !live(view, pool),
    )
  }

  /** Undefined once it is deleted; else why not. */
  async function deleteEverywhere({ pool }: Wanted): Promise<string | undefined> {
    await replica.syncNow(syncBeforeWriteMs)
    let users: string[] = []
    await replica.write(now => {
      const wanted = live(now, pool)
      if (!wanted) return []
      users = usersOf(now, wanted)
      if (users.length > 0) return []
      return wanted.group ? removeGroupLeaves(now.objects, wanted.group) : removeNetworkLeaves(now, wanted.network.id)
    })
    return users.length > 0 ? `it is used by ${users.join(', ')}` : undefined
  }

  async function conclude(wanted: Wanted, { dockerId, verdict }: Removal): Promise<void> {
    if (verdict === 'prune') return explain(wanted, '"docker network prune" deletes no network of Skein')
    // a copy under another name is removed to get its own: the remedy of that condition
    if (verdict === 'copy' && names.get(dockerId) !== wanted.name) return
    if (verdict === 'copy') return explain(wanted, notBornHere(view, wanted))
    if (verdict === 'unclear') return explain(wanted, 'skeind could not tell whether that was "docker network prune"')
    const why = await deleteEverywhere(wanted)
    if (why !== undefined) return explain(wanted, why)
    log.info({ pool: wanted.pool }, 'deleted what was removed from the Docker where it was created')
  }

  return {
    async findLost(known, listed) {
      const present = new Map(listed.map(network => [network.id, network.name]))
      for (const dockerId of known) {
        const pool = networks.poolOf(dockerId)
        if (pool === undefined || present.has(dockerId) || !removals.isLost(dockerId, pool)) continue
        await pools.forget(dockerId)
        await networks.forget(dockerId)
        const wanted = live(view, pool)
        if (wanted) explain(wanted, 'it went without word to skeind, which may not have been running')
      }
      for (const [id, name] of present) names.set(id, name)
      const isOver = (id: string) => !present.has(id) && !known.includes(id) && !removals.wasRemoved(id)
      for (const id of names.keys()) if (isOver(id)) names.delete(id)
    },
    async judge(force) {
      for (const removal of removals.judge(force)) {
        const wanted = live(view, removal.pool)
        if (wanted) await conclude(wanted, removal)
      }
    },
  }
}

/** What a pool stands for, unless it is deleted or not known. */
function live(view: RegistryView, pool: PoolId): Wanted | undefined {
  const wanted = wantedOf(view, pool)
  return wanted?.isLive ? wanted : undefined
}

function notBornHere(view: RegistryView, { network: { docker }, group }: Wanted): string {
  if (group) return 'it was not created by "docker network create" on this host'
  if (!docker) return 'it was not created by "docker network create"'
  return `it was created in the Docker of ${view.member(docker.host)?.name ?? 'another host'}`
}
