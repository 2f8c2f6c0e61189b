/**
 * Takes over networks that were born in this host's Docker: learns name and labels, which Docker tells to nobody before
 * it is done, and writes the act. What cannot be taken over is removed from Docker again, with a condition.
 */
import { createNetworkLeaves } from '../crdt/acts.ts'
import { networkIdOf } from '../crdt/identity.ts'
import { encodeLeaf } from '../crdt/leaf-codec.ts'
import type { Leaf, NetworkDockerLeaf } from '../crdt/leaves.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { AddressPool } from '../model/address-pool.ts'
import { bareName, defaultTenant } from '../model/names.ts'
import type { NetworkId } from '../model/network.ts'
import { prefixText } from '../model/subnet.ts'
import type { Replica } from '../replica/replica.ts'
import { groupAct } from './born-group.ts'
import { meaningOf, networkNameOf, ownOptions, pairs, type Typed } from './born-network.ts'
import type { BornPool, BornPools } from './born-pools.ts'
import { wantedNetworks } from './docker-name.ts'
import type { DockerNetworks } from './docker-networks.ts'
import type { LocalConditions } from './local-conditions.ts'
import { baseOf, lengthOf } from './pool-handle.ts'
import { networkOfPool, type PoolId, poolIdOf } from './pool-id.ts'
import { type DockerApi, DockerAway, type DockerNetwork } from './ports.ts'
import type { RemovalPass } from './removal-pass.ts'
import type { Removals } from './removals.ts'
import { saidIn } from './spec-options.ts'

/** What the record may take of its batch, bytes. */
const maxRecordBytes = 64 * 1024

/** How long an act may spend on learning what the other members know, ms (design.md). */
const syncBeforeWriteMs = 500

export interface AdoptionDeps {
  replica: Replica
  docker: DockerApi
  networks: DockerNetworks
  pools: BornPools
  removals: Removals
  removalPass: RemovalPass
  range: AddressPool
  conditions: LocalConditions
  log: Logger
}

/** Resolves with false if something is left that may work in a moment. Throws `DockerAway`. */
export type Adoption = (born: readonly DockerNetwork[]) => Promise<boolean>

export function createAdoption(deps: AdoptionDeps): Adoption {
  const { replica, networks, pools, removals, conditions, log } = deps

  async function adopt(network: DockerNetwork, pool: BornPool): Promise<void> {
    const typed = typedOf(network, pool)
    await replica.syncNow(syncBeforeWriteMs)
    await clearWay(deps, typed)
    let taken: PoolId | undefined
    await replica.write(view => {
      const act = actOf(view, network, typed, deps)
      taken = act.pool
      return act.leaves
    })
    if (taken === undefined) return
    await networks.remember(network.id, taken)
    removals.cancel(taken)
    pools.settle(network.id)
    log.info({ pool: taken, name: network.name }, 'took over a network that was created in Docker')
  }

  async function refuse(network: DockerNetwork, pool: BornPool, error: SkeinError): Promise<boolean> {
    pools.settle(network.id, error)
    const isThere = () => wantedNetworks(replica.view).some(({ name, isLive }) => isLive && name === network.name)
    conditions.keep(
      `refused ${network.name}`,
      `network ${network.name} was created in this host's Docker and removed again: ${errorText(error)}`,
      'create it anew as that says',
      () => isThere() || replica.view.networkByName(pool.tenant, bareName(pool.tenant, network.name)) !== undefined,
    )
    const isRemoved = await deps.docker.removeNetwork(network.id)
    if (isRemoved) await pools.forget(network.id)
    return isRemoved
  }

  async function takeOver(network: DockerNetwork): Promise<boolean> {
    const pool = pools.poolOf(network.id) ?? (await restored(deps, network))
    if (!pool) {
      conditions.report(
        `network ${network.name}`,
        `network ${network.name} of this host's Docker bears Skein's driver, but Skein does not know it`,
        `remove it with "docker network rm ${network.name}", then create it again`,
      )
      return true
    }
    try {
      await adopt(network, pool)
      return true
    } catch (error) {
      // unavailable: this peer has not heard from its mesh yet
      if (error instanceof SkeinError && error.code !== 'unavailable') return refuse(network, pool, error)
      conditions.report(`network ${network.name}`, errorText(error), 'Skein tries again by itself')
      return false
    }
  }

  return async born => {
    let done = true
    for (const network of born) {
      if (networks.idOf(network.id) !== undefined) continue
      try {
        done = (await takeOver(network)) && done
      } catch (error) {
        if (error instanceof DockerAway) throw error
        conditions.report(`network ${network.name}`, errorText(error), 'Skein tries again by itself')
        done = false
      }
    }
    return done
  }
}

