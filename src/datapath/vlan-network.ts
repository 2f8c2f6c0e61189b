/**
 * One VLAN network on this host: a bridge in the tenant's namespace, whose port is a VLAN device of the uplink. The wire
 * floods, so there is nothing to be kept per endpoint. The uplink itself is only read.
 */
import type { Network } from '../crdt/registry-view.ts'
import { isVlanTag, tagOwners } from '../crdt/vlan-tags.ts'
import type { SkeinError } from '../lib/errors.ts'
import type { NetworkId } from '../model/network.ts'
import { batch, type Channel } from './channel.ts'
import type { Context } from './context.ts'
import { bridgeCommands, portCommands } from './devices.ts'
import { noEntries } from './entries.ts'
import { type Link, readLinks } from './links.ts'
import { ownEndpoints, succeed } from './materialise.ts'
import { bridgeEnd, bridgeName, tenantNamespace, vlanName } from './names.ts'
import type { Reading } from './reading.ts'
import { isUsableVlan, type VlanWishes, vlanCommands, vlanCreation } from './vlan-plan.ts'
import {
  badTag,
  creationProblem,
  downUplink,
  isTaken,
  missingUplink,
  noUplink,
  type WireProblem,
  wireError,
} from './wire-problem.ts'

/** What is known of the network's devices in the kernel. */
export interface VlanState {
  readonly tag: number
  mtu: number
  /** Whether the tag is this network's, and not an older one's. */
  isOwner: boolean
  /** Why it does not reach the wire. */
  problem: WireProblem | undefined
  /** Version of the state that it was last made equal to. */
  upToDate: number
}

/** While there is no uplink to take it from: Ethernet's. */
const defaultMtu = 1500

/** Resolves once the bridge is right and the network is on the wire, or it is known why it is not. */
export async function materialiseVlan(
  context: Context,
  channel: Channel,
  network: Network,
  reading: Reading,
): Promise<{ state: VlanState; repaired: number }> {
  const upToDate = context.replica.view.networksVersion()
  const uplink = await readUplink(context)
  const bridge = reading.links.get(bridgeName(network.id))
  const wishes = {
    network: network.id,
    tenant: network.tenant,
    mtu: uplink?.mtu ?? bridge?.mtu ?? defaultMtu,
    gateway: '',
  }
  const bridgeFixes = bridgeCommands(bridge, wishes)
  await succeed(context, channel, network, bridgeFixes)
  const ownPorts = ownEndpoints(context, network.id).map(endpoint => reading.links.get(bridgeEnd(endpoint.id)))
  const portFixes = portCommands(ownPorts, wishes)
  await succeed(context, channel, network, portFixes)
  const isOwner = ownsTag(context, network)
  const wire = await settleWire(context, channel, network, {
    isOwner,
    uplink,
    link: reading.links.get(vlanName(network.id)),
  })
  // the children remember the index of every device they ever named, also of one that is no more
  if (wire.isOther || bridgeFixes.length > 0) await channel.close()
  const state = { tag: network.spec.pktTag, mtu: wishes.mtu, isOwner, problem: wire.problem, upToDate }
  return { state, repaired: bridgeFixes.length + portFixes.length + wire.repaired }
}

/** Follows the state: all that can change is whose the tag is. Resolves with the number of repairs. */
export async function updateVlan(context: Context, channel: Channel, id: NetworkId, known: VlanState): Promise<number> {
  const { view } = context.replica
  if (known.upToDate === view.networksVersion()) return 0
  const network = view.network(id)
  if (!network || ownsTag(context, network) === known.isOwner) {
    known.upToDate = view.networksVersion()
    return 0
  }
  const links = await readLinks(context.run, channel.namespace)
  const { state, repaired } = await materialiseVlan(context, channel, network, {
    links,
    entries: async () => noEntries,
    routers: async () => new Set(),
    routers6: async () => new Set(),
    speakers: async () => new Set(),
  })
  Object.assign(known, state)
  return repaired
}

/** Why no container can be started on the network here; undefined if one can. */
export function vlanRefusal({ replica }: Context, id: NetworkId, { problem }: VlanState): SkeinError | undefined {
  const network = replica.view.network(id)
  return problem && network ? wireError(network, problem) : undefined
}

function ownsTag({ replica }: Context, network: Network): boolean {
  const owner = tagOwners(replica.view.networks()).get(network.spec.pktTag)
  return owner === undefined || owner.id === network.id
}

async function readUplink({ run, uplink }: Context): Promise<Link | undefined> {
  // of all: `ip` fails for a device that is not there
  return uplink === undefined ? undefined : (await readLinks(run)).get(uplink)
}

interface Wire {
  readonly problem: WireProblem | undefined
  readonly repaired: number
  /** True if the device is another one now, or gone. */
  readonly isOther: boolean
}

async function settleWire(
  context: Context,
  channel: Channel,
  network: Network,
  { isOwner, uplink, link }: { isOwner: boolean; uplink: Link | undefined; link: Link | undefined },
): Promise<Wire> {
  const tag = network.spec.pktTag
  const failing = (problem: WireProblem): Wire => ({ problem, repaired: 0, isOther: false })
  const name = vlanName(network.id)
  if (!isVlanTag(tag)) return failing(badTag(tag))
  if (!isOwner) {
    // the evidence that it must leave the wire is the older network's record
    if (link) await succeed(context, channel, network, [{ line: `link del ${name}` }])
    return { problem: undefined, repaired: link ? 1 : 0, isOther: link !== undefined }
  }
  // what an earlier run made stays as it is while its uplink cannot be found (I5)
  if (context.uplink === undefined) return failing(noUplink)
  if (!uplink) return failing(missingUplink(context.uplink))
  const wishes: VlanWishes = { network: network.id, tenant: network.tenant, tag, uplink }
  const isKept = link !== undefined && isUsableVlan(link, wishes)
  if (!isKept) {
    if (link) await succeed(context, channel, network, [{ line: `link del ${name}` }])
    const failure = await create(context, network, wishes)
    if (failure !== '') {
      if (isTaken(failure)) context.compareSoon()
      return { problem: creationProblem(failure, tag, uplink.name), repaired: 0, isOther: link !== undefined }
    }
    await channel.close()
  }
  const fixes = vlanCommands(isKept ? link : undefined, wishes)
  await succeed(context, channel, network, fixes)
  const problem = uplink.up ? undefined : downUplink(uplink.name)
  return { problem, repaired: fixes.length + (isKept ? 0 : 1), isOther: !isKept }
}

async function create(context: Context, network: Network, wishes: VlanWishes): Promise<string> {
  // one that an earlier run made but did not move yet
  await context.run('ip', ['link', 'del', vlanName(network.id)])
  await clearWay(context, network)
  return batch(context, vlanCreation(wishes))
}

/** Networks that have lost the tag may not have left the uplink yet: that is their tenant's task, but it need not be waited for. */
async function clearWay({ replica, run }: Context, { id, spec }: Network): Promise<void> {
  for (const rival of replica.view.networks()) {
    if (rival.id === id || rival.spec.encap !== 'vlan' || rival.spec.pktTag !== spec.pktTag) continue
    await run('ip', ['-n', tenantNamespace(rival.tenant), 'link', 'del', vlanName(rival.id)])
  }
}
