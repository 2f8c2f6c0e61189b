/** A network on this host, whatever carries it between hosts: VXLAN over the underlay, or a VLAN of the uplink. */
import type { Network } from '../crdt/registry-view.ts'
import type { SkeinError } from '../lib/errors.ts'
import type { NetworkId } from '../model/network.ts'
import type { Channel } from './channel.ts'
import type { Context } from './context.ts'
import {
  materialise as materialiseVxlan,
  startUse as startVxlan,
  update as updateVxlan,
  type Materialised as VxlanState,
} from './materialise.ts'
import type { Reading } from './reading.ts'
import { materialiseVlan, updateVlan, type VlanState, vlanRefusal } from './vlan-network.ts'

export type Materialised = VxlanState | VlanState

const isVlan = (state: Materialised): state is VlanState => 'tag' in state

/** Resolves once the network's devices are right and its entries are in place. `repaired` counts what was not. */
export function materialise(
  context: Context,
  channel: Channel,
  network: Network,
  seen: { reading: Reading; isUsed: boolean },
  previous: Materialised | undefined,
): Promise<{ state: Materialised; repaired: number }> {
  if (network.spec.encap === 'vlan') return materialiseVlan(context, channel, network, seen.reading)
  const known = previous && !isVlan(previous) ? previous : undefined
  return materialiseVxlan(context, channel, network, seen, known)
}

/** Carries out what differs between the state and what the kernel holds; resolves with the number of repairs. */
export function update(context: Context, channel: Channel, network: NetworkId, known: Materialised): Promise<number> {
  return isVlan(known) ? updateVlan(context, channel, network, known) : updateVxlan(context, channel, network, known)
}

/** A container here begins to send into it: from now on it has its entries. False if it had what it needs. */
export function startUse(known: Materialised): boolean {
  return !isVlan(known) && startVxlan(known)
}

/** True if containers of the tenant's other networks send into it, too. */
export function isRouted(known: Materialised): boolean {
  return !isVlan(known) && known.gateway !== ''
}

/** The tag of the network's frames: on this host for VXLAN, everywhere for a VLAN. */
export function tagOf(known: Materialised): number {
  return isVlan(known) ? known.tag : known.vni
}

/** Why no container can be started on the network here; undefined if one can. */
export function refusalOf(context: Context, network: NetworkId, known: Materialised): SkeinError | undefined {
  return isVlan(known) ? vlanRefusal(context, network, known) : undefined
}

/** Why the network does not reach the other hosts from here. */
export function problemOf(known: Materialised): VlanState['problem'] {
  return isVlan(known) ? known.problem : undefined
}
