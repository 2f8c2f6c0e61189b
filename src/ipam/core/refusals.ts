/** What users read when there is no address for them: the cause by name, and what to do. */
import type { Endpoint, Network, RegistryView } from '../../crdt/registry-view.ts'
import { SkeinError } from '../../lib/errors.ts'
import type { PeerKey } from '../../lib/keys.ts'
import { formatIp } from '../../model/ip.ts'
import type { NetworkId } from '../../model/network.ts'
import { labelOf } from './geometry.ts'
import { usageOf } from './usage.ts'

/** Who reads it, and what it knows of the others. */
export interface Viewpoint {
  readonly view: RegistryView
  readonly self: PeerKey
  readonly connected: readonly PeerKey[]
  nameOf(key: PeerKey): string
}

/** So many owners are named one by one; the rest are summed up. */
const maxNamed = 8

/** What came of asking the owners. */
export interface Asked {
  /** When an address that the owner freed may move to another host (R7). */
  readonly coolsInMs: ReadonlyMap<PeerKey, number>
  /** Who did not answer: right after a split the others count as connected still. */
  readonly silent: ReadonlySet<PeerKey>
}

/** `exhausted`: who holds the free addresses, and whether they are within reach. */
export function exhausted(at: Viewpoint, network: Network, asked?: Asked): SkeinError {
  const head = `no free address for ${labelOf(network)} on ${at.nameOf(at.self)}`
  const holders = usageOf(at.view, network)
    .map(row => ({
      ...{
        free: row.addresses - row.used - row.reserved,
        name: at.nameOf(row.owner),
        coolsInMs: asked?.coolsInMs.get(row.owner) ?? 0,
        isSilent: asked?.silent.has(row.owner) ?? false,
      },
      ...reach(at, row.owner),
    }))
    .filter(({ free, isSelf }) => free > 0 && !isSelf)
    .sort((a, b) => Number(a.isConnected) - Number(b.isConnected) || b.free - a.free || (a.name < b.name ? -1 : 1))
  if (holders.length === 0) {
    return new SkeinError(
      'exhausted',
      `${head}: every address is in use; remove a container or create a larger network`,
    )
  }
  const named = holders.slice(0, maxNamed).map(({ name, free, ...of }) => `${name} holds ${free} (${whyNot(of)})`)
  const rest = holders.slice(maxNamed)
  if (rest.length > 0) named.push(`${rest.length} more hold ${rest.reduce((sum, { free }) => sum + free, 0)}`)
  return new SkeinError('exhausted', `${head}: ${named.join(', ')}; ${remedyFor(holders)}`)
}

interface Holder {
  isConnected: boolean
  isSilent: boolean
  coolsInMs: number
}

function whyNot({ isConnected, isSilent, coolsInMs }: Holder): string {
  if (!isConnected) return 'out of reach'
  if (isSilent) return 'does not answer'
  return coolsInMs > 0 ? `freed lately, may move in ${seconds(coolsInMs)} s` : 'in reach, but gave none'
}

function remedyFor(holders: readonly Holder[]): string {
  const waits = holders
    .filter(({ isConnected, isSilent, coolsInMs }) => isConnected && !isSilent && coolsInMs > 0)
    .map(of => of.coolsInMs)
  if (waits.length > 0) return `try again in ${seconds(Math.min(...waits))} s, or free an address here`
  if (holders.some(({ isConnected, isSilent }) => isSilent || !isConnected))
    return 'wait for them to return, or free an address here'
  return 'run the container there, or free an address here'
}

function seconds(ms: number): number {
  return Math.ceil(ms / 1000)
}

function reach(at: Viewpoint, key: PeerKey) {
  return { isSelf: key === at.self, isConnected: at.connected.includes(key) }
}

/** `unavailable`: this peer is pending, so it owns no addresses (R4). */
export function pending(at: Viewpoint): SkeinError {
  const member = at.view.member(at.self)
  if (!member) {
    return new SkeinError('unavailable', 'this host is no member of a mesh yet: join one with skein join TOKEN')
  }
  const awaited = (isConnected: boolean) =>
    member.waitingFor
      .filter(key => at.connected.includes(key) === isConnected)
      .map(key => at.nameOf(key))
      .sort()
  const away = awaited(false)
  const near = awaited(true)
  const whom = [
    ...(near.length > 0 ? [near.join(', ')] : []),
    ...(away.length > 0 ? [`${away.join(', ')} (out of reach)`] : []),
  ]
  const cause = `its admission waits for ${whom.join(' and ') || 'a majority of the members'}`
  const remedy = 'run the container on another host, or try again when skein peer ls shows this one as settled'
  return new SkeinError('unavailable', `${at.nameOf(at.self)} owns no addresses yet: ${cause}; ${remedy}`)
}

