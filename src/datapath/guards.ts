/** What guards the containers of one tenant on this host: policies, and that each speaks as itself. Kept on the tenant's lane. */

import { createNftChild } from '../lib/nft-child.ts'
import { formatIp } from '../model/ip.ts'
import { address6, subnet6Of } from '../model/ipv6.ts'
import type { NetworkId, NetworkSpec } from '../model/network.ts'
import type { Context } from './context.ts'
import type { Attachment } from './datapath.ts'
import { bridgeEnd, bridgeName, isBridgeEnd, tenantNamespace, vlanName, vxlanName } from './names.ts'
import { createPolicyTable, type Look } from './policy-table.ts'
import { bridgeAddress, bridgeAddress6 } from './routing.ts'
import { gatewayElement, type PortIdentity, type Surroundings } from './spoof-elements.ts'
import { createSpoofTable } from './spoof-table.ts'

export interface Guards {
  /**
   * In place for these networks, and for every one that an earlier run left among `devices`, before a bridge of them carries
   * its first frame. Rejects with what the kernel refuses.
   */
  prepare(devices: ReadonlyMap<string, unknown>, network: NetworkId): Promise<void>
  /** Follows the state: rules, groups, members. Resolves with 0, the repairs. */
  update(): Promise<number>
  /** Resolves when the containers may speak: their ports are not on the bridge before. */
  admit(attachments: readonly Attachment[]): Promise<void>
  release(endpointId: string): Promise<void>
  forget(network: NetworkId): Promise<void>
  /** See `PolicyTable`. */
  look(): Promise<Look | undefined>
  /** Resolves with the number of repairs of what somebody changed. */
  verify(look: Look | undefined): Promise<number>
  /** The namespace is another one than before. */
  reset(): void
  close(): Promise<void>
}

export function createGuards(tenant: string, context: Context): Guards {
  const { view, self } = context.replica
  const options = { namespace: tenantNamespace(tenant), clock: context.clock }
  const [child, looks] = [createNftChild(options), createNftChild(options)]
  const policies = createPolicyTable(tenant, context, child, looks)
  const spoofing = createSpoofTable(tenant, context, child, looks)
  let isPrepared = false

  const identity = (network: NetworkId, mac: string, ip: number): PortIdentity => {
    const spec = view.network(network)?.spec
    return { mac, ip: formatIp(ip), ip6: (spec && address6(spec, ip)) ?? '' }
  }

  /** This host's containers of the tenant, by port. */
  const own = () =>
    new Map(
      view
        .endpointsOf(self)
        .filter(({ network }) => view.network(network)?.tenant === tenant)
        .map(({ id, network, mac, ip }) => [bridgeEnd(id), identity(network, mac, ip)] as const),
    )

  const surroundings = (networks: readonly NetworkId[]): Surroundings => {
    const elements = (each: (id: NetworkId, spec: NetworkSpec) => string) =>
      new Set(
        networks.flatMap(id => {
          const spec = view.network(id)?.spec
          const element = spec ? each(id, spec) : ''
          return element === '' ? [] : [element]
        }),
      )
    const gateway = (id: NetworkId, address: string) => (address === '' ? '' : gatewayElement(vxlanName(id), address))
    return {
      gateways: elements(id => gateway(id, bridgeAddress(context, view.network(id)))),
      gateways6: elements(id => gateway(id, bridgeAddress6(context, view.network(id)))),
      carriers6: elements((id, spec) => (subnet6Of(spec) ? `"${carrierName(id, spec)}"` : '')),
    }
  }

  return {
    async prepare(devices, network) {
      const left = view
        .networks(tenant)
        .map(({ id }) => id)
        .filter(id => devices.has(bridgeName(id)))
      await policies.update([...left, network])
      const ports = own()
      await spoofing.guard(surroundings([...left, network]))
      await spoofing.admit(new Map([...ports].filter(([port]) => devices.has(port))))
      await spoofing.release(
        spoofing.ports().filter(port => isBridgeEnd(port) && !devices.has(port) && !ports.has(port)),
      )
      isPrepared = true
    },
    async update() {
      if (isPrepared) await policies.update([])
      return 0
    },
    async admit(attachments) {
      await policies.update([])
      await spoofing.admit(
        new Map(
          attachments.map(({ endpointId, network, mac, ip }) => [bridgeEnd(endpointId), identity(network, mac, ip)]),
        ),
      )
    },
    release: endpointId => spoofing.release([bridgeEnd(endpointId)]),
    async forget(network) {
      policies.forget(network)
      await policies.update([])
      await spoofing.unguard(vxlanName(network))
      await spoofing.unguard(vlanName(network))
    },
    look: () => policies.look(),
    verify: async look => (await policies.verify(look)) + (await spoofing.verify()),
    reset() {
      // a look that nobody waited for may have begun in the one that is gone
      void looks.close()
      policies.reset()
      spoofing.reset()
      isPrepared = false
    },
    close: async () => void (await Promise.all([child.close(), looks.close()])),
  }
}

function carrierName(id: NetworkId, { encap }: NetworkSpec): string {
  return encap === 'vlan' ? vlanName(id) : vxlanName(id)
}
