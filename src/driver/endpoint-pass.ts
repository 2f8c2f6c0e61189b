/**
 * Makes this host's endpoint records agree with the containers of its Docker: registers what has no record (R5), fills
 * in names, and collects what is left of containers that went while the peer, or Docker, was down.
 */
import { type Leaf, maxAliases } from '../crdt/leaves.ts'
import type { Endpoint, RegistryView } from '../crdt/registry-view.ts'
import type { Ipam } from '../ipam/ipam.ts'
import type { Logger } from '../lib/log.ts'
import { macOf, parseIp } from '../model/ip.ts'
import type { NetworkId } from '../model/network.ts'
import type { Replica } from '../replica/replica.ts'
import type { DockerNetworks } from './docker-networks.ts'
import { endpointLeaf, endpointRemovalLeaf } from './endpoint-leaf.ts'
import type { LocalState } from './local-state.ts'
import { type PoolId, poolIdOf, readPoolId } from './pool-id.ts'
import type { DatapathPort, DockerApi } from './ports.ts'

export interface EndpointPassDeps {
  replica: Replica
  ipam: Ipam
  datapath: DatapathPort
  docker: DockerApi
  networks: DockerNetworks
  state: LocalState
  log: Logger
  /**
   * For how long Docker may show no trace of an endpoint before it is collected, ms: no list shows a container that is
   * starting, and Docker may be repeating a call that we missed (it gives up after 15 s).
   */
  orphanAfterMs: number
}

export interface EndpointPass {
  /** Throws `DockerAway`, or what the replica, the IPAM or the data path threw; the next pass does the rest. */
  run(): Promise<void>
}

/** Well below what fits one batch. */
const recordsPerWrite = 256

type Running = Omit<Endpoint, 'owner' | 'aliases'>

export function createEndpointPass(deps: EndpointPassDeps): EndpointPass {
  const { state, docker, networks, replica } = deps
  return {
    async run() {
      if (replica.fenced) return // it registers nothing any more: what runs keeps its records as they are
      const running = (await docker.endpoints()).flatMap(place => {
        const pool = networks.poolOf(place.networkId)
        const ip = parseIp(place.address)
        if (pool === undefined || ip === undefined || place.endpointId === '') return []
        const { endpointId: id, container, containerName } = place
        return [{ id, ...readPoolId(pool), ip, mac: place.mac.toLowerCase() || macOf(ip), container, containerName }]
      })
      await claim(deps, running)
      for (let at = 0; at < running.length; at += recordsPerWrite) {
        const some = running.slice(at, at + recordsPerWrite)
        const aliases = await aliasesOf(deps, some)
        await replica.write(view => some.flatMap(endpoint => changeOf(deps, view, endpoint, aliases)))
      }
      await state.noteRegistered()
      await locate(deps, running)
      await collect(deps, running)
    },
  }
}

async function claim({ ipam, state, log }: EndpointPassDeps, running: readonly Running[]): Promise<void> {
  const held = new Map<NetworkId, Set<number>>()
  for (const { id, network, ip, containerName } of running) {
    const addresses = held.get(network) ?? new Set(ipam.held(network))
    held.set(network, addresses)
    if (addresses.has(ip) || state.wasRemoved(id)) continue
    await ipam.claim(network, ip)
    log.info({ network, ip, container: containerName }, 'took over the address of a running container')
  }
  // one that went before it was on record leaves nothing to collect: Docker may have died before it gave the address back
  ipam.noteRunning(running.filter(({ id }) => !state.wasRemoved(id)))
}

/**
 * By endpoint id: the names beside the container's own. Asked for where the record is incomplete: an endpoint's aliases
 * never change but with the container's name.
 */
async function aliasesOf({ docker, replica }: EndpointPassDeps, some: readonly Running[]) {
  const aliases = new Map<string, readonly string[]>()
  const incomplete = some.filter(running => {
    const known = replica.view.endpoint(replica.self, running.id)
    return !known || known.aliases.length === 0 || !isNamed(known, running)
  })
  for (const id of new Set(incomplete.map(running => running.container))) {
    const found = await docker.container(id)
    for (const [endpoint, names] of found?.names ?? []) aliases.set(endpoint, names)
  }
  return aliases
}

