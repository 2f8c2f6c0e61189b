/** Containers come and go. */
import { liveNetworks } from '../../../src/api/lookup.ts'
import type { Network } from '../../../src/crdt/registry-view.ts'
import { poolIdOf } from '../../../src/driver/pool-id.ts'
import { address6 } from '../../../src/model/ipv6.ts'
import { containerDown, containerUp } from '../docker.ts'
import type { Random } from '../random.ts'
import type { Deed } from './deed.ts'

export const containerDeeds: Record<string, Deed> = {
  containerUp: {
    weight: 5,
    async run({ world, host, peer, random }) {
      const network = random.pick(peer.replica.view.networks())
      if (!network) return false
      const { first, last } = network.spec.subnet
      const preferred = random.chance(0.25) ? first + random.below(last - first + 1) : undefined
      const asked = { ip: preferred, ip6: wish6(network, preferred, random) }
      return (await containerUp(world, host, network.id, asked)) !== undefined
    },
  },
  burst: {
    weight: 1,
    async run({ world, host, peer, random }) {
      const network = random.pick(liveNetworks(peer.replica.view))
      if (!network) return false
      const count = 2 + random.below(6)
      const started = await Promise.all(Array.from({ length: count }, () => containerUp(world, host, network.id)))
      return started.some(container => container !== undefined)
    },
  },
  containerDown: {
    weight: 4,
    async run({ world, host, random }) {
      const container = random.pick([...host.containers.values()])
      if (container) await containerDown(world, host, container)
      return container !== undefined
    },
  },
  emptyNetwork: {
    weight: 1,
    async run({ world, host, peer, random }) {
      const network = random.pick(peer.replica.view.networks())
      const containers = [...host.containers.values()].filter(container => container.network === network?.id)
      await Promise.all(containers.map(container => containerDown(world, host, container)))
      return containers.length > 0
    },
  },
  restartContainer: {
    weight: 1,
    async run({ world, host, random }) {
      const container = random.pick([...host.containers.values()])
      if (!container) return false
      await containerDown(world, host, container)
      // one that was run with --ip asks for its address again
      const ip = random.chance(0.5) ? container.ip : undefined
      const pool = poolIdOf(container.network, container.group)
      return (await containerUp(world, host, pool, { ip })) !== undefined
    },
  },
}

/** `--ip6`: mostly what goes with `--ip`, at times another address, or one without an `--ip`. */
export function wish6({ spec }: Pick<Network, 'spec'>, ip: number | undefined, random: Random): string | undefined {
  if (spec.subnet6 === '' || !random.chance(ip === undefined ? 0.1 : 0.7)) return undefined
  const { first, last } = spec.subnet
  return address6(spec, ip !== undefined && random.chance(0.8) ? ip : first + random.below(last - first + 1))
}
