/** The devices in the kernel that go with Docker's networks. */
import { type Clock, withDeadline } from '../lib/clock.ts'
import { SkeinError } from '../lib/errors.ts'
import type { NetworkId } from '../model/network.ts'
import type { Replica } from '../replica/replica.ts'
import type { DatapathPort } from './ports.ts'

/** VLAN networks that have devices here: unlike the others they leave no record of their own that a restart could read. */
const factPrefix = 'kernel/vlan/'

/** Making the devices of one network takes some 30 ms; far beyond that something is stuck, ms. */
const datapathLimitMs = 10_000

export interface KernelNetworksDeps {
  replica: Replica
  datapath: DatapathPort
  clock: Clock
}

export interface KernelNetworks {
  /** Makes the network's devices if they are missing; resolves with its VNI on this host, or its VLAN. */
  ensure(id: NetworkId): Promise<number>
  /** The same, once in the life of this process. */
  ensureOnce(id: NetworkId): Promise<number>
  /** Removes the devices of networks that are deleted and that nothing here uses. */
  clearDeleted(inDocker: ReadonlySet<NetworkId | undefined>): Promise<boolean>
}

export function createKernelNetworks({ replica, datapath, clock }: KernelNetworksDeps): KernelNetworks {
  const { view, self } = replica
  /** What this process made or removed: after a restart everything is made sure of once. */
  const ensured = new Map<NetworkId, number>()
  const cleared = new Set<NetworkId>()

  const within = <T>(work: Promise<T>) =>
    withDeadline(clock, work, datapathLimitMs, () => {
      return new SkeinError('timeout', `the kernel took over ${datapathLimitMs / 1000} s: see "skein status"`)
    })

  async function ensure(id: NetworkId): Promise<number> {
    cleared.delete(id)
    const isVlan = view.network(id)?.spec.encap === 'vlan'
    if (isVlan && replica.local.get(factPrefix + id) === undefined) await replica.local.set([[factPrefix + id, '']])
    const vni = await within(datapath.ensureNetwork(id))
    ensured.set(id, vni)
    return vni
  }

  return {
    ensure,
    ensureOnce: async id => ensured.get(id) ?? ensure(id),
    async clearDeleted(inDocker: ReadonlySet<NetworkId | undefined>): Promise<boolean> {
      const ofVlans = replica.local.entries(factPrefix).map(([key]) => key.slice(factPrefix.length))
      const deleted = [...view.vnisOf(self).values(), ...ofVlans].filter(id => view.isDeleted(id))
      const used = new Set(view.endpointsOf(self).map(({ network }) => network))
      for (const id of new Set(deleted)) {
        if (inDocker.has(id) || used.has(id) || cleared.has(id)) continue
        await within(datapath.removeNetwork(id))
        if (ofVlans.includes(id)) await replica.local.set([[factPrefix + id, undefined]])
        cleared.add(id)
        ensured.delete(id)
      }
      return true
    },
  }
}
