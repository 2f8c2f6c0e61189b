/**
 * The IPAM driver's calls. A pool is a network of ours, or a group on one, and bears their ids; that of a network which is
 * being born in Docker bears a handle.
 */

import type { Network } from '../crdt/registry-view.ts'
import type { Ipam } from '../ipam/ipam.ts'
import { SkeinError } from '../lib/errors.ts'
import { nextHopOf } from '../model/gateway.ts'
import { formatIp, parseIp } from '../model/ip.ts'
import { checkSpec, type NetworkSpec } from '../model/network.ts'
import { contains, parseSubnet, prefixText, type Subnet } from '../model/subnet.ts'
import type { Replica } from '../replica/replica.ts'
import { checkSaid } from './born-network.ts'
import type { BornPools } from './born-pools.ts'
import type { DockerNetworks } from './docker-networks.ts'
import { requestAddress6, requestPool6 } from './ipam6.ts'
import type { LocalState } from './local-state.ts'
import { type Handle, isChosen, lengthOf, readHandle } from './pool-handle.ts'
import { networkOfPool, readPoolId } from './pool-id.ts'
import { type Driver, gatewayLabel, type RequestOf } from './protocol.ts'
import { checkTakesEndpoints, needNetwork, statedPool } from './refusals.ts'
import { saidIn } from './spec-options.ts'

export interface IpamDriverDeps {
  replica: Replica
  ipam: Ipam
  networks: DockerNetworks
  pools: BornPools
  state: LocalState
}

type IpamDriver = Pick<Driver, Extract<keyof Driver, `IpamDriver.${string}`>>

export function createIpamDriver(deps: IpamDriverDeps): IpamDriver {
  const { replica, ipam, pools } = deps
  return {
    'IpamDriver.RequestPool': async request =>
      request.V6 ? requestPool6(deps, withoutRange(request)) : requestPool(deps, withoutRange(request)),
    async 'IpamDriver.ReleasePool'({ PoolID }) {
      await pools.release(PoolID)
      return {}
    },
    'IpamDriver.RequestAddress': async (request, signal) =>
      pools.ipv6.isPool6(request.PoolID) ? requestAddress6(deps, request) : requestAddress(deps, request, signal),
    async 'IpamDriver.ReleaseAddress'(request) {
      if (pools.ipv6.isPool6(request.PoolID)) return {} // it goes with the IPv4 address
      const pool = pools.isHandle(request.PoolID) ? pools.adoptedAs(request.PoolID) : request.PoolID
      if (pool === undefined) return {}
      const id = networkOfPool(pool)
      const network = replica.view.network(id)
      const ip = parseIp(request.Address.split('/')[0] ?? '')
      if (ip === undefined || (network && isGatewayOf(network.spec, ip))) return {}
      // Docker deletes an endpoint before it releases its address: a release of one that is in use comes late
      if (replica.view.holders(id, ip).some(endpoint => endpoint.owner === replica.self)) return {}
      await ipam.release(id, ip)
      return {}
    },
  }
}

function withoutRange(request: RequestOf<'IpamDriver.RequestPool'>) {
  if (!request.SubPool) return request
  throw new SkeinError(
    'unsupported',
    'a range is part of the network in Skein: leave out --ip-range, use "skein net create"',
  )
}

async function requestPool(deps: IpamDriverDeps, request: RequestOf<'IpamDriver.RequestPool'>) {
  const stated = statedPool(deps.replica.view, request.Options)
  if (!stated) return poolToBe(deps, request)
  const { network } = stated
  const pool = prefixText(network.spec.subnet)
  if (request.Pool && request.Pool !== pool) {
    throw new SkeinError(
      'conflict',
      `network ${network.name} has the subnet ${pool}: leave out --subnet, or give that one`,
    )
  }
  // without a gateway in the answer Docker requests an address for one, and it would be lost to containers
  return { PoolID: stated.pool, Pool: pool, Data: { [gatewayLabel]: gatewayAddress(network.spec) } }
}

/** A network is being born in this Docker: all else is checked when Docker tells its tenant and group. */
async function poolToBe({ replica, pools }: IpamDriverDeps, request: RequestOf<'IpamDriver.RequestPool'>) {
  checkSaid(replica.view, request.Options)
  const subnet = request.Pool ? parseSubnet(request.Pool) : undefined
  const { handle, pool, gateway } = await pools.request(saidIn(request.Options), subnet)
  return { PoolID: handle, Pool: pool, Data: { [gatewayLabel]: gateway } }
}

async function requestAddress(
  deps: IpamDriverDeps,
  request: RequestOf<'IpamDriver.RequestAddress'>,
  signal: AbortSignal,
) {
  const { replica, ipam, state, pools } = deps
  const isGateway = request.Options.RequestAddressType === gatewayLabel
  const born = readHandle(request.PoolID)
  if (isGateway && born) return { Address: gatewayToBe(born, request.Address), Data: {} }
  const pool = pools.isHandle(request.PoolID) ? await pools.adopted(request.PoolID) : request.PoolID
  if (signal.aborted) throw signal.reason
  const network = needNetwork(replica.view, networkOfPool(pool))
  const { subnet } = network.spec
  if (isGateway) return { Address: askedGateway(network, request.Address), Data: {} }
  if (replica.fenced) throw replica.fenced
  checkTakesEndpoints(replica.view, pool, { self: replica.self, isHeld: state.isHeld(pool) })
  const preferred = request.Address ? preferredAddress(request.Address, subnet) : undefined
  await state.registered()
  if (signal.aborted) throw signal.reason
  const ip = await ipam.allocate(network.id, preferred, readPoolId(pool).group)
  if (signal.aborted) {
    await ipam.release(network.id, ip) // Docker was told that there is none
    throw signal.reason
  }
  pools.ipv6.gave(pool, ip)
  return { Address: `${formatIp(ip)}/${subnet.length}`, Data: {} }
}

/** Docker releases what it took for one. */
function isGatewayOf(spec: NetworkSpec, ip: number): boolean {
  return ip === spec.subnet.base || ip === nextHopOf(spec)
}

function preferredAddress(text: string, subnet: Subnet): number {
  const ip = parseIp(text.split('/')[0] ?? '')
  if (ip !== undefined && ip >= subnet.first && ip <= subnet.last && contains(subnet, ip)) return ip
  const range = `${formatIp(subnet.first)} to ${formatIp(subnet.last)}`
  throw new SkeinError('invalid', `address ${text} cannot be used in this network: choose one from ${range}`)
}

/** What Docker takes for the gateway, which it hands to nobody: where there is none, an address that costs nothing. */
function gatewayAddress({ subnet, ...spec }: NetworkSpec): string {
  return `${formatIp(nextHopOf({ subnet, ...spec }) ?? subnet.base)}/${subnet.length}`
}

/** The user chose one for a network that is being born. The length tells its pool from others, as that of the one we told. */
function gatewayToBe(pool: Handle, gateway: string): string {
  if (isChosen(pool)) throw new SkeinError('invalid', 'a gateway needs its subnet: add --subnet')
  checkSpec({ subnet: pool.pool, gateway })
  return `${gateway}/${lengthOf(pool.gateway)}`
}

function askedGateway({ name, spec }: Network, asked: string): string {
  const address = gatewayAddress(spec)
  if (asked === '' || asked === address.split('/')[0]) return address
  const own = nextHopOf(spec)
  throw new SkeinError(
    'conflict',
    own === undefined
      ? `network ${name} has no gateway: leave out --gateway`
      : `network ${name} has the gateway ${formatIp(own)}: leave out --gateway, or give that one`,
  )
}
