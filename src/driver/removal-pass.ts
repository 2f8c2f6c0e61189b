/**
 * What comes of networks that are gone from this host's Docker: `docker network rm` where the network was born deletes
 * it everywhere, unless containers use it somewhere; any other is created again, and a condition names the command.
 */
import { removeNetworkLeaves } from '../crdt/acts.ts'
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import type { Logger } from '../lib/log.ts'
import { formatIp } from '../model/ip.ts'
import type { NetworkId } from '../model/network.ts'
import type { Replica } from '../replica/replica.ts'
import type { BornPools } from './born-pools.ts'
import { wantedName } from './docker-name.ts'
import type { DockerNetworks } from './docker-networks.ts'
import type { LocalConditions } from './local-conditions.ts'
import type { DockerNetwork } from './ports.ts'
import { tenantFlag } from './refusals.ts'
import type { Removal, Removals } from './removals.ts'

/** How long a deletion may spend on learning what the other members know, ms (design.md). */
const syncBeforeWriteMs = 500

/** So many containers are named in a condition; the rest is counted. */
const namedEndpoints = 5

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
  judge(force?: (network: NetworkId) => boolean): Promise<void>
}

export function createRemovalPass(deps: RemovalPassDeps): RemovalPass {
  const { replica, networks, pools, removals, conditions, log } = deps
  const { view } = replica
  /** Names in Docker, also of what was just removed. */
  const names = new Map<string, string>()

  function explain(network: Network, why: string): void {
    const { id, tenant, name } = network
    conditions.keep(
      `removed ${id}`,
      `network ${wantedName(network)} was removed from this host's Docker and is created again: ${why}`,
      `delete it on all hosts with: skein net rm${tenantFlag(tenant)}${name}; containers that were stopped meanwhile ` +
        'must be created again',
      () => view.network(id)?.status !== 'live',
    )
  }

  async function deleteEverywhere(id: NetworkId): Promise<boolean> {
    await replica.syncNow(syncBeforeWriteMs)
    const isFree = (now: RegistryView) => now.network(id)?.status === 'live' && now.endpoints(id).length === 0
    await replica.write(now => (isFree(now) ? removeNetworkLeaves(now, id) : []))
    return view.isDeleted(id)
  }

  async function conclude(network: Network, { dockerId, verdict }: Removal): Promise<void> {
    if (verdict === 'prune') return explain(network, '"docker network prune" deletes no network of Skein')
    // a copy under another name is removed to get its own: the remedy of that condition
    if (verdict === 'copy' && names.get(dockerId) !== wantedName(network)) return
    if (verdict === 'copy') return explain(network, notBornHere(view, network))
    if (verdict === 'unclear') return explain(network, 'skeind could not tell whether that was "docker network prune"')
    if (await deleteEverywhere(network.id)) {
      log.info({ network: network.id }, 'deleted a network that was removed from the Docker where it was created')
      return
    }
    explain(network, `it is used by ${users(view, network).join(', ')}`)
  }

  return {
    async findLost(known, listed) {
      const present = new Map(listed.map(network => [network.id, network.name]))
      for (const dockerId of known) {
        const id = networks.idOf(dockerId)
        if (id === undefined || present.has(dockerId) || !removals.isLost(dockerId, id)) continue
        await pools.forget(dockerId)
        await networks.forget(dockerId)
        const network = view.network(id)
        if (network?.status === 'live')
          explain(network, 'it went without word to skeind, which may not have been running')
      }
      for (const [id, name] of present) names.set(id, name)
      const isOver = (id: string) => !present.has(id) && !known.includes(id) && !removals.wasRemoved(id)
      for (const id of names.keys()) if (isOver(id)) names.delete(id)
    },
    async judge(force) {
      for (const removal of removals.judge(force)) {
        const network = view.network(removal.network)
        if (network?.status === 'live') await conclude(network, removal)
      }
    },
  }
}

function notBornHere(view: RegistryView, { docker }: Network): string {
  if (!docker) return 'it was not created by "docker network create"'
  return `it was created in the Docker of ${view.member(docker.host)?.name ?? 'another host'}`
}

function users(view: RegistryView, { id }: Network): string[] {
  const endpoints = view.endpoints(id)
  const names = endpoints
    .slice(0, namedEndpoints)
    .map(
      ({ containerName, ip, owner }) => `${containerName || formatIp(ip)} on ${view.member(owner)?.name ?? 'a host'}`,
    )
  return endpoints.length > namedEndpoints ? [...names, `${endpoints.length - namedEndpoints} more`] : names
}