/** Containers on networks with a gateway whose namespace only Docker remembers. */
async function locate({ docker, datapath }: EndpointPassDeps, running: readonly Running[]): Promise<void> {
  const lost = running.filter(({ network, id }) => datapath.isLost(network, id))
  for (const container of new Set(lost.map(endpoint => endpoint.container))) {
    const { sandbox = '' } = (await docker.container(container)) ?? {}
    // all of them, also those on networks without: what the container has already is not to be given again
    for (const { id: endpointId, network } of running.filter(endpoint => endpoint.container === container)) {
      await datapath.locate({ network, endpointId, sandbox })
    }
  }
}

function isNamed(known: Endpoint, running: Running): boolean {
  return known.container === running.container && known.containerName === running.containerName
}

/** The record of a running container, if it is missing or incomplete. Called inside the write. */
function changeOf(
  { replica, state }: EndpointPassDeps,
  view: RegistryView,
  running: Running,
  aliases: ReadonlyMap<string, readonly string[]>,
): Leaf[] {
  if (state.wasRemoved(running.id)) return [] // the list is older than its removal
  const known = view.endpoint(replica.self, running.id)
  const others = new Set(aliases.get(running.id)?.filter(name => name !== running.containerName && name.length <= 253))
  const wanted = others.size > 0 ? [...others].slice(0, maxAliases) : (known?.aliases ?? [])
  // what its former key wrote is this host's to write anew (R8)
  const isOwn = known !== undefined && known.recordedBy === undefined
  const isWhole = isOwn && isNamed(known, running) && known.group === running.group
  if (isWhole && wanted.join('/') === known.aliases.join('/')) return []
  // the address and MAC that were given out hold; Docker's list only fills in what is not known yet
  const given = known && { network: known.network, ip: known.ip, mac: known.mac }
  return [endpointLeaf({ ...running, ...given, aliases: wanted })]
}

async function collect(deps: EndpointPassDeps, running: readonly Running[]): Promise<void> {
  const { replica, networks, state, orphanAfterMs } = deps
  const shown = new Set(running.map(endpoint => endpoint.id))
  const placed = new Set(running.map(placeOf))
  const orphans = new Set<string>()
  const known = new Set(networks.ids())
  const own = replica.view.endpointsOf(replica.self)
  for (const network of new Set(own.map(endpoint => endpoint.network))) {
    // nothing is concluded about a network that neither Docker nor the state shows (I5)
    if (!known.has(network) && !replica.view.network(network)) continue
    const lost = own.filter(endpoint => endpoint.network === network && !shown.has(endpoint.id))
    for (const { id } of lost) orphans.add(id)
    // a container has one endpoint in a network or group: when another is there, this one is the one from before its restart
    const isReplaced = (endpoint: Endpoint) => endpoint.container !== '' && placed.has(placeOf(endpoint))
    const old = lost.filter(endpoint => isReplaced(endpoint) || state.orphanAgeMs(endpoint.id) >= orphanAfterMs)
    if (old.length > 0) await collectEndpoints(deps, network, old, running)
  }
  state.keepOrphans(orphans)
}

function placeOf({ network, group = '', container }: Running): string {
  return `${network} ${group} ${container}`
}

async function collectEndpoints(
  deps: EndpointPassDeps,
  network: NetworkId,
  lost: readonly Endpoint[],
  running: readonly Running[],
): Promise<void> {
  const { replica, ipam, datapath, log } = deps
  const inDocker = await endpointsInDocker(deps, new Set(lost.map(({ group }) => poolIdOf(network, group))))
  for (const { id, ip, containerName } of lost) {
    if (inDocker.has(id)) continue
    const others = replica.view.holders(network, ip).filter(other => other.owner === replica.self && other.id !== id)
    const isUsed = others.length > 0 || running.some(other => other.network === network && other.ip === ip)
    await datapath.detach(network, id)
    // before the record goes: while it is there nobody hands the address out (R5), so what is released is this one's
    if (!isUsed) await ipam.release(network, ip)
    await replica.write(view => (view.endpoint(replica.self, id) ? [endpointRemovalLeaf(id, network)] : []))
    log.info({ network, endpoint: id, container: containerName }, 'collected the endpoint of a container that is gone')
  }
}

/** Endpoints that Docker knows of, in all its networks that stand for these. */
async function endpointsInDocker(
  { docker, networks }: EndpointPassDeps,
  pools: ReadonlySet<PoolId>,
): Promise<Set<string>> {
  const found = new Set<string>()
  for (const dockerId of [...pools].flatMap(pool => networks.dockerIdsOfPool(pool))) {
    for (const id of await docker.endpointIds(dockerId)) found.add(id)
  }
  return found
}
