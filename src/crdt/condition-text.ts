/** What conditions rest on, and how they name things: the same words on every peer. */
import type { PeerKey } from '../lib/keys.ts'
import { defaultTenant } from '../model/names.ts'
import type { EndpointTable } from './endpoint-table.ts'
import type { Hlc } from './hlc.ts'
import type { AddressLeaf, BlockLeaf } from './leaves.ts'
import type { LeafRecord } from './live-set.ts'
import type { NetworkTable } from './network-table.ts'
import type { ObjectTables } from './object-tables.ts'
import type { Endpoint, Network, RegistryView } from './registry-view.ts'
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
  /** Writers with several histories, and when these parted. */
  forks: ReadonlyMap<PeerKey, Hlc>
  objects: ObjectTables
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

function placeOf(view: RegistryView, endpoint: Endpoint): string {
  const container = endpoint.containerName || endpoint.container.slice(0, 12) || `endpoint ${endpoint.id.slice(0, 12)}`
  return `${container} on ${hostName(view, endpoint.owner)}`
}

/** A member's name; the beginning of the key of who is none. */
export function hostName(view: RegistryView, key: string): string {
  return view.everMember(key)?.name ?? key.slice(0, 12)
}

/** ` -t blue`, to be put into a command; nothing for the default tenant. */
export function inTenant({ tenant }: Network): string {
  return tenant === defaultTenant ? '' : ` -t ${tenant}`
}

/** The command that moves the containers of one network into another. */
export function drainCommand(from: Network, into: Network): string {
  return `skein net drain${inTenant(from)} ${from.name} --into ${into.name}`
}
