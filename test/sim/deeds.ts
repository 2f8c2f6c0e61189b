/** What people do, on whichever host they sit, as one table; tenants and networks come and go. */
import { createNetwork } from '../../src/api/create-network.ts'
import type { ApiDeps } from '../../src/api/deps.ts'
import { liveNetworks } from '../../src/api/lookup.ts'
import { createTenantLeaves, removeNetworkLeaves, removeTenantLeaves } from '../../src/crdt/acts.ts'
import { errorText, SkeinError } from '../../src/lib/errors.ts'
import { changeDeeds } from './deeds/changes.ts'
import { containerDeeds } from './deeds/containers.ts'
import type { Deed } from './deeds/deed.ts'
import { groupDeeds } from './deeds/groups.ts'
import { historyDeeds } from './deeds/history.ts'
import { leavingDeeds } from './deeds/leaving.ts'
import { memberDeeds } from './deeds/members.ts'
import { networkDeeds } from './deeds/networks.ts'
import { objectDeeds } from './deeds/objects.ts'
import { reservingDeeds } from './deeds/reserving.ts'
import { returningDeeds } from './deeds/returning.ts'
import type { Host } from './host.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

/** Few names and few subnets: both sides of a split choose the same often enough, and others often enough. */
const tenants = ['default', 'blue', 'red']
const networks = ['web', 'db']
const subnets = ['10.1.1.0/24', '10.1.1.0/28', '10.1.2.0/29', '10.1.3.0/28', '10.1.4.5-10.1.4.9/26', '10.1.5.0/30']

const deeds: Record<string, Deed> = {
  ...changeDeeds,
  ...objectDeeds,
  ...memberDeeds,
  ...leavingDeeds,
  ...returningDeeds,
  ...networkDeeds,
  ...groupDeeds,
  ...historyDeeds,
  ...reservingDeeds,
  createTenant: {
    weight: 1,
    async run({ world, host, peer, random }) {
      const name = random.pick(tenants) ?? 'blue'
      await peer.replica.syncNow(500)
      const dot = await peer.replica.write(view => createTenantLeaves(view, name))
      world.history.note(`${host.name} created tenant ${name}`)
      return dot !== undefined
    },
  },
  removeTenant: {
    weight: 1,
    async run({ world, host, peer, random }) {
      const name = random.pick(tenants.slice(1)) ?? 'blue'
      await peer.replica.syncNow(500)
      await peer.replica.write(view => {
        if (!view.hasTenant(name)) throw new SkeinError('not-found', `no tenant ${name}`)
        const isUsed = view.networks(name).length > 0 || view.objects.tenants().includes(name)
        if (isUsed) throw new SkeinError('in-use', `tenant ${name} has networks`)
        return removeTenantLeaves(view, name)
      })
      world.history.note(`${host.name} removed tenant ${name}`)
      return true
    },
  },
  createNetwork: {
    weight: 3,
    async run({ world, host, peer, random }) {
      const tenant = random.pick(peer.replica.view.tenants()) ?? 'default'
      const name = random.pick(networks) ?? 'web'
      const subnet = random.pick(subnets) ?? ''
      // of its dependencies it uses the replica alone
      const deps = { replica: peer.replica } as ApiDeps
      const { network, existed } = await createNetwork(deps, { tenant, name, subnet })
      const how = existed ? 'found' : 'created'
      world.history.note(`${host.name} ${how} ${tenant}/${name} ${subnet}: ${network.id.slice(0, 6)}`)
      return !existed
    },
  },
  removeNetwork: {
    weight: 1,
    async run({ world, host, peer, random }) {
      const network = random.pick(liveNetworks(peer.replica.view))
      if (!network) return false
      await peer.replica.syncNow(500)
      await peer.replica.write(view => {
        if (view.endpoints(network.id).length > 0) throw new SkeinError('in-use', `${network.name} has endpoints`)
        return removeNetworkLeaves(view, network.id)
      })
      world.history.note(`${host.name} removed ${network.tenant}/${network.name}: ${network.id.slice(0, 6)}`)
      return true
    },
  },
  ...containerDeeds,
}

export const deedNames: readonly string[] = Object.keys(deeds)
/** Probability that a history knows a deed not. */
export const deedAbsence = (name: string): number => deeds[name]?.absent ?? 0
export const deedWeights = Object.fromEntries(Object.entries(deeds).map(([name, { weight }]) => [name, weight]))

/** One deed on a host that serves. What it refuses has to be said as a `SkeinError`. */
export function act(world: World, host: Host, name: string, random: Random): void {
  const { peer, life } = host
  const deed = deeds[name]
  if (!peer || !life || !deed) return
  host.flows++
  const done = () => {
    if (host.life === life) host.flows--
  }
  deed
    .run({ world, host, peer, random })
    .then(
      isDone => world.count(isDone ? `deed ${name}` : `deed ${name} in vain`),
      error => {
        if (!(error instanceof SkeinError)) {
          world.violate('promise 4', `${name} on ${host.name}: ${error instanceof Error ? error.stack : error}`)
        }
        world.count(`deed ${name} refused`)
        world.history.note(`${host.name} refused ${name}: ${errorText(error)}`)
      },
    )
    .finally(done)
}
