/** One network on this host: makes its devices or takes them over, then keeps their entries equal to the state. */
import type { Network } from '../crdt/registry-view.ts'
import { gatewayOf } from '../model/gateway.ts'
import { subnet6Of } from '../model/ipv6.ts'
import type { NetworkId } from '../model/network.ts'
import { batch, type Channel, failed } from './channel.ts'
import type { Context } from './context.ts'
import { bridgeCommands, type DeviceWishes, portCommands, vxlanCommands } from './devices.ts'
import { type Command, diffEntries } from './diff.ts'
import {
  copyOf,
  type Entries,
  type EntryKey,
  entriesAt,
  entryKeys,
  hasEntry,
  type MutableEntries,
  noEntries,
  putAt,
} from './entries.ts'
import { unexplained } from './evidence.ts'
import { bridgeEnd, bridgeName, vxlanName } from './names.ts'
import { carriesIpv6, settleNeighbours } from './neighbours6.ts'
import { networkMtu } from './plan.ts'
import type { Reading } from './reading.ts'
import { settleRouter6 } from './router6.ts'
import { bridgeAddress, bridgeAddress6, settleForwarding } from './routing.ts'
import { RunningPlan } from './running-plan.ts'
import { ensureVxlan } from './vxlan.ts'

const noKeys: ReadonlySet<EntryKey> = new Set()

/** What is known of the network's devices in the kernel. */
export interface Materialised {
  readonly vni: number
  mtu: number
  /** The bridge's address, `ADDRESS/LENGTH`; '' for none. */
  readonly gateway: string
  /** As the kernel has them. */
  entries: MutableEntries
  /** As they should be. */
  readonly plan: RunningPlan
  /** Entries that may differ; undefined: all. */
  differing: ReadonlySet<EntryKey> | undefined
  /** Entries of an earlier run that the state does not explain yet (I5). */
  inherited: ReadonlySet<EntryKey>
  /** Versions of the state that the entries were last made equal to; '' while that has not succeeded. */
  upToDate: string
  /** Frames of this host's containers go out on it (usage.ts). While none do it has no entries. */
  isUsed: boolean
}

/**
 * Resolves once the devices are right, the VTEP record is durable and, where `isUsed`, the entries are in place. `repaired` counts what
 * was not; that entries are not needed any more is no fault.
 */
export async function materialise(
  context: Context,
  channel: Channel,
  network: Network,
  { reading, isUsed }: { reading: Reading; isUsed: boolean },
  previous: Materialised | undefined,
): Promise<{ state: Materialised; repaired: number }> {
  const { vtepAddress: local, vxlanPort: port, replica } = context
  const wishes: DeviceWishes = {
    network: network.id,
    tenant: network.tenant,
    mtu: networkMtu(replica.view),
    gateway: bridgeAddress(context, network),
    local,
    port,
  }
  const device = vxlanName(network.id)
  const bridgeFixes = bridgeCommands(reading.links.get(bridgeName(network.id)), wishes)
  await succeed(context, channel, network, bridgeFixes)
  const routingFixes = await settleForwarding(context, channel, network, wishes.gateway !== '', reading)
  const routing6Fixes = await settleRouter6(context, channel, network, bridgeAddress6(context, network), reading)
  const vxlan = await ensureVxlan(context, network, wishes, reading.links.get(device))
  await context.guardVni(vxlan.vni)
  // the children remember the index of every device they ever named, also of one that is no more
  if (vxlan.created || bridgeFixes.length > 0) await channel.close()
  const ownPorts = ownEndpoints(context, network.id).map(endpoint => reading.links.get(bridgeEnd(endpoint.id)))
  const otherFixes = [
    ...vxlanCommands(vxlan.created ? undefined : reading.links.get(device), wishes),
    ...portCommands(ownPorts, wishes),
  ]
  await succeed(context, channel, network, otherFixes)
  const ipv6 = carriesIpv6(wishes.mtu) && subnet6Of(network.spec) ? network.spec : undefined
  const speakingFixes = ipv6 ? await settleNeighbours(context, channel, network, vxlan.created, reading) : 0
  await publish(context, network.id, vxlan.vni)
  const entries = vxlan.created ? noEntries : await reading.entries(device)
  const inherited = previous?.inherited ?? new Set(entryKeys(entries))
  const state: Materialised = {
    ...{ vni: vxlan.vni, mtu: wishes.mtu, gateway: wishes.gateway, inherited, upToDate: '', isUsed },
    // made anew, so that nothing rests on what was remembered for long
    plan: new RunningPlan({
      self: replica.self,
      ownAddress: local,
      network: network.id,
      gateway: gatewayOf(network.spec),
      ipv6,
    }),
    entries: copyOf(entries),
    differing: undefined,
  }
  const devices = bridgeFixes.length + routingFixes + routing6Fixes + otherFixes.length + speakingFixes
  const changed = await update(context, channel, network.id, state)
  return { state, repaired: isUsed ? devices + changed : devices }
}

