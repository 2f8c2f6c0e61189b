/** What is done to networks that exist: other names, drains, reserved addresses. */
import type { ApiDeps } from '../../../src/api/deps.ts'
import { networkKey } from '../../../src/api/lookup.ts'
import { drainNetwork, renameNetwork } from '../../../src/api/network-changes.ts'
import type { Deed } from './deed.ts'

const names = ['web', 'db', 'old', 'web-2']

export const changeDeeds: Record<string, Deed> = {
  renameNetwork: {
    weight: 0.7,
    async run({ peer: { replica }, random }) {
      const network = random.pick(replica.view.networks())
      const name = random.pick(names) ?? 'old'
      // of its dependencies it uses the replica alone, as all of these
      if (!network) return false
      return (await renameNetwork({ replica } as ApiDeps, networkKey(network), name)).dot !== undefined
    },
  },
  drainNetwork: {
    weight: 0.4,
    absent: 0.5,
    async run({ peer: { replica }, random }) {
      const from = random.pick(replica.view.networks())
      const into = random.pick(replica.view.networks(from?.tenant))
      if (!from || !into || from.id === into.id) return false
      return (await drainNetwork({ replica } as ApiDeps, networkKey(from), into.name)).dot !== undefined
    },
  },
  cancelDrain: {
    weight: 0.4,
    async run({ peer: { replica }, random }) {
      const { view } = replica
      const network = random.pick(view.networks().filter(({ id }) => view.drain(id)))
      if (!network) return false
      return (await drainNetwork({ replica } as ApiDeps, networkKey(network), undefined)).dot !== undefined
    },
  },
  reserve: {
    weight: 0.4,
    absent: 0.5,
    async run({ peer, random }) {
      const network = random.pick(peer.replica.view.networks())
      if (!network) return false
      const { first, last } = network.spec.subnet
      return (await peer.ipam.reserve(network.id, first + random.below(last - first + 1))) !== undefined
    },
  },
  unreserve: {
    weight: 0.4,
    async run({ peer, random }) {
      const { view, self } = peer.replica
      const network = random.pick(view.networks())
      const ip =
        network && random.pick(view.reserved(network.id).filter(at => view.reservedBy(network.id, at) === self))
      return network && ip !== undefined ? (await peer.ipam.unreserve(network.id, ip)) !== undefined : false
    },
  },
}
