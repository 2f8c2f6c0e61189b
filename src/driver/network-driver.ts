/** The network driver's calls. None of them asks Docker: it waits for us, with locks held. */
import type { Endpoint } from '../crdt/registry-view.ts'
import { SkeinError } from '../lib/errors.ts'
import { macOf, parseIp } from '../model/ip.ts'
import { subnet6Of } from '../model/ipv6.ts'
import type { NetworkId } from '../model/network.ts'
import { contains, prefixText } from '../model/subnet.ts'
import type { Replica } from '../replica/replica.ts'
import { claimPools } from './birth.ts'
import type { BornPools } from './born-pools.ts'
import type { DockerNetworks } from './docker-networks.ts'
import { endpointLeaf, endpointRemovalLeaf } from './endpoint-leaf.ts'
import { checkAddress6 } from './ipam6.ts'
import type { LocalState } from './local-state.ts'
import { type PoolId, readPoolId } from './pool-id.ts'
import type { DatapathPort } from './ports.ts'
import { addressSpace, type Driver, type RequestOf } from './protocol.ts'
import { checkTakesEndpoints, needNetwork, statedPool } from './refusals.ts'
import type { Removals } from './removals.ts'

export interface NetworkDriverDeps {
  replica: Replica
  datapath: DatapathPort
  networks: DockerNetworks
  pools: BornPools
  removals: Removals
  state: LocalState
  /** Docker's name of this driver, for messages. */
  driverName: string
}

type NetworkDriver = Pick<Driver, Extract<keyof Driver, `NetworkDriver.${string}`>>

const nothing = async () => ({})

export function createNetworkDriver(deps: NetworkDriverDeps): NetworkDriver {
  const { replica, datapath, networks, pools, removals, state } = deps

  /** The network of an endpoint that is taken down, though Docker's network or the record may be gone. */
  const networkOf = (request: { NetworkID: string; EndpointID: string }): NetworkId | undefined =>
    replica.view.endpoint(replica.self, request.EndpointID)?.network ?? networks.idOf(request.NetworkID)

  return {
    async 'NetworkDriver.CreateNetwork'(request) {
      const pool = checkCreation(deps, request)
      if (pool !== undefined) await networks.remember(request.NetworkID, pool)
      else await claimPools(deps, request)
      return {}
    },
    async 'NetworkDriver.DeleteNetwork'(request) {
      const pool = networks.poolOf(request.NetworkID)
      if (pool !== undefined) removals.note(request.NetworkID, pool, isBornHere(deps, pool, request.NetworkID))
      await pools.forget(request.NetworkID)
      await networks.forget(request.NetworkID)
      return {}
    },
    'NetworkDriver.CreateEndpoint': request => createEndpoint(deps, request),
    'NetworkDriver.EndpointOperInfo': async () => ({ Value: {} }),
    async 'NetworkDriver.DeleteEndpoint'(request) {
      const id = request.EndpointID
      state.noteRemoved(id)
      if (replica.fenced) return {} // its containers go without a word: the record stays, and with it the address (R5)
      await replica.write(view => {
        const record = view.endpoint(replica.self, id)
        return record ? [endpointRemovalLeaf(id, record.network)] : []
      })
      return {}
    },
    async 'NetworkDriver.Join'(request) {
      const endpoint = replica.view.endpoint(replica.self, request.EndpointID)
      if (!endpoint) throw new SkeinError('not-found', 'the endpoint was never created: start the container again')
      const { network, ip, mac } = endpoint
      const sandbox = request.SandboxKey
      const { ifName } = await datapath.attach({ network, endpointId: endpoint.id, ip, mac, sandbox })
      // no Gateway: Docker then gives the default route and published ports to a second interface on docker_gwbridge
      return { InterfaceName: { SrcName: ifName, DstPrefix: 'eth' } }
    },
    async 'NetworkDriver.Leave'(request) {
      const network = networkOf(request)
      if (network !== undefined) await datapath.detach(network, request.EndpointID)
      return {}
    },
    'NetworkDriver.ProgramExternalConnectivity': nothing,
    'NetworkDriver.RevokeExternalConnectivity': nothing,
    'NetworkDriver.DiscoverNew': nothing,
    'NetworkDriver.DiscoverDelete': nothing,
  }
}