/** From now on the network has its entries, as soon as it is brought up to date. False if it had them. */
export function startUse(known: Materialised): boolean {
  if (known.isUsed) return false
  known.isUsed = true
  known.upToDate = ''
  return true
}

/** Carries out what differs between the state and what the kernel holds; resolves with the number of entries. */
export async function update(
  context: Context,
  channel: Channel,
  network: NetworkId,
  known: Materialised,
): Promise<number> {
  const { replica } = context
  // another network came or went that has its prefix
  if (known.gateway !== bridgeAddress(context, replica.view.network(network))) context.compareSoon()
  const versions = known.isUsed ? versionsOf(replica.view, network) : String(replica.view.membersVersion())
  if (known.upToDate === versions) return 0
  known.upToDate = ''
  const { plan, differing } = known
  const changed = known.isUsed ? plan.follow(replica.view) : noKeys
  // what fails below differs still at the next time
  known.differing = changed && differing && new Set([...differing, ...changed, ...known.inherited])
  const open = new Set([...known.inherited].filter(key => !hasEntry(plan.entries, key)))
  // without a container here nobody misses an entry
  const kept =
    open.size === 0 || !known.isUsed
      ? noKeys
      : unexplained(replica.view, network, known.entries, open, replica.view.network(network)?.spec)
  const part = (entries: Entries) => (known.differing ? entriesAt(entries, known.differing) : entries)
  const difference = diffEntries(vxlanName(network), part(plan.entries), part(known.entries), key => kept.has(key))
  const mtu = networkMtu(replica.view)
  if (carriesIpv6(mtu) !== carriesIpv6(known.mtu)) context.compareSoon()
  const failures = [
    ...(await channel.bridge.run(difference.bridge)),
    ...(await channel.ip.run([...difference.ip, ...(mtu === known.mtu ? [] : mtuCommands(network, mtu))])),
  ]
  if (failures[0]) {
    await channel.close() // in case it remembers a device that was replaced meanwhile
    throw failed(
      { name: network.slice(0, 12) },
      `${failures.length} commands, first ${failures[0].line}: ${failures[0].text}`,
    )
  }
  if (known.differing) putAt(known.entries, known.differing, difference.result)
  else known.entries = difference.result
  known.differing = new Set()
  known.inherited = kept
  known.mtu = mtu
  known.upToDate = versions
  return difference.count
}

/** Of all that the entries and the MTU of a network follow from: most changes of the state are of other networks. */
function versionsOf(view: Context['replica']['view'], network: NetworkId): string {
  return [
    view.endpointsVersion(network),
    view.vtepsVersion(network),
    view.custodyVersion(network),
    view.membersVersion(),
  ].join()
}

/** Containers that run keep the MTU they started with. */
function mtuCommands(network: NetworkId, mtu: number): Command[] {
  return [vxlanName(network), bridgeName(network)].map(name => ({ line: `link set ${name} mtu ${mtu}` }))
}

/** The record that others send by. Durable before anything rests on it. */
async function publish({ replica, vtepAddress: address }: Context, network: NetworkId, vni: number): Promise<void> {
  const isPublished = (view: Context['replica']['view']) =>
    view
      .vteps(network)
      .some(vtep => vtep.owner === replica.self && !vtep.recordedBy && vtep.vni === vni && vtep.address === address)
  if (isPublished(replica.view)) return
  await replica.write(view => (isPublished(view) ? [] : [{ kind: 'vtep', network, address, vni }]))
}

/** Found among this host's own, however many endpoints of others the network has. */
export function ownEndpoints({ replica }: Context, network: NetworkId) {
  return replica.view.endpointsOf(replica.self).filter(endpoint => endpoint.network === network)
}

/** Throws `unavailable` with the first failure. */
export async function succeed(
  context: Context,
  channel: Channel,
  network: Network,
  commands: readonly Command[],
): Promise<void> {
  const failure = await batch(context, commands, channel.namespace)
  if (failure !== '') throw failed(network, failure)
}
