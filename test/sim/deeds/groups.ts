/** Groups with pools of their own, and containers in groups. */
import type { ApiDeps } from '../../../src/api/deps.ts'
import { liveNetworks } from '../../../src/api/lookup.ts'
import { writeGroup } from '../../../src/api/object-writes.ts'
import { poolIdOf } from '../../../src/driver/pool-id.ts'
import { formatIp } from '../../../src/model/ip.ts'
import { containerUp } from '../docker.ts'
import { wish6 } from './containers.ts'
import type { Deed } from './deed.ts'

const names = ['inner', 'outer', 'front']

export const groupDeeds: Record<string, Deed> = {
  /** A few addresses somewhere in the network, or half of them. */
  createPool: {
    weight: 1,
    absent: 0.35,
    async run({ world, host, peer: { replica }, random }) {
      const network = random.pick(liveNetworks(replica.view))
      if (!network) return false
      const { first, last } = network.spec.subnet
      const from = first + random.below(last - first)
      const to = Math.min(last, from + 1 + random.below(random.chance(0.5) ? 3 : last - first))
      const wish = { tenant: network.tenant, name: random.pick(names) ?? 'inner', network: network.name }
      const pool = random.chance(0.2) ? '' : `${formatIp(from)}-${formatIp(to)}`
      if (random.chance(0.5)) await replica.syncNow(500)
      // of its dependencies it uses the replica alone
      const { existed } = await writeGroup({ replica } as ApiDeps, { ...wish, pool })
      world.history.note(`${host.name} ${existed ? 'found' : 'created'} group ${wish.name} of ${network.name} ${pool}`)
      return !existed
    },
  },
  containerInGroup: {
    weight: 4,
    absent: 0.3,
    async run({ world, host, peer, random }) {
      const { view } = peer.replica
      const group = random.pick(view.objects.groups())
      const network = group && view.network(group.network)
      if (!network) return false
      const { first, last } = network.spec.subnet
      const ip = random.chance(0.2) ? first + random.below(last - first + 1) : undefined
      const asked = { ip, ip6: wish6(network, ip, random) }
      return (await containerUp(world, host, poolIdOf(network.id, group.id), asked)) !== undefined
    },
  },
}