type Creation = RequestOf<'NetworkDriver.CreateNetwork'>

/** Undefined: it is being born in this Docker. */
function checkCreation(deps: NetworkDriverDeps, request: Creation): PoolId | undefined {
  const { replica, driverName } = deps
  const { IPv4Data, IPv6Data } = request
  const [pool] = IPv4Data
  if ([...IPv4Data, ...IPv6Data].some(data => data.AddressSpace !== addressSpace)) {
    throw new SkeinError(
      'invalid',
      `without --ipam-driver ${driverName} every host would hand out the same addresses: ` +
        `use "skein net create --subnet=${pool?.Pool || '10.1.2.0/24'} NAME", or add --ipam-driver ${driverName}`,
    )
  }
  if (IPv6Data.length > 1) {
    throw new SkeinError('unsupported', 'a network has one IPv6 subnet: leave out the other --subnet')
  }
  if (pool === undefined && IPv6Data.length > 0) {
    throw new SkeinError('unsupported', 'a network has IPv4 beside IPv6: leave out --ipv4=false')
  }
  if ([...IPv4Data, ...IPv6Data].some(data => Object.keys(data.AuxAddresses).length > 0)) {
    throw new SkeinError('unsupported', 'auxiliary addresses are not supported: leave out --aux-address')
  }
  const stated = statedPool(replica.view, request.Options)
  const prefix = stated && subnet6Of(stated.network.spec)
  if (prefix && IPv6Data.length === 0) {
    throw new SkeinError(
      'conflict',
      `network ${stated.network.name} has the IPv6 subnet ${prefix.text}: add --ipv6 --subnet ${prefix.text}`,
    )
  }
  return stated?.pool
}

/** Whether `docker network rm` on this host means the network and not only this host's copy. */
function isBornHere({ replica, pools }: NetworkDriverDeps, pool: PoolId, dockerId: string): boolean {
  if (pools.poolOf(dockerId) !== undefined) return true
  const { network, group } = readPoolId(pool)
  return group === undefined && replica.view.network(network)?.docker?.host === replica.self
}

async function createEndpoint(deps: NetworkDriverDeps, request: RequestOf<'NetworkDriver.CreateEndpoint'>) {
  const { replica, networks } = deps
  const pool = networks.poolOf(request.NetworkID)
  if (pool === undefined) {
    throw new SkeinError(
      'unavailable',
      `Docker's network ${request.NetworkID.slice(0, 12)} has not been matched with one of Skein's yet: try again in a few seconds`,
    )
  }
  const { Address: address, AddressIPv6: address6, MacAddress: givenMac } = request.Interface
  const { network: id, group } = readPoolId(pool)
  await replica.write(view => {
    const network = needNetwork(view, id)
    const ip = parseIp(address.split('/')[0] ?? '')
    if (ip === undefined || !contains(network.spec.subnet, ip)) {
      throw new SkeinError(
        'invalid',
        `address ${address || '""'} is not in ${prefixText(network.spec.subnet)}: leave it to Skein`,
      )
    }
    checkAddress6(network.spec, ip, address6)
    const mac = (givenMac || macOf(ip)).toLowerCase()
    const known = view.endpoint(replica.self, request.EndpointID)
    const placed = { network: id, ip, mac, ...(group !== undefined && { group }) }
    if (known && isSame(known, placed)) return []
    checkTakesEndpoints(view, pool, { self: replica.self, isHeld: deps.state.isHeld(pool) })
    return [endpointLeaf({ id: request.EndpointID, ...placed, container: '', containerName: '' })]
  })
  if (givenMac) return { Interface: {} } // to repeat what was given is an error to Docker
  const written = replica.view.endpoint(replica.self, request.EndpointID)
  return { Interface: written ? { MacAddress: written.mac } : {} }
}

function isSame(
  known: Endpoint,
  { network, ip, mac, group }: Pick<Endpoint, 'network' | 'ip' | 'mac' | 'group'>,
): boolean {
  return known.network === network && known.ip === ip && known.mac === mac && known.group === group
}
