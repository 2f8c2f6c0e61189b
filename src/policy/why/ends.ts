/** Pure: the two ends of a question, as people name them, found in the replicated state. */
import type { Group } from '../../crdt/objects-view.ts'
import type { Endpoint, Network, RegistryView } from '../../crdt/registry-view.ts'
import { SkeinError } from '../../lib/errors.ts'
import type { PeerKey } from '../../lib/keys.ts'
import type { Address, Family } from '../../model/address-match.ts'
import { subnet6Of } from '../../model/ipv6.ts'
import { bareName, defaultTenant, groupNetworkName } from '../../model/names.ts'
import { ownAddress } from '../own-address.ts'
import { addressNamed } from './addresses.ts'

export type End =
  | ContainerEnd
  | GroupEnd
  /** An address of a network that no container has. */
  | { readonly kind: 'unused'; readonly tenant: string; readonly network: Network; readonly ip: Address }
  /** An address of no network of the tenant. */
  | { readonly kind: 'outside'; readonly tenant: string; readonly ip: Address }

export interface ContainerEnd {
  readonly kind: 'container'
  readonly tenant: string
  readonly network: Network
  readonly endpoint: Endpoint
  /** That of its addresses which is asked about; `noAddress6` if its network has no IPv6 and it meets the outside by IPv6. */
  readonly ip: Address
}

export interface GroupEnd {
  readonly kind: 'group'
  readonly tenant: string
  readonly network: Network
  readonly group: Group
  /** Of the addresses that are asked about. */
  readonly family: Family
}

/** What one word of the question means: a container has an end on each of its networks. */
export interface Named {
  /** `c1`, `group db`, `10.1.2.3`. */
  readonly text: string
  /** How to write it so that it means nothing else. */
  readonly exact: string
  readonly ends: readonly End[]
  /** Of an address; undefined for a name, which may have addresses of both. */
  readonly family: Family | undefined
}

export interface Names {
  view: RegistryView
  nameOf(key: PeerKey): string
}

/** Beginnings of ids are not taken for names below this. */
const minDigits = 4
const shownDigits = 12

/**
 * Both ends, as addresses of one family: a name that is asked about together with an IPv6 address means its IPv6 address. Groups and addresses are those of `tenant`; where that is not given, of the tenant of the container at the other
 * end. Throws `invalid`, `not-found`, or `conflict` for a word that fits several.
 * @param wanted what names mean together with names; 4 by default
 */
export function findEnds(
  names: Names,
  src: string,
  dst: string,
  tenant: string | undefined,
  wanted: Family = 4,
): [src: Named, dst: Named] {
  const containers = [src, dst].map(text => containersNamed(names, text, tenant)) as [Named[], Named[]]
  const home = tenant ?? containers.map(tenantOf).find(found => found !== undefined) ?? defaultTenant
  const [from, to] = [one(names, src, home, containers[0]), one(names, dst, home, containers[1])]
  if (!from.ends.some(isInside) && !to.ends.some(isInside)) {
    throw new SkeinError(
      'invalid',
      `neither ${src} nor ${dst} is in a network of tenant ${home}: name a container, a group or an address of one; see skein ps`,
    )
  }
  if (from.family && to.family && from.family !== to.family) {
    throw new SkeinError('invalid', `${src} and ${dst} never meet: ask about two IPv4 or two IPv6 addresses`)
  }
  const family = from.family ?? to.family ?? wanted
  if (family === 4) return [from, to]
  const meetsOutside = ![from, to].every(named => named.ends.some(isInside))
  return [with6(from, meetsOutside), with6(to, meetsOutside)]
}

/**
 * @param meetsOutside of whatever network it is, it may have an IPv6 address on docker_gwbridge
 * Throws `invalid` if what is named has no IPv6 address.
 */
