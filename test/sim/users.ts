/** What people do, on whichever host they sit: tenants, networks and containers come and go. */
import { createNetwork } from '../../src/api/create-network.ts'
import type { ApiDeps } from '../../src/api/deps.ts'
import { createTenantLeaves, removeNetworkLeaves, removeTenantLeaves } from '../../src/crdt/acts.ts'
import type { Network } from '../../src/crdt/registry-view.ts'
import { errorText, SkeinError } from '../../src/lib/errors.ts'
import { containerDown, containerUp } from './docker.ts'
import type { Host } from './host.ts'
import type { Peer } from './peer.ts'
import type { Weighted } from './random.ts'
import type { World } from './world.ts'

/** Few names and few subnets: both sides of a split choose the same often enough, and others often enough. */
const tenants = ['default', 'blue', 'red']
const networks = ['web', 'db']
const subnets = ['10.1.1.0/24', '10.1.1.0/28', '10.1.2.0/29', '10.1.3.0/28', '10.1.4.5-10.1.4.9/26', '10.1.5.0/30']

type Deed = (world: World, host: Host, peer: Peer) => Promise<void>

const deeds: Record<string, Deed> = {
  async createTenant(world, host, peer) {
    const name = world.random.pick(tenants) ?? 'blue'
    await peer.replica.syncNow(500)
    await peer.replica.write(view => createTenantLeaves(view, name))
    world.history.note(`${host.name} created tenant ${name}`)
  },
  async removeTenant(world, host, peer) {
    const name = world.random.pick(tenants.slice(1)) ?? 'blue'
    await peer.replica.syncNow(500)
    await peer.replica.write(view => {
      if (!view.hasTenant(name)) throw new SkeinError('not-found', `no tenant ${name}`)
      if (view.networks(name).length > 0) throw new SkeinError('in-use', `tenant ${name} has networks`)
      return removeTenantLeaves(view, name)
    })
    world.history.note(`${host.name} removed tenant ${name}`)
  },
  async createNetwork(world, host, peer) {
    const tenant = world.random.pick(peer.replica.view.tenants()) ?? 'default'
    const name = world.random.pick(networks) ?? 'web'
    const subnet = world.random.pick(subnets) ?? ''
    // of its dependencies it uses the replica alone
    const deps = { replica: peer.replica } as ApiDeps
    const { network, existed } = await createNetwork(deps, { tenant, name, subnet })
    const how = existed ? 'found' : 'created'
    world.history.note(`${host.name} ${how} ${tenant}/${name} ${subnet}: ${network.id.slice(0, 6)}`)
  },
  async removeNetwork(world, host, peer) {
    const network = world.random.pick(live(peer))
    if (!network) return
    await peer.replica.syncNow(500)
    await peer.replica.write(view => {
      if (view.endpoints(network.id).length > 0) throw new SkeinError('in-use', `${network.name} has endpoints`)
      return removeNetworkLeaves(view, network.id)
    })
    world.history.note(`${host.name} removed ${network.tenant}/${network.name}: ${network.id.slice(0, 6)}`)
  },
  async containerUp(world, host, peer) {
    const network = world.random.pick(peer.replica.view.networks())
    if (!network) return
    const { first, last } = network.spec.subnet
    const preferred = world.random.chance(0.25) ? first + world.random.below(last - first + 1) : undefined
    await containerUp(world, host, network.id, preferred)
  },
  async burst(world, host, peer) {
    const network = world.random.pick(live(peer))
    if (!network) return
    const count = 2 + world.random.below(6)
    await Promise.all(Array.from({ length: count }, () => containerUp(world, host, network.id)))
  },
  async containerDown(world, host) {
    const container = world.random.pick([...host.containers.values()])
    if (container) await containerDown(world, host, container)
  },
  async emptyNetwork(world, host, peer) {
    const network = world.random.pick(peer.replica.view.networks())
    const containers = [...host.containers.values()].filter(container => container.network === network?.id)
    await Promise.all(containers.map(container => containerDown(world, host, container)))
  },
  async restartContainer(world, host) {
    const container = world.random.pick([...host.containers.values()])
    if (!container) return
    await containerDown(world, host, container)
    // one that was run with --ip asks for its address again
    await containerUp(world, host, container.network, world.random.chance(0.5) ? container.ip : undefined)
  },
}

function live(peer: Peer): Network[] {
  return peer.replica.view.networks().filter(network => network.status === 'live')
}

/** How often each deed is done; some simulations do some of them far more often. */
export function drawHabits(world: World): Weighted[] {
  const usual: Record<string, number> = { containerUp: 5, burst: 1, containerDown: 4, createNetwork: 3 }
  return Object.keys(deeds).map(name => [name, (usual[name] ?? 1) * world.random.spread(0.2, 3)])
}

/** One deed on a host that serves. */
export function act(world: World, host: Host, habits: readonly Weighted[]): void {
  const { peer, life } = host
  if (!peer || !life) return
  const name = world.random.weighted(habits) ?? 'containerUp'
  host.flows++
  const done = () => {
    if (host.life === life) host.flows--
  }
  deeds[name]?.(world, host, peer)
    .catch(error => {
      if (!(error instanceof SkeinError)) world.violate('promise 4', `${name} on ${host.name}: ${error.stack ?? error}`)
      world.history.note(`${host.name} refused ${name}: ${errorText(error)}`)
    })
    .finally(done)
}
