/** Pure: by which way packets go from one end to another, if there is one. */
import type { Network } from '../../crdt/registry-view.ts'
import { routedNetworks } from '../../crdt/routed-networks.ts'
import { tagOwners } from '../../crdt/vlan-tags.ts'
import type { PeerKey } from '../../lib/keys.ts'
import { type Family, familyOf, formatAddress, parseAddress } from '../../model/address-match.ts'
import { gateway6Of, gatewayOf, routerOf } from '../../model/gateway.ts'
import { dockerName } from '../../model/names.ts'
import type { End, Names } from './ends.ts'

export type WayKind = 'self' | 'network' | 'gateway' | 'routed' | 'router' | 'out' | 'published' | 'none'

export interface Way {
  readonly kind: WayKind
  readonly src: End
  readonly dst: End
  /** One line, for people. */
  readonly text: string
  /** Of a way that is not there: what makes one, in words. */
  readonly remedy: string
  readonly commands: readonly string[]
}

/** What one host knows of the others beside the records. */
export interface HostFacts extends Names {
  self: PeerKey
  /** Members that do not answer VXLAN frames of this host. */
  unreachable: readonly PeerKey[]
  /** Whether docker_gwbridge of this host has IPv6; undefined while that is not known. */
  outsideHas6?: boolean | undefined
  /** Members that a connection stands to now. */
  connected: readonly PeerKey[]
}

/** Makes Docker's bridge for the way out with IPv6, where Docker translates IPv6 (docs/reference/ipv6.md). */
export const gatewayCommand6 =
  'docker network create --ipv6 --subnet fd00:ffff::/64 -o com.docker.network.bridge.name=docker_gwbridge -o com.docker.network.bridge.enable_icc=false docker_gwbridge'

/** Of the ways of a container with several networks the kernel takes the most direct; several may be equally so. */
const order: readonly WayKind[] = ['self', 'network', 'gateway', 'routed', 'router', 'out', 'published', 'none']

export function findWays(facts: HostFacts, srcs: readonly End[], dsts: readonly End[]): Way[] {
  const ways = srcs.flatMap(src => dsts.map(dst => wayBetween(facts, src, dst)))
  const best = order.find(kind => ways.some(way => way.kind === kind))
  const found = ways.filter(way => way.kind === best)
  // of several reasons why there is no way, one is enough
  return best === 'none' ? found.slice(0, 1) : found
}

function wayBetween(facts: HostFacts, src: End, dst: End): Way {
  const way = (kind: WayKind, text: string): Way => ({ kind, src, dst, text, remedy: '', commands: [] })
  const none = (text: string, remedy: string, commands: string[] = []): Way => {
    return { kind: 'none', src, dst, text, remedy, commands }
  }
  if (src.kind === 'outside' || dst.kind === 'outside') return outsideWay(facts, way, none, src, dst)
  if (src.kind === 'unused') {
    if (isGateway(src)) return none(`${formatAddress(src.ip)} is a gateway: it begins nothing`, 'ask about a container')
    if (!isOnWire(src)) return unusedWay(none, src)
  }
  if (dst.kind === 'unused' && !isGateway(dst) && !isOnWire(dst)) return unusedWay(none, dst)
  if (src.tenant !== dst.tenant) {
    return none(
      `tenants ${src.tenant} and ${dst.tenant} are isolated from each other`,
      'what is to be reached from outside of its tenant is published: docker run -p',
    )
  }
  if (sameEndpoint(src, dst)) return way('self', 'a container reaches itself without its network')
  const broken = brokenBetween(facts, src, dst)
  if (broken) return none(...broken)
  const isSame = src.network.id === dst.network.id
  const [plain] = [src, dst].filter(isOnWire)
  if (isSame && plain) {
    const { pktTag } = src.network.spec
    return way(
      'network',
      `network ${shown(src.network)}, with a plain host of VLAN ${pktTag}, if one has ${formatAddress(plain.ip)}`,
    )
  }
  if (isSame && dst.kind !== 'unused') return way('network', `network ${shown(src.network)}`)
  const routed = routedNetworks(facts.view.networks(src.tenant)).map(({ id }) => id)
  const family = familyOfEnd(src)
  const isOpen = (network: Network) => routed.includes(network.id) && gatewayIn(network, family) !== undefined
  const closed = [src.network, dst.network].filter(network => !isOpen(network))
  if (dst.kind === 'unused' && (isSame || closed.length === 0)) {
    const text = `the gateway of network ${shown(dst.network)}, on the host of the sender: it answers pings, and no policy is asked`
    return way('gateway', text)
  }
  if (closed.length === 0) {
    return way('routed', `routed from network ${shown(src.network)} to ${shown(dst.network)} by their gateways`)
  }
  const text = `networks ${shown(src.network)} and ${shown(dst.network)} are apart: ${closed.map(network => unroutedText(network, family)).join(', ')}`
  if (src.kind !== 'container') return none(text, 'use networks with a gateway: skein net create --gateway')
  const command = `docker network connect ${shown(dst.network)} ${src.endpoint.containerName || src.endpoint.container}`
  return none(text, `on ${facts.nameOf(src.endpoint.owner)}: ${command}`, [command])
}