function with6(named: Named, meetsOutside: boolean): Named {
  const ends = named.ends.flatMap((end): End[] => {
    if (end.kind === 'outside' || end.kind === 'unused') return typeof end.ip === 'bigint' ? [end] : []
    const { spec } = end.network
    if (!meetsOutside && !subnet6Of(spec)) return []
    return [end.kind === 'group' ? { ...end, family: 6 } : { ...end, ip: ownAddress(spec, end.endpoint.ip, 6) }]
  })
  if (ends.length > 0) return { ...named, ends }
  throw new SkeinError('invalid', `${named.text} has no IPv6 address: ask about IPv4, or see skein net ls -a`)
}

function isInside(end: End): boolean {
  return end.kind !== 'outside'
}

function tenantOf(found: readonly Named[]): string | undefined {
  const tenants = new Set(found.flatMap(({ ends }) => ends.map(end => end.tenant)))
  return tenants.size === 1 ? [...tenants][0] : undefined
}

function one(names: Names, text: string, tenant: string, containers: readonly Named[]): Named {
  const address = addressNamed(names, text, tenant)
  const found = address ? [address] : [...containers, ...groupsNamed(names, text, tenant)]
  const [first, ...others] = found
  if (!first) {
    throw new SkeinError(
      'not-found',
      `${text} is no container, no group of tenant ${tenant} and no address: see skein ps and skein group ls -a`,
    )
  }
  if (others.length === 0) return first
  const said = found.map(each => `${each.text} (${each.exact})`).join(', ')
  throw new SkeinError('conflict', `${text} fits several: ${said}: say which, as it is written in brackets`)
}

/** By name, `host/name`, or the beginning of the id of the container or its endpoint. */
function containersNamed({ view, nameOf }: Names, text: string, tenant: string | undefined): Named[] {
  const isId = new RegExp(`^[0-9a-f]{${minDigits},64}$`).test(text)
  const fits = ({ id, container, containerName, owner }: Endpoint): boolean =>
    (containerName !== '' && (containerName === text || `${nameOf(owner)}/${containerName}` === text)) ||
    (isId && (container.startsWith(text) || id.startsWith(text)))
  const found = new Map<string, End[]>()
  for (const network of view.networks(tenant)) {
    for (const endpoint of view.endpoints(network.id)) {
      if (!fits(endpoint)) continue
      const key = `${endpoint.owner} ${endpoint.container || endpoint.id}`
      const ends = found.get(key) ?? []
      ends.push({ kind: 'container', tenant: network.tenant, network, endpoint, ip: endpoint.ip })
      found.set(key, ends)
    }
  }
  return [...found.values()].map(ends => containerOf(ends, nameOf))
}

function containerOf(ends: readonly End[], nameOf: Names['nameOf']): Named {
  const endpoint = ends[0]?.kind === 'container' ? ends[0].endpoint : undefined
  if (!endpoint) throw new RangeError('no endpoint')
  const id = (endpoint.container || endpoint.id).slice(0, shownDigits)
  const name = endpoint.containerName || id
  return { text: `container ${name} on ${nameOf(endpoint.owner)}`, exact: id, ends, family: undefined }
}

/** `group`, `group.net`, or either with `/tenant`, as Docker shows it. */
function groupsNamed({ view }: Names, text: string, tenant: string): Named[] {
  const [bare = '', said = tenant, ...rest] = text.split('/')
  if (rest.length > 0) return []
  const groups = view.objects.groups(said).filter(group => group.status === 'live')
  return groups.flatMap(group => {
    const network = view.network(group.network)
    if (!network) return []
    // Docker knows a group by the name that it was born with
    const inDocker = [group.name, group.bornName].map(name => groupNetworkName(name, network.name))
    if (group.name !== bare && !inDocker.includes(bareName(said, bare))) return []
    const exact = `${groupNetworkName(group.name, network.name)}/${said}`
    const ends: End[] = [{ kind: 'group', tenant: said, network, group, family: 4 }]
    return [{ text: `group ${group.name}`, exact, ends, family: undefined }]
  })
}
