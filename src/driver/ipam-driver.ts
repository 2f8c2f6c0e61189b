/** The IPAM driver's calls. A pool is a network of ours and bears its id. */

import type { Ipam } from '../ipam/ipam.ts'
import { SkeinError } from '../lib/errors.ts'
import { formatIp, parseIp } from '../model/ip.ts'
import { contains, prefixText, type Subnet } from '../model/subnet.ts'
import type { Replica } from '../replica/replica.ts'
import type { LocalState } from './local-state.ts'
import { type Driver, gatewayLabel, idOption, type RequestOf } from './protocol.ts'
import { beingDeleted, checkTakesEndpoints, createWithSkein, needNetwork } from './refusals.ts'

export interface IpamDriverDeps {
  replica: Replica
  ipam: Ipam
  state: LocalState
  driverName: string
}

type IpamDriver = Pick<Driver, Extract<keyof Driver, `IpamDriver.${string}`>>

export function createIpamDriver(deps: IpamDriverDeps): IpamDriver {
  const { replica, ipam } = deps
  return {
    'IpamDriver.RequestPool': async request => requestPool(deps, request),
    'IpamDriver.ReleasePool': async () => ({}),
    'IpamDriver.RequestAddress': (request, signal) => requestAddress(deps, request, signal),
    async 'IpamDriver.ReleaseAddress'(request) {
      const network = replica.view.network(request.PoolID)
      const ip = parseIp(request.Address.split('/')[0] ?? '')
      if (ip === undefined || (network && ip === network.spec.subnet.base)) return {}
      // Docker deletes an endpoint before it releases its address: a release of one that is in use comes late
      if (replica.view.holders(request.PoolID, ip).some(endpoint => endpoint.owner === replica.self)) return {}
      await ipam.release(request.PoolID, ip)
      return {}
    },
  }
}

function requestPool(deps: IpamDriverDeps, request: RequestOf<'IpamDriver.RequestPool'>) {
  const id = request.Options[idOption]
  if (typeof id !== 'string' || id === '') throw createWithSkein(request.Pool, deps.driverName)
  if (request.V6) throw new SkeinError('unsupported', 'IPv6 is not supported yet: leave out --ipv6 and IPv6 subnets')
  if (request.SubPool) {
    throw new SkeinError(
      'unsupported',
      'a range is part of the network in Skein: leave out --ip-range, use "skein net create"',
    )
  }
  const network = needNetwork(deps.replica.view, id)
  if (network.status !== 'live') throw beingDeleted(network)
  const pool = prefixText(network.spec.subnet)
  if (request.Pool && request.Pool !== pool) {
    throw new SkeinError(
      'conflict',
      `network ${network.name} has the subnet ${pool}: leave out --subnet, or give that one`,
    )
  }
  // without a gateway in the answer Docker requests an address for one, and it would be lost to containers
  return { PoolID: id, Pool: pool, Data: { [gatewayLabel]: baseText(network.spec.subnet) } }
}

async function requestAddress(
  deps: IpamDriverDeps,
  request: RequestOf<'IpamDriver.RequestAddress'>,
  signal: AbortSignal,
) {
  const { replica, ipam, state } = deps
  const network = needNetwork(replica.view, request.PoolID)
  const { subnet } = network.spec
  if (request.Options.RequestAddressType === gatewayLabel) return { Address: baseText(subnet), Data: {} }
  checkTakesEndpoints(replica.view, network, replica.self)
  const preferred = request.Address ? preferredAddress(request.Address, subnet) : undefined
  await state.registered()
  if (signal.aborted) throw signal.reason
  const ip = await ipam.allocate(network.id, preferred)
  if (signal.aborted) {
    await ipam.release(network.id, ip) // Docker was told that there is none
    throw signal.reason
  }
  return { Address: `${formatIp(ip)}/${subnet.length}`, Data: {} }
}

function preferredAddress(text: string, subnet: Subnet): number {
  const ip = parseIp(text.split('/')[0] ?? '')
  if (ip !== undefined && ip >= subnet.first && ip <= subnet.last && contains(subnet, ip)) return ip
  const range = `${formatIp(subnet.first)} to ${formatIp(subnet.last)}`
  throw new SkeinError('invalid', `address ${text} cannot be used in this network: choose one from ${range}`)
}

function baseText(subnet: Subnet): string {
  return `${formatIp(subnet.base)}/${subnet.length}`
}