function outsideWay(
  { view, self, nameOf, outsideHas6: has6 }: HostFacts,
  way: (kind: WayKind, text: string) => Way,
  none: (text: string, remedy: string) => Way,
  src: End,
  dst: End,
): Way {
  const [inside] = [src, dst].filter(end => end.kind !== 'outside')
  if (!inside) return none('neither end is in a network', 'see skein ps')
  if (inside.kind === 'unused') return unusedWay(none, inside)
  const family = familyOfEnd(src)
  const router = routerIn(view, inside.network, family)
  if (router !== undefined) {
    const address = dst.kind === 'outside' ? 'from' : 'to'
    const text = `by the router of network ${shown(inside.network)}, ${router} on VLAN ${inside.network.spec.pktTag}`
    return way('router', `${text}, ${address} the address that the container has there`)
  }
  if (family === 6 && has6 === false && inside.kind === 'container' && inside.endpoint.owner === self) {
    return none(
      `docker_gwbridge of ${nameOf(self)} has no IPv6, so there is no way between its containers and the outside by IPv6`,
      `on ${nameOf(self)}, while none of its containers runs: docker network rm docker_gwbridge; ${gatewayCommand6}; until then who calls a published port by IPv6 comes through docker-proxy, as the IPv4 address of the host there`,
    )
  }
  const by = family === 6 ? ' by IPv6' : ''
  if (dst.kind === 'outside') {
    const how = by === '' ? 'translated to the address of the host' : 'over docker_gwbridge by IPv6'
    return way('out', `out of network ${shown(inside.network)}, ${how}`)
  }
  return way('published', `from outside${by}, to a port that is published with docker run -p, and to no other`)
}

export function familyOfEnd(end: End): Family {
  return end.kind === 'group' ? end.family : familyOf(end.ip)
}

/** The address of the router that leads out of a VLAN network; undefined for none, or one that it does not reach. */
function routerIn(view: HostFacts['view'], network: Network, family: Family): string | undefined {
  if (network.docker?.internal === true || offWire(view, network) !== undefined) return undefined
  const router = routerOf(network.spec)
  return (family === 4 ? router?.address : router?.address6) || undefined
}

type Unused = Extract<End, { kind: 'unused' }>

/** An address of a VLAN that no container has: a plain host's, of which Skein knows nothing. */
function isOnWire(end: End): end is Unused {
  return end.kind === 'unused' && end.network.spec.encap === 'vlan'
}

function isGateway({ network, ip }: Unused): boolean {
  return gatewayIn(network, familyOf(ip)) === ip
}

function gatewayIn({ spec }: Network, family: Family) {
  return family === 4 ? gatewayOf(spec) : parseAddress(gateway6Of(spec) ?? '')
}

function unusedWay(none: (text: string, remedy: string) => Way, { network, ip }: Unused): Way {
  return none(`no container has ${formatAddress(ip)} in network ${shown(network)}`, 'see skein endpoint ls -a')
}

/** Of a network that is not routed. */
function unroutedText(network: Network, family: Family): string {
  const gateway = family === 4 ? 'gateway' : 'IPv6 gateway'
  const why =
    gatewayIn(network, family) === undefined ? `has no ${gateway}` : 'overlaps an older one, and is not routed'
  return `${shown(network)} ${why}`
}

/** Why frames between the hosts of the two containers are lost; undefined if nothing says so. */
function brokenBetween(
  { view, self, unreachable, nameOf }: HostFacts,
  src: End,
  dst: End,
): [text: string, remedy: string] | undefined {
  for (const end of [src, dst].filter(isOnWire)) {
    const text = offWire(view, end.network)
    if (text !== undefined) return [text, 'see skein conditions']
  }
  if (src.kind !== 'container' || dst.kind !== 'container') return undefined
  const [from, to] = [src.endpoint.owner, dst.endpoint.owner]
  if (from === to) return undefined
  for (const { network } of [src, dst]) {
    const text = offWire(view, network)
    if (text !== undefined) return [text, 'see skein conditions']
  }
  const other = from === self ? to : to === self ? from : undefined
  if (other === undefined || !unreachable.includes(other) || src.network.spec.encap === 'vlan') return undefined
  return [`${nameOf(other)} does not answer VXLAN frames of ${nameOf(self)}`, 'see skein status']
}

/** Why the network does not leave a host; undefined unless it is a VLAN whose tag another has. */
function offWire(view: HostFacts['view'], network: Network): string | undefined {
  const { encap, pktTag } = network.spec
  const owner = encap === 'vlan' ? tagOwners(view.networks()).get(pktTag) : undefined
  if (!owner || owner.id === network.id) return undefined
  return `VLAN ${pktTag} belongs to network ${shown(owner)}: ${shown(network)} does not leave a host`
}

function sameEndpoint(src: End, dst: End): boolean {
  if (src.kind !== 'container' || dst.kind !== 'container') return false
  const id = ({ endpoint }: typeof src) => `${endpoint.owner} ${endpoint.container || endpoint.id}`
  return id(src) === id(dst)
}

function shown({ tenant, name }: Network): string {
  return dockerName(tenant, name)
}
