/** What is done to networks that exist: other names, drains, reserved addresses. */
import { cancelDrainLeaves, drainNetworkLeaves, renameNetworkLeaves } from '../../../src/crdt/acts.ts'
import { SkeinError } from '../../../src/lib/errors.ts'
import type { Deed } from './deed.ts'

const names = ['web', 'db', 'old', 'web-2']

export const changeDeeds: Record<string, Deed> = {
  renameNetwork: {
    weight: 0.7,
    async run({ peer, random }) {
      const network = random.pick(peer.replica.view.networks())
      const name = random.pick(names) ?? 'old'
      if (!network) return
      await peer.replica.syncNow(500)
      await peer.replica.write(view => {
        const rival = view.networkByName(network.tenant, name)
        if (rival && rival.id !== network.id) throw new SkeinError('conflict', `network ${name} exists`)
        return renameNetworkLeaves(view, network.id, name)
      })
    },
  },
  drainNetwork: {
    weight: 0.4,
    absent: 0.5,
    async run({ peer, random }) {
      const from = random.pick(peer.replica.view.networks())
      const into = random.pick(peer.replica.view.networks(from?.tenant))
      if (!from || !into || from.id === into.id) return
      await peer.replica.write(view => drainNetworkLeaves(view, from.id, into.id))
    },
  },
  cancelDrain: {
    weight: 0.4,
    async run({ peer, random }) {
      const { view } = peer.replica
      const network = random.pick(view.networks().filter(({ id }) => view.drain(id)))
      if (network) await peer.replica.write(now => cancelDrainLeaves(now, network.id))
    },
  },
  reserve: {
    weight: 0.4,
    absent: 0.5,
    async run({ peer, random }) {
      const network = random.pick(peer.replica.view.networks())
      if (!network) return
      const { first, last } = network.spec.subnet
      await peer.ipam.reserve(network.id, first + random.below(last - first + 1))
    },
  },
  unreserve: {
    weight: 0.4,
    async run({ peer, random }) {
      const { view, self } = peer.replica
      const network = random.pick(view.networks())
      const ip =
        network && random.pick(view.reserved(network.id).filter(at => view.reservedBy(network.id, at) === self))
      if (network && ip !== undefined) await peer.ipam.unreserve(network.id, ip)
    },
  },
}