/** What was just removed from Docker by hand must not stand in the way: it is deleted now. */
async function clearWay({ replica, range, removalPass }: AdoptionDeps, typed: Typed): Promise<void> {
  try {
    meaningOf(replica.view, typed, range)
  } catch {
    // whatever it is, the write finds it again if it stays
    await removalPass.judge(pool => replica.view.network(networkOfPool(pool))?.tenant === typed.tenant)
  }
}

/** Docker shows the gateway that a user chose; where the subnet is to be chosen, the one that it was told. */
function typedOf({ name, options, gateway, subnet6, gateway6 }: DockerNetwork, pool: BornPool): Typed {
  const { tenant, group } = pool
  const ipv6 = { subnet6, gateway6: gateway6 === subnet6.split('/')[0] ? '' : gateway6 }
  return pool.isChosen
    ? { tenant, group, name, options, subnet: undefined, gateway: '', ...ipv6 }
    : { tenant, group, name, options, subnet: pool.pool, gateway, ...ipv6 }
}

/** What the Docker network stands for and what is to be written for it. Called inside the write; throws to refuse. */
function actOf(view: RegistryView, network: DockerNetwork, typed: Typed, { replica, range }: AdoptionDeps) {
  const meaning = meaningOf(view, typed, range)
  const isGroup = typed.group !== undefined
  if ('id' in meaning) {
    if (isGroup) return groupAct(view, network, typed, meaning)
    const record = dockerLeaf(meaning.id, network)
    const isOurs = meaning.docker?.host === replica.self
    const isNew = isOurs && !isSame(record, dockerLeaf(meaning.id, { ...network, ...valuesOf(meaning.docker) }))
    return { pool: poolIdOf(meaning.id), leaves: isNew ? [record] : [] }
  }
  const { tenant } = typed
  const leaves = createNetworkLeaves(view, { tenant, name: networkNameOf(typed), spec: meaning })
  const act = leaves.find(leaf => leaf.kind === 'network')
  if (!act) throw new Error('a creation without an act')
  const id = networkIdOf(act)
  // the labels are those of the group's network
  const born = [...leaves, dockerLeaf(id, isGroup ? { ...network, labels: {} } : network)]
  if (!isGroup) return { pool: poolIdOf(id), leaves: born satisfies Leaf[] }
  const onIt = groupAct(view, network, typed, { id, name: act.name })
  return { pool: onIt.pool, leaves: [...born, ...onIt.leaves] satisfies Leaf[] }
}

function dockerLeaf(
  network: NetworkId,
  { labels, options, internal }: Pick<DockerNetwork, 'labels' | 'options' | 'internal'>,
): NetworkDockerLeaf {
  const leaf: NetworkDockerLeaf = {
    kind: 'network-docker',
    network,
    labels: pairs(labels),
    options: ownOptions(options),
    internal,
  }
  if (encodeLeaf(leaf).length <= maxRecordBytes) return leaf
  throw new SkeinError('invalid', `its labels and options take over ${maxRecordBytes / 1024} KiB: use fewer`)
}

function valuesOf(docker: Pick<NetworkDockerLeaf, 'labels' | 'options' | 'internal'> | undefined) {
  const { labels = [], options = [], internal = false } = docker ?? {}
  return { labels: Object.fromEntries(labels), options: Object.fromEntries(options), internal }
}

function isSame(a: NetworkDockerLeaf, b: NetworkDockerLeaf): boolean {
  return Buffer.compare(encodeLeaf(a), encodeLeaf(b)) === 0
}

/** The pool of a network whose handle went with this peer's data, if such a network exists: its containers need it. */
async function restored({ replica, pools }: AdoptionDeps, network: DockerNetwork): Promise<BornPool | undefined> {
  const { tenant = defaultTenant, group } = saidIn(network.options)
  const existing = wantedNetworks(replica.view).find(wanted => {
    const isMeant = wanted.network.tenant === tenant && wanted.group?.bornName === group
    return isMeant && [wanted.name, bareName(tenant, wanted.name)].includes(network.name)
  })
  const spec = existing?.network.spec
  const { subnet: pool, gateway: shown } = network
  // Docker shows a gateway that the user chose, or the one of a pool whose subnet was to be chosen
  const isGiven = shown === '' || shown === spec?.gateway
  if (!spec || (isGiven && prefixText(spec.subnet) !== pool)) return undefined
  const gateway = `${isGiven ? baseOf(pool) : shown}/${lengthOf(pool)}`
  await pools.restore({ pool, gateway, pool6: spec.subnet6 }, { dockerId: network.id, tenant, group })
  return pools.poolOf(network.id)
}