/** `not-found`: no such network, or it is deleted. */
export function noNetwork(id: NetworkId, network: Network | undefined): SkeinError {
  const what = network
    ? `network ${labelOf(network)} is being deleted`
    : `network ${id.slice(0, 12)} is unknown or deleted`
  return new SkeinError('not-found', `${what}: see skein network ls`)
}

/** `conflict`: the host that asks is being removed, which binds the owner of the address (R9). */
export function goingAway(): SkeinError {
  return new SkeinError(
    'conflict',
    'the owner of this address takes part in the removal of this host: see skein peer ls',
  )
}

/** `in-use`: its containers are on their way into another network. */
export function drained(network: Network, goal: Network | undefined): SkeinError {
  const other = goal ? labelOf(goal) : 'another network'
  return new SkeinError('in-use', `network ${labelOf(network)} is being drained into ${other}: use ${other}`)
}

/** `invalid`: not an address that a container of the network can have. */
export function unusable(network: Network, ip: number): SkeinError {
  const { subnet } = network.spec
  const choice = `choose one from ${formatIp(subnet.first)} to ${formatIp(subnet.last)}`
  return new SkeinError('invalid', `${formatIp(ip)} cannot be a container's address in ${labelOf(network)}: ${choice}`)
}

/** `conflict`: a live endpoint has the address. */
export function heldByEndpoint(at: Viewpoint, network: Network, endpoint: Endpoint): SkeinError {
  const container = endpoint.containerName || endpoint.container.slice(0, 12) || `endpoint ${endpoint.id.slice(0, 12)}`
  const where = `${container} on ${at.nameOf(endpoint.owner)}`
  return new SkeinError(
    'conflict',
    `${formatIp(endpoint.ip)} of ${labelOf(network)} is held by ${where}; remove that container or choose another address`,
  )
}

/** `conflict`: handed out to a container of this host that is just starting, or is on its way to another host. */
export function heldHere(at: Viewpoint, network: Network, ip: number): SkeinError {
  return new SkeinError(
    'conflict',
    `${formatIp(ip)} of ${labelOf(network)} is taken on ${at.nameOf(at.self)}; choose another address or leave out --ip`,
  )
}

/** `conflict`: its owner keeps it for who asks for it there. */
export function reserved(at: Viewpoint, network: Network, ip: number): SkeinError {
  const what = `${formatIp(ip)} of ${labelOf(network)} is reserved for ${at.nameOf(at.self)}`
  const release = `skein ip release -t ${network.tenant} ${network.name} ${formatIp(ip)}`
  return new SkeinError('conflict', `${what}: run the container there, or release it with: ${release}`)
}

/** `timeout`: an address was not found, or not written down, in time. */
export function slowDisk(at: Viewpoint, network: Network | undefined): SkeinError {
  const what = `no address for ${network ? labelOf(network) : 'the network'} was written down in time on ${at.nameOf(at.self)}`
  return new SkeinError('timeout', `${what}: its disk is slow; try again, and see the log of skeind`)
}

/** `conflict`: nobody may hand it out, since it was given away twice. */
export function setAside(network: Network, ip: number): SkeinError {
  const what = `${formatIp(ip)} of ${labelOf(network)} is set aside: see skein status`
  return new SkeinError('conflict', `${what}; choose another address or leave out --ip`)
}

/** `conflict`: freed on the owner's host so lately that it may not move to another one yet (R7). */
export function coolingDown(at: Viewpoint, network: Network, ip: number, waitMs: number): SkeinError {
  const what = `${formatIp(ip)} of ${labelOf(network)} was freed on ${at.nameOf(at.self)} lately`
  return new SkeinError('conflict', `${what}: try again in ${seconds(waitMs)} s, or run the container there`)
}

/** `unavailable`: the address belongs to a member that is out of reach, or does not answer. */
export function ownerSilent(at: Viewpoint, network: Network, ip: number, owner: PeerKey): SkeinError {
  const why = at.connected.includes(owner) ? 'does not answer' : 'is out of reach'
  const what = `${formatIp(ip)} of ${labelOf(network)} belongs to ${at.nameOf(owner)}, which ${why}`
  return new SkeinError('unavailable', `${what}; wait for it to return, choose another address, or leave out --ip`)
}
