/**
 * Networks with a gateway, as this host routes between them: the bridge bears the gateway's address, on every host and with
 * one MAC (names.ts), and its packets to other networks are routed. Only its: a frame that a container of any other network
 * sends to its bridge goes nowhere (I4).
 */
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import { routedNetworks } from '../crdt/routed-networks.ts'
import { tagOwners } from '../crdt/vlan-tags.ts'
import { SkeinError } from '../lib/errors.ts'
import { gateway6Of, gatewayOf, type Router, routerOf } from '../model/gateway.ts'
import { formatIp } from '../model/ip.ts'
import { subnet6Of } from '../model/ipv6.ts'
import type { Channel } from './channel.ts'
import type { Context } from './context.ts'
import { bridgeName } from './names.ts'
import type { Reading } from './reading.ts'

export interface Routing {
  /** The networks of a tenant that are routed to each other; the same array for as long as they are the same. */
  of(tenant: string): readonly Network[]
  /** The router that containers of a VLAN network go out by; undefined for none, or one that the network does not reach. */
  routerOf(network: Network): Router | undefined
}

export function createRouting(view: RegistryView): Routing {
  const known = new Map<string, { version: number; networks: readonly Network[] }>()
  let tags: { version: number; owners: ReadonlyMap<number, Network> } | undefined
  const ownerOf = (tag: number) => {
    const version = view.networksVersion()
    if (tags?.version !== version) tags = { version, owners: tagOwners(view.networks()) }
    return tags.owners.get(tag)
  }
  return {
    of(tenant) {
      const version = view.networksVersion()
      const before = known.get(tenant)
      if (before?.version === version) return before.networks
      const now = routedNetworks(view.networks(tenant))
      const networks = before && isSame(before.networks, now) ? before.networks : now
      known.set(tenant, { version, networks })
      return networks
    },
    routerOf(network) {
      const { spec, docker, id } = network
      // without a tag it is on no wire, and `--internal` is a network without a way out
      if (docker?.internal === true || ownerOf(spec.pktTag)?.id !== id) return undefined
      return routerOf(spec)
    },
  }
}

/** What the network's bridge has as its address, `ADDRESS/LENGTH`; '' for none. */
export function bridgeAddress({ routing }: Pick<Context, 'routing'>, network: Network | undefined): string {
  const ip = network && gatewayOf(network.spec)
  if (network === undefined || ip === undefined) return ''
  if (!routing.of(network.tenant).some(({ id }) => id === network.id)) return ''
  return `${formatIp(ip)}/${network.spec.subnet.length}`
}

/** The same of IPv6: who is routed is so by both, or by IPv4 alone. */
export function bridgeAddress6(context: Pick<Context, 'routing'>, network: Network | undefined): string {
  const address = network && gateway6Of(network.spec)
  if (network === undefined || address === undefined || bridgeAddress(context, network) === '') return ''
  return `${address}/${subnet6Of(network.spec)?.length}`
}

/** Resolves with the number of repairs. */
export async function settleForwarding(
  { run }: Context,
  { namespace }: Channel,
  network: Network,
  isRouted: boolean,
  reading: Reading,
): Promise<number> {
  const bridge = bridgeName(network.id)
  // most networks have no gateway and never had: one that lost it had its address
  if (!isRouted && (reading.links.get(bridge)?.addresses ?? []).length === 0) return 0
  if ((await reading.routers()).has(bridge) === isRouted) return 0
  const settings = [
    `net.ipv4.conf.${bridge}.forwarding=${isRouted ? 1 : 0}`,
    `net.ipv4.conf.${bridge}.send_redirects=0`,
  ]
  const line = [`--net=/run/netns/${namespace}`, 'sysctl', '-q', '-w', ...settings]
  const { code, stderr } = await run('nsenter', line)
  if (code === 0) return 1
  throw new SkeinError(
    'unavailable',
    `network ${network.name} is not routed: ${stderr.trim()}; run: nsenter ${line.join(' ')}`,
  )
}

function isSame(a: readonly Network[], b: readonly Network[]): boolean {
  return a.length === b.length && a.every(({ id }, at) => id === b[at]?.id)
}
