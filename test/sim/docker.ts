/** Docker and the driver, as far as addresses and endpoint records go: the calls in the order in which Docker makes them. */
import { endpointLeaf, endpointRemovalLeaf } from '../../src/driver/endpoint-leaf.ts'
import { checkTakesEndpoints } from '../../src/driver/refusals.ts'
import { errorText, SkeinError } from '../../src/lib/errors.ts'
import { formatIp, macOf } from '../../src/model/ip.ts'
import type { NetworkId } from '../../src/model/network.ts'
import type { Holding } from './checks/addresses.ts'
import type { Container, Host } from './host.ts'
import type { Peer } from './peer.ts'
import type { World } from './world.ts'

/** No call of Docker's takes longer (promise 4), ms. */
const callLimitMs = 8000
/** How often the reconciler compares, ms. */
const reconcileMs = 10_000

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

/** RequestAddress, CreateEndpoint; on failure ReleaseAddress. */
export async function containerUp(world: World, host: Host, network: NetworkId, preferred?: number): Promise<void> {
  const { peer } = host
  if (!peer) return
  const id = world.endpointId()
  host.busy.add(id)
  const holding = await allocate(world, host, peer, network, preferred)
  if (holding) {
    const { ip } = holding
    await world.time.sleep(host.random.spread(1, 2000), peer.life)
    const container: Container = { id, network, ip, holding }
    try {
      await peer.replica.write(view => {
        checkTakesEndpoints(view, network, { self: peer.replica.self, isHeld: false })
        return [recordOf(container)]
      })
      host.containers.set(id, container)
      world.history.note(`${host.name} runs ${id} with ${formatIp(ip)}`)
    } catch (error) {
      world.history.note(`${host.name} does not run ${id}: ${errorText(error)}`)
      await release(world, host, peer, holding)
    }
  }
  host.busy.delete(id)
}

/** Asks for an address within the time that Docker gives; the refusal has to be one of those that are promised. */
export async function allocate(
  world: World,
  host: Host,
  peer: Peer,
  network: NetworkId,
  preferred?: number,
): Promise<Holding | undefined> {
  const what = `an address of ${network.slice(0, 6)}${preferred === undefined ? '' : `, ${formatIp(preferred)}`}`
  const late = () => world.violate('promise 4', `${host.name} was not answered within ${callLimitMs} ms: ${what}`)
  const timer = world.time.after(callLimitMs, late, peer.life)
  try {
    const ip = await peer.ipam.allocate(network, preferred)
    if (world.copies.wasTold(peer.life)) {
      world.violate('R8', `${host.name} hands ${formatIp(ip)} out though it knows of a newer history`)
    }
    world.history.note(`${host.name} is given ${formatIp(ip)} of ${network.slice(0, 6)}`)
    return world.addresses.given(host.name, peer.replica.self, network, ip)
  } catch (error) {
    world.history.note(`${host.name} is refused ${what}: ${errorText(error)}`)
    if (!(error instanceof SkeinError) || !refusalCodes.has(error.code)) {
      world.violate(
        'promise 4',
        `${host.name}: not a refusal for people: ${error instanceof Error ? error.stack : error}`,
      )
    }
    return undefined
  } finally {
    timer.cancel()
  }
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

/** DeleteEndpoint, ReleaseAddress. */
export async function containerDown(world: World, host: Host, container: Container): Promise<void> {
  const { peer } = host
  if (!peer || !host.containers.delete(container.id)) return
  const { id, network, holding } = container
  host.busy.add(id)
  world.history.note(`${host.name} removes ${id}`)
  try {
    await peer.replica.write(view => (view.endpoint(peer.replica.self, id) ? [endpointRemovalLeaf(id, network)] : []))
    holding.endedMs = world.time.nowMs
    await world.time.sleep(host.random.spread(1, 500), peer.life)
    await release(world, host, peer, holding)
  } catch (error) {
    holding.state = 'orphan'
    world.history.note(`${host.name} could not remove ${id}: ${errorText(error)}`)
  }
  host.busy.delete(id)
}

/** What the driver's reconciler does: registers containers that have no record, collects records that have no container. */
export async function reconcile(world: World, host: Host, peer: Peer): Promise<void> {
  const { replica, ipam } = peer
  try {
    for (const { network, ip } of host.containers.values()) {
      if (!ipam.held(network).includes(ip)) await ipam.claim(network, ip)
    }
    await replica.write(view =>
      [...host.containers.values()].filter(({ id }) => !view.endpoint(replica.self, id)).map(recordOf),
    )
    for (const { id } of replica.view.networks()) {
      const lost = replica.view
        .endpoints(id)
        .filter(({ owner, id }) => owner === replica.self && !host.containers.has(id) && !host.busy.has(id))
      for (const endpoint of lost) {
        const others = replica.view.holders(id, endpoint.ip).filter(other => other.id !== endpoint.id)
        if (others.every(other => other.owner !== replica.self)) await ipam.release(id, endpoint.ip)
        await replica.write(() => [endpointRemovalLeaf(endpoint.id, id)])
        world.history.note(`${host.name} collected ${endpoint.id}`)
      }
    }
  } catch (error) {
    world.history.note(`${host.name} could not reconcile: ${errorText(error)}`)
  }
}

export function reconcileLater(world: World, host: Host, peer: Peer): void {
  world.time.after(
    host.random.between(reconcileMs / 2, reconcileMs),
    async () => {
      if (!host.ready) return
      await reconcile(world, host, peer)
      reconcileLater(world, host, peer)
    },
    peer.life,
  )
}

function recordOf({ id, network, ip }: Container) {
  return endpointLeaf({ id, network, ip, mac: macOf(ip), container: id, containerName: id })
}
