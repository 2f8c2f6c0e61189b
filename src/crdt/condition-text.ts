/** What conditions rest on, and how they name things: the same words on every peer. */
import type { PeerKey } from '../lib/keys.ts'
import { defaultTenant } from '../model/names.ts'
import type { EndpointTable } from './endpoint-table.ts'
import type { Hlc } from './hlc.ts'
import type { AckLeaf, AddressLeaf, AdmissionLeaf, BlockLeaf, CheckpointLeaf, MeshLeaf, SettledLeaf } from './leaves.ts'
import type { LeafRecord } from './live-set.ts'
import type { NetworkTable } from './network-table.ts'
import type { ObjectTables } from './object-tables.ts'
import type { Endpoint, Network, RegistryView } from './registry-view.ts'
import { isMajorityWithout } from './removal-readings.ts'
import type { TenantTable } from './tenant-table.ts'

/** What the view does not tell. */
export interface Tables {
  tenants: TenantTable
  networks: NetworkTable
  /** Records of what was given away twice: all of each such block, or address. */
  twice: {
    blocks: readonly (readonly LeafRecord<BlockLeaf>[])[]
    addresses: readonly (readonly LeafRecord<AddressLeaf>[])[]
  }
  endpoints: EndpointTable
  /** Records and endpoints that their writers had no right to. */
  forged: {
    custody: readonly LeafRecord<BlockLeaf | AddressLeaf>[]
    membership: readonly LeafRecord<AdmissionLeaf | MeshLeaf | AckLeaf | SettledLeaf>[]
    endpoints: readonly Endpoint[]
  }
  /** Writers with several histories, and when these parted. */
  forks: ReadonlyMap<PeerKey, Hlc>
  objects: ObjectTables
  /** Checkpoints that let go of what is needed. */
  unjust: readonly LeafRecord<CheckpointLeaf>[]
}

/** `tenant/name`: how conditions name a network. */
export function shown(network: Network): string {
  return `${network.tenant}/${network.name}`
}

/** So many containers are named in a condition; the rest is counted. */
const namedEndpoints = 8

/** `c1 on host2, c2 on host3`, as every peer says it. */
export function users(view: RegistryView, endpoints: readonly Endpoint[]): string {
  const named = endpoints.slice(0, namedEndpoints).map(endpoint => placeOf(view, endpoint))
  if (endpoints.length > namedEndpoints) named.push(`${endpoints.length - namedEndpoints} more`)
  return named.join(', ')
}

/** The same in a remedy, of which all is copied: nothing that a shell would read. */
export function usersToType(view: RegistryView, endpoints: readonly Endpoint[]): string {
  const named = endpoints.slice(0, namedEndpoints).map(({ id, containerName, container, owner }) => {
    const what = [containerName, container.slice(0, 12), id.slice(0, 12)].find(isPlain) ?? 'a container'
    return `${what} on ${hostArgument(view, owner)}`
  })
  if (endpoints.length > namedEndpoints) named.push(`${endpoints.length - namedEndpoints} more`)
  return named.join(', ')
}

function placeOf(view: RegistryView, endpoint: Endpoint): string {
  const container = endpoint.containerName || endpoint.container.slice(0, 12) || `endpoint ${endpoint.id.slice(0, 12)}`
  return `${container} on ${hostName(view, endpoint.owner)}`
}

/** Hosts and containers are called what a member says: nothing of that may move a terminal's cursor. */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')
}

function isPlain(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)
}

/** A member as a command names it, to be copied into a shell: by its key where the name is not plain, or another's too. */
export function hostArgument(view: RegistryView, key: PeerKey): string {
  const name = view.member(key)?.name ?? ''
  const bearers = view.members().filter(member => member.name === name)
  return isPlain(name) && bearers.length === 1 ? name : key.slice(0, 12)
}

/** As `hostArgument`, of one that may have been removed: by its key where a host is, or was, called the same. */
export function formerArgument(view: RegistryView, key: PeerKey): string {
  const name = view.everMember(key)?.name ?? ''
  const removed = view.removals().flatMap(({ targets }) => targets.flatMap(target => view.everMember(target.key) ?? []))
  const bearers = new Set([...view.members(), ...removed].filter(member => member.name === name).map(each => each.key))
  return isPlain(name) && bearers.size === 1 ? name : key.slice(0, 12)
}

/** A member's name; the beginning of the key of who is none. */
export function hostName(view: RegistryView, key: string): string {
  return view.everMember(key)?.name ?? key.slice(0, 12)
}

/** The command that removes members that are off, all in one: with what has to be said besides where those who stay are no majority (R9). */
export function downCommand(view: RegistryView, keys: readonly PeerKey[]): string {
  const names = keys.map(key => hostArgument(view, key)).sort()
  const flags = isMajorityWithout(view, keys) ? '--host-is-down' : '--host-is-down --and-who-joined-through-it'
  return `skein peer rm ${names.join(' ')} ${flags}`
}

/** ` -t blue`, to be put into a command; nothing for the default tenant. */
export function inTenant({ tenant }: Network): string {
  return tenant === defaultTenant ? '' : ` -t ${tenant}`
}

/** The command that moves the containers of one network into another. */
export function drainCommand(from: Network, into: Network): string {
  return `skein net drain${inTenant(from)} ${from.name} --into ${into.name}`
}
