/** Docker and the IPAM driver: an address for a container, of IPv6 too where the network has that, and the way back. */
import { type PoolId, readPoolId } from '../../src/driver/pool-id.ts'
import { errorText, SkeinError } from '../../src/lib/errors.ts'
import { formatIp } from '../../src/model/ip.ts'
import type { Holding } from './checks/addresses.ts'
import { checkPools } from './checks/pools.ts'
import type { Host } from './host.ts'
import type { Peer } from './peer.ts'
import type { World } from './world.ts'

/** No call of Docker's takes longer (promise 4), ms. */
const callLimitMs = 8000

const refusalCodes = new Set([
  'exhausted',
  'unavailable',
  'conflict',
  'not-found',
  'in-use',
  'invalid',
  'internal',
  'forbidden',
])

/** What a user writes behind `docker run`. */
export interface Asked {
  /** `--ip` */
  readonly ip?: number | undefined
  /** `--ip6` */
  readonly ip6?: string | undefined
}

/** RequestAddress, of IPv4 and then of IPv6, each within the time that Docker gives; a refusal has to be one of those that are promised. */
export async function allocate(
  world: World,
  host: Host,
  peer: Peer,
  pool: PoolId,
  { ip: preferred, ip6 }: Asked = {},
): Promise<Holding | undefined> {
  const { network, group } = readPoolId(pool)
  const what = `an address of ${network.slice(0, 6)}${preferred === undefined ? '' : `, ${formatIp(preferred)}`}`
  const late = () => world.violate('promise 4', `${host.name} was not answered within ${callLimitMs} ms: ${what}`)
  const timer = world.time.after(callLimitMs, late, peer.life)
  const isKept = checkPools(world, host, peer, network, group)
  let holding: Holding | undefined
  try {
    const ip = await peer.ipam.allocate(network, preferred, group)
    if (world.copies.wasTold(peer.life)) {
      world.violate('R8', `${host.name} hands ${formatIp(ip)} out though it knows of a newer history`)
    }
    world.history.note(`${host.name} is given ${formatIp(ip)} of ${network.slice(0, 6)}`)
    world.count(preferred === undefined ? 'address given' : 'address given by --ip')
    holding = world.addresses.given(host.name, peer.replica.self, { network, group }, ip)
    isKept(ip)
    await allocate6(world, host, peer, pool, holding, ip6)
    return holding
  } catch (error) {
    world.history.note(`${host.name} is refused ${what}: ${errorText(error)}`)
    world.count('address refused')
    if (!(error instanceof SkeinError) || !refusalCodes.has(error.code)) {
      world.violate(
        'promise 4',
        `${host.name}: not a refusal for people: ${error instanceof Error ? error.stack : error}`,
      )
    }
    // Docker gives the address of the one family back when it is refused one of the other
    if (holding) await release(world, host, peer, holding)
    return undefined
  } finally {
    timer.cancel()
  }
}

/** Docker makes the endpoints of a network one by one: nothing comes between the call for IPv4 and this. */
async function allocate6(world: World, host: Host, peer: Peer, pool: PoolId, holding: Holding, asked = '') {
  const { driver, replica } = peer
  if (!replica.view.network(holding.network)?.spec.subnet6) return
  const { ipv6 } = driver.pools
  ipv6.gave(pool, holding.ip)
  const request = { PoolID: ipv6.beside(pool), Address: asked, Options: {} }
  const answer = await driver.handlers['IpamDriver.RequestAddress'](request, new AbortController().signal)
  const { Address: text } = answer as { Address: string }
  world.history.note(`${host.name} is given ${text} of ${holding.network.slice(0, 6)}`)
  world.count(asked === '' ? 'IPv6 address given' : 'IPv6 address given by --ip6')
  world.addresses.given6(holding, text)
}

/** ReleaseAddress. */
export async function release(world: World, host: Host, peer: Peer, holding: Holding): Promise<void> {
  const { network, ip } = holding
  if (peer.replica.view.holders(network, ip).some(endpoint => endpoint.owner === peer.replica.self)) return
  holding.state = 'releasing'
  try {
    await peer.ipam.release(network, ip)
    world.addresses.released(holding)
    world.history.note(`${host.name} gave ${formatIp(ip)} of ${network.slice(0, 6)} back`)
  } catch (error) {
    // it may be on the disk all the same: the next start shows it
    world.history.note(`${host.name} could not give ${formatIp(ip)} back: ${errorText(error)}`)
  }
}
