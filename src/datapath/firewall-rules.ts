/** Pure: the text of Skein's two nftables tables in the host's namespace. Loaded in one transaction, so never half there. */
import type { RegistryView } from '../crdt/registry-view.ts'
import type { PeerKey } from '../lib/keys.ts'
import { parseIp } from '../model/ip.ts'
import { firewallTable } from './names.ts'
import { firstChosenVni, isVni, probeVni } from './vni.ts'

/** Skein's UDP port unless it is told another: what comes to it is Skein's. */
const ownPort = 7374

/** The VNI: 8 bytes of UDP header, then flags and reserved bytes, 32 bits (RFC 7348). */
const vniField = '@th,96,24'

export interface FirewallWishes {
  readonly vxlanPort: number
  /** Underlay addresses that may send us VXLAN -> the member's key, kept as the element's comment. */
  readonly senders: ReadonlyMap<string, string>
  /** Set on a port that others use too: there, only frames with these VNIs are Skein's business. */
  readonly vnis: GuardedVnis | undefined
  /** Subnets of docker_gwbridge, `ADDRESS/LENGTH`; empty while Docker has not made it. */
  readonly gatewaySubnets: readonly string[]
}

export interface GuardedVnis {
  /** On which this host receives a network. */
  readonly received: ReadonlySet<number>
  /** On which any member does. */
  readonly known: ReadonlySet<number>
}

/** True if a user chose the port: then because something else is on it, or may be (Docker's own overlay has 4789). */
export function isSharedPort(vxlanPort: number): boolean {
  return vxlanPort !== ownPort
}

/**
 * - Towards us, VXLAN comes from members only, and not with a member's address out of a bridge that does not lead to it
 *   (a container can forge its source). In the input hook: broadcast and multicast reach the socket too.
 * - Nobody's VXLAN is forwarded: a container's would be masqueraded to this host's address and pass as a member's.
 * - On a port that others use too, both hold for our VNIs. What is too short to say its VNI, as a fragment may be, does
 *   not pass for another's.
 * - On docker_gwbridge no frame passes from one port to another. The bridge family sees it whatever
 *   bridge-nf-call-iptables says, and only frames between ports are in its forward hook: what goes to and from the host
 *   is not. By address, since this must hold from a port's first frame on (isolating the port comes after it). Link-local
 *   addresses could be anybody's: they wait for a second before they are used (RFC 4862, 5.4), and the port is isolated by then.
 */
export function firewallText({ vxlanPort, senders, vnis, gatewaySubnets }: FirewallWishes): string {
  const elements = [...senders]
    .filter(([address, key]) => parseIp(address) !== undefined && /^[0-9a-f]*$/.test(key))
    .sort(([a], [b]) => (parseIp(a) ?? 0) - (parseIp(b) ?? 0))
    .map(([address, key]) => `${address} comment "${key}"`)
  return `${reset('inet')}${reset('bridge')}
table inet ${firewallTable} {
  set senders {
    type ipv4_addr
    ${elements.length === 0 ? '' : `elements = { ${elements.join(', ')} }`}
  }
${vnis ? vniSet('received', vnis.received) + vniSet('known', vnis.known) : ''}  chain to_host {
    type filter hook input priority raw; policy accept;
    udp dport ${vxlanPort} jump vxlan_guard
  }
  chain vxlan_guard {
    ${vnis ? `${vniField} != @received accept` : ''}
    meta iifkind "bridge" fib saddr . iif oif missing counter drop
    ip saddr @senders accept
    counter drop
  }
  chain forwarded {
    type filter hook forward priority raw; policy accept;
    udp dport ${vxlanPort} ${vnis ? 'jump forwarded_vxlan' : 'counter drop'}
  }
${vnis ? forwardedVxlan : ''}}
table bridge ${firewallTable} {
  chain between_ports {
    type filter hook forward priority filter; policy accept;
    ${gatewaySubnets.flatMap(subnetRules).join('\n    ')}
  }
}
`
}

/** Out of a container, no VNI passes that a member may have chosen and this host has not heard of yet. */
const forwardedVxlan = `  chain forwarded_vxlan {
    ${vniField} @known counter drop
    meta iifkind "bridge" ${vniField} >= ${firstChosenVni} counter drop
    ${vniField} 0-0xffffff accept
    counter drop
  }
`

function vniSet(name: string, vnis: ReadonlySet<number>): string {
  const elements = [...vnis].filter(isVni).sort((a, b) => a - b)
  const body = elements.length === 0 ? '' : `\n    elements = { ${elements.join(', ')} }`
  return `  set ${name} {\n    typeof ${vniField}${body}\n  }\n`
}

/** One address in the subnet is enough: nothing with such an address is bridged anywhere but on docker_gwbridge. */
function subnetRules(subnet: string): string[] {
  if (subnet.includes(':')) return [`ip6 saddr ${subnet} counter drop`, `ip6 daddr ${subnet} counter drop`]
  return ['ip saddr', 'ip daddr', 'arp saddr ip', 'arp daddr ip'].map(field => `${field} ${subnet} counter drop`)
}

/**
 * Which VNIs to guard, after a look at the state. What was guarded before stays: a peer that lost its data does not know
 * the networks whose containers still run here (I5).
 */
export function nextVnis(
  guarded: ReadonlySet<number>,
  view: Pick<RegistryView, 'members' | 'vnisOf'>,
  self: PeerKey,
): GuardedVnis {
  const received = new Set([probeVni, ...guarded, ...view.vnisOf(self).keys()])
  const known = new Set(received)
  for (const { key } of view.members()) for (const vni of view.vnisOf(key).keys()) known.add(vni)
  return { received, known }
}

/** From where a member sends. */
export interface Sender {
  readonly key: PeerKey
  /** Several of a forked one: of each machine that has its key (R8). */
  readonly addresses: readonly string[]
}

export function sendersIn(view: Pick<RegistryView, 'members' | 'isForked' | 'networks' | 'vteps'>): Sender[] {
  return view.members().map(({ key, vtepAddress }) => {
    if (!view.isForked(key)) return { key, addresses: [vtepAddress] }
    const vteps = view.networks().flatMap(({ id }) => view.vteps(id).filter(({ owner }) => owner === key))
    return { key, addresses: [...new Set([vtepAddress, ...vteps.map(({ address }) => address)])] }
  })
}

function isAddress(text: string): boolean {
  return parseIp(text) !== undefined
}

/** Declaring before deleting: deleting a table that is not there would fail the transaction. */
function reset(family: string): string {
  return `table ${family} ${firewallTable}\ndelete table ${family} ${firewallTable}\n`
}

/**
 * Who may send, after a look at the members. Addresses accumulate: one is dropped only when the very member that it was
 * admitted for is seen with another, never because a member is not known (I5).
 */
export function nextSenders(
  senders: ReadonlyMap<string, string>,
  members: readonly Sender[],
  ownAddress: string,
): Map<string, string> {
  const next = new Map(senders)
  const addressesOf = new Map(members.map(({ key, addresses }) => [key, addresses.filter(isAddress)]))
  for (const [address, key] of senders) {
    const seen = addressesOf.get(key) ?? []
    if (seen.length > 0 && !seen.includes(address)) next.delete(address)
  }
  for (const [key, seen] of addressesOf) for (const address of seen) next.set(address, key)
  next.delete(ownAddress) // this host sends nothing to itself: with its own address it can only be forged
  return next
}
