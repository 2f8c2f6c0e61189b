/** Docker and the driver, as far as endpoint records go: the calls in the order in which Docker makes them. */
import { endpointLeaf, endpointRemovalLeaf } from '../../src/driver/endpoint-leaf.ts'
import { checkAddress6 } from '../../src/driver/ipam6.ts'
import { type PoolId, readPoolId } from '../../src/driver/pool-id.ts'
import { checkTakesEndpoints, needNetwork } from '../../src/driver/refusals.ts'
import { errorText } from '../../src/lib/errors.ts'
import { formatIp, macOf } from '../../src/model/ip.ts'
import { type Asked, allocate, release } from './addressing.ts'
import type { Container, Host } from './host.ts'
import type { Peer } from './peer.ts'
import type { World } from './world.ts'

/** How often the reconciler compares, ms. */
const reconcileMs = 10_000

/** RequestAddress, CreateEndpoint; on failure ReleaseAddress. `pool`: the network, or a group on it. Gives the container, if it runs. */
export async function containerUp(
  world: World,
  host: Host,
  pool: PoolId,
  asked: Asked = {},
): Promise<Container | undefined> {
  const { peer } = host
  if (!peer) return undefined
  const place = readPoolId(pool)
  const id = world.endpointId()
  host.busy.add(id)
  const holding = await allocate(world, host, peer, pool, asked)
  let started: Container | undefined
  if (holding) {
    const { ip, ip6 = '' } = holding
    await world.time.sleep(host.random.spread(1, 2000), peer.life)
    const container: Container = { id, ...place, ip, holding }
    try {
      await peer.replica.write(view => {
        checkTakesEndpoints(view, pool, { self: peer.replica.self, isHeld: false })
        checkAddress6(needNetwork(view, place.network).spec, ip, ip6)
        return [recordOf(container)]
      })
      host.containers.set(id, container)
      started = container
      world.history.note(`${host.name} runs ${id} with ${formatIp(ip)}`)
    } catch (error) {
      world.history.note(`${host.name} does not run ${id}: ${errorText(error)}`)
      await release(world, host, peer, holding)
    }
  }
  host.busy.delete(id)
  return started
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
    // Docker goes on to ReleaseAddress all the same, unless it dies in between, as it does here: nobody gives the address back
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
    ipam.noteRunning(host.containers.values())
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

function recordOf({ id, network, group, ip }: Container) {
  const place = { network, ip, ...(group !== undefined && { group }) }
  return endpointLeaf({ id, ...place, mac: macOf(ip), container: id, containerName: id })
}
