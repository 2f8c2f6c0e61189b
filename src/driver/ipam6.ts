/** The IPAM driver's calls for IPv6. No address is claimed: an endpoint's follows from its IPv4 address. */
import { SkeinError } from '../lib/errors.ts'
import { nextHop6Of } from '../model/gateway.ts'
import { formatIp } from '../model/ip.ts'
import { formatIp6, parseIp6 } from '../model/ip6.ts'
import { address4, address6, checkSubnet6, contains6, type Subnet6, subnet6Of } from '../model/ipv6.ts'
import type { NetworkSpec } from '../model/network.ts'
import { parseSubnet } from '../model/subnet.ts'
import { checkSaid } from './born-network.ts'
import type { IpamDriverDeps } from './ipam-driver.ts'
import { lengthOf, readHandle } from './pool-handle.ts'
import { networkOfPool } from './pool-id.ts'
import { gatewayLabel, type RequestOf } from './protocol.ts'
import { needNetwork, statedPool } from './refusals.ts'
import { saidIn } from './spec-options.ts'

/** What a prefix is checked against while the IPv4 subnet is not known: the smallest. */
const smallest = parseSubnet('10.0.0.0/30')

/** Answers RequestPool. Throws `invalid` or `conflict`. */
export async function requestPool6(deps: IpamDriverDeps, request: RequestOf<'IpamDriver.RequestPool'>) {
  const stated = statedPool(deps.replica.view, request.Options)
  if (!stated) return poolToBe(deps, request)
  const { name, spec } = stated.network
  const subnet6 = subnet6Of(spec)
  if (!subnet6) throw new SkeinError('invalid', `network ${name} has no IPv6 subnet: leave out --ipv6`)
  if (request.Pool && request.Pool !== subnet6.text && checkSubnet6(request.Pool, spec.subnet).text !== subnet6.text) {
    throw new SkeinError(
      'conflict',
      `network ${name} has the IPv6 subnet ${subnet6.text}: leave out --subnet, or give that one`,
    )
  }
  return answer(deps.pools.ipv6.beside(stated.pool), subnet6, nextHop6Of(spec))
}

async function poolToBe({ replica, pools }: IpamDriverDeps, request: RequestOf<'IpamDriver.RequestPool'>) {
  checkSaid(replica.view, request.Options)
  if (!request.Pool) {
    throw new SkeinError('invalid', 'Skein chooses no IPv6 subnet: add --subnet fd00:6::/64, or leave out --ipv6')
  }
  const asked = checkSubnet6(request.Pool, smallest).text
  const { handle, pool, gateway } = await pools.ipv6.facts.ask(asked, saidIn(request.Options))
  return { PoolID: handle, Pool: pool, Data: { [gatewayLabel]: gateway } }
}

/** Without a gateway in the answer Docker would ask for one: where there is none, the prefix's own address stands for it. */
function answer(PoolID: string, { base, length, text }: Subnet6, gateway: string | undefined) {
  return { PoolID, Pool: text, Data: { [gatewayLabel]: `${gateway ?? formatIp6(base)}/${length}` } }
}

/** Answers RequestAddress. Throws `invalid`, `conflict` or `unavailable`. */
export function requestAddress6(deps: IpamDriverDeps, request: RequestOf<'IpamDriver.RequestAddress'>) {
  const isGateway = request.Options.RequestAddressType === gatewayLabel
  const pool = deps.pools.ipv6.poolOf(request.PoolID)
  if (pool === undefined) {
    if (isGateway) return { Address: gatewayToBe(request.PoolID, request.Address), Data: {} }
    throw new SkeinError(
      'unavailable',
      'Skein has not taken over this Docker network yet: see "skein status" for why, and try again',
    )
  }
  const { name, spec } = needNetwork(deps.replica.view, networkOfPool(pool))
  const subnet6 = subnet6Of(spec)
  if (!subnet6) throw new SkeinError('invalid', `network ${name} has no IPv6 subnet: create Docker's network again`)
  if (isGateway) return { Address: `${askedGateway(name, spec, request.Address)}/${subnet6.length}`, Data: {} }
  const ip = deps.pools.ipv6.last(pool)
  const own = ip === undefined ? undefined : address6(spec, ip)
  if (own === undefined) throw new SkeinError('unavailable', 'skeind was just restarted: start the container again')
  checkPreferred(spec, request.Address, own)
  return { Address: `${own}/${subnet6.length}`, Data: {} }
}

/** `--ip6` says in other words what `--ip` says. */
function checkPreferred(spec: NetworkSpec, asked: string, own: string): void {
  const text = asked.split('/')[0] ?? ''
  if (text === '' || isSame(text, own)) return
  const ip = address4(spec, text)
  throw new SkeinError(
    'invalid',
    ip === undefined || ip < spec.subnet.first || ip > spec.subnet.last
      ? `address ${text} cannot be used in this network: leave out --ip6`
      : `${text} is the IPv6 address of ${formatIp(ip)}: add --ip ${formatIp(ip)}, or leave out --ip6`,
  )
}

/** The user chose one for a network that is being born; whether it fits is seen when all is known. */
function gatewayToBe(handle: string, gateway: string): string {
  const pool = readHandle(handle)
  const subnet6 = checkSubnet6(pool?.pool ?? '', smallest)
  const ip = parseIp6(gateway)
  if (pool && ip !== undefined && contains6(subnet6, ip)) return `${formatIp6(ip)}/${lengthOf(pool.gateway)}`
  throw new SkeinError('invalid', `gateway ${gateway || '""'} is not in ${subnet6.text}: choose another --gateway`)
}

function askedGateway(name: string, spec: NetworkSpec, asked: string): string {
  const own = nextHop6Of(spec)
  const address = own ?? spec.subnet6.split('/')[0] ?? ''
  if (asked === '' || isSame(asked, address)) return address
  throw new SkeinError(
    'conflict',
    own === undefined
      ? `network ${name} has no IPv6 gateway: leave out --gateway ${asked}`
      : `network ${name} has the IPv6 gateway ${own}: leave out --gateway ${asked}, or give that one`,
  )
}

/** Throws `invalid` unless an endpoint's IPv6 address, as Docker tells it, is what its IPv4 address says. */
export function checkAddress6(spec: NetworkSpec, ip: number, told: string): void {
  const own = address6(spec, ip)
  const text = told.split('/')[0] ?? ''
  if (own === undefined ? text === '' : isSame(text, own)) return
  throw new SkeinError(
    'invalid',
    own === undefined
      ? `address ${text} is not of this network, which has no IPv6: leave it to Skein`
      : `${formatIp(ip)} goes with the IPv6 address ${own}, not ${text || 'without one'}: start the container again without --ip6`,
  )
}

function isSame(a: string, b: string): boolean {
  const ip = parseIp6(a)
  return ip !== undefined && ip === parseIp6(b)
}
