/**
 * Pure: nft's text for the table that takes from each container only its own address and MAC, in the bridge family of the
 * tenant's namespace. One rule set, whatever the number of ports: a lookup by (port, MAC, address).
 */
import { parseIp } from '../model/ip.ts'
import { formatIp6, parseIp6 } from '../model/ip6.ts'
import { isUnicastMac } from './plan.ts'

/** Of family bridge, in the tenant's namespace. */
export const spoofTable = 'skein'

/** What the container behind a port may say of itself. */
export interface PortIdentity {
  readonly mac: string
  /** Dotted. */
  readonly ip: string
  /** Canonical text; '' without IPv6. */
  readonly ip6: string
}

/** What the devices of this host's networks are, apart from the containers: elements of sets. */
export interface Surroundings {
  /** See `gatewayElement`, of both families. */
  readonly gateways: ReadonlySet<string>
  readonly gateways6: ReadonlySet<string>
  /** VXLAN devices of networks with IPv6, quoted. */
  readonly tunnels6: ReadonlySet<string>
}

export const noSurroundings: Surroundings = { gateways: new Set(), gateways6: new Set(), tunnels6: new Set() }

const family = `bridge ${spoofTable}`

/**
 * - A tagged frame is no container's: the kernel shows what is in it as if it had no tag, but not to the policies.
 * - Anything but IPv4, ARP and, of a container that has it, IPv6 is dropped: policies do not see it.
 * - Out of the tunnel come answers of ARP and neighbour discovery, by which the VXLAN device itself speaks for the other hosts'
 *   containers, and no questions: every host answers its own. The gateway is on this host, so nobody else speaks for it.
 * - A container asks and answers as itself: source, target and the option with its MAC (RFC 4861, 4.3 and 4.4, which has no other of
 *   that size) are its own. It has no routers' part: advertisements, redirects and listener queries go nowhere.
 */
export function spoofText(
  ports: ReadonlyMap<string, PortIdentity>,
  surroundings: Surroundings = noSurroundings,
): string {
  const sets = Object.entries(allElements(ports, surroundings))
  return `table ${family}
delete table ${family}
table ${family} {
  set ports { type ifname; }
  set own4 { typeof iifname . ether saddr . ip saddr; }
  set ownarp { typeof iifname . ether saddr . arp saddr ether . arp saddr ip; }
  set own6 { typeof iifname . ether saddr . ip6 saddr; }
  set ownmac { typeof iifname . @th,208,48; }
  set speakers6 { typeof iifname . ether saddr; }
  set gateways { typeof iifname . arp saddr ip; }
  set gateways6 { typeof iifname . ip6 saddr; }
  set tunnels6 { type ifname; }
  chain tunnel6 {
    iifname != @tunnels6 counter drop
    icmpv6 type nd-neighbor-advert iifname . icmpv6 taddr @gateways6 counter drop
    icmpv6 type nd-neighbor-advert accept
    icmpv6 type { 130-137, 143 } counter drop
  }
  chain asking {
    iifname . ether saddr . icmpv6 taddr @own6 ip6 saddr :: ip6 length 24 accept
    iifname . ether saddr . icmpv6 taddr @own6 ip6 saddr :: ip6 length 32 @th,192,16 0x0e01 accept
    iifname . ether saddr . ip6 saddr != @own6 counter drop
    ip6 length 24 accept
    ip6 length 32 @th,192,16 0x0101 iifname . @th,208,48 @ownmac accept
    counter drop
  }
  chain answering {
    iifname . ether saddr . ip6 saddr != @own6 counter drop
    iifname . ether saddr . icmpv6 taddr != @own6 counter drop
    ip6 length 24 accept
    ip6 length 32 @th,192,16 0x0201 iifname . @th,208,48 @ownmac accept
    counter drop
  }
  chain speaking6 {
    icmpv6 type nd-neighbor-solicit goto asking
    icmpv6 type nd-neighbor-advert goto answering
    icmpv6 type { 131, 132, 143 } ip6 saddr :: iifname . ether saddr @speakers6 accept
    icmpv6 type { 130, 133, 134, 137 } counter drop
    iifname . ether saddr . ip6 saddr @own6 accept
    counter drop
  }
  chain entering {
    type filter hook prerouting priority -300; policy accept;
    ether type { 8021q, 8021ad } counter drop
    iifname "skx*" ether type arp iifname . arp saddr ip @gateways counter drop
    iifname "skx*" ether type arp arp operation reply accept
    iifname "skx*" ether type ip6 goto tunnel6
    iifname "skx*" ether type != ip counter drop
    iifname != @ports accept
    iifname . ether saddr . ip saddr @own4 accept
    iifname . ether saddr . arp saddr ether . arp saddr ip @ownarp accept
    ether type ip6 goto speaking6
    counter drop
  }
}
${sets.map(([set, elements]) => elementText('add', set, elements)).join('')}`
}

/** A line that lets ports in, in place of what was known of them, and others out. */
export function portsLine(
  known: ReadonlyMap<string, PortIdentity>,
  admitted: ReadonlyMap<string, PortIdentity>,
  released: readonly string[],
): string {
  const leaving = new Map([...known].filter(([port]) => released.includes(port) || admitted.has(port)))
  const removals = Object.entries(elementsOf(leaving)).map(([set, elements]) => elementText('delete', set, elements))
  const additions = Object.entries(elementsOf(admitted)).map(([set, elements]) => elementText('add', set, elements))
  return [...removals, ...additions].join('').trimEnd().replaceAll('\n', '; ')
}

/** The identities in the listing of a table: the inverse of what was loaded. */
export function portsOf(own4: Iterable<string>, own6: Iterable<string>): Map<string, PortIdentity> {
  const ports = new Map<string, PortIdentity>()
  const parts = (key: string) => key.split(' . ').map(part => part.replaceAll('"', ''))
  for (const key of own4) {
    const [port, mac, ip] = parts(key)
    if (port && mac && ip) ports.set(port, { mac, ip, ip6: '' })
  }
  for (const key of own6) {
    const [port = '', mac, ip6 = ''] = parts(key)
    const known = ports.get(port)
    if (known && known.mac === mac && ip6 !== linkLocal(known.mac)) ports.set(port, { ...known, ip6 })
  }
  return ports
}

type PortSet = 'ports' | 'own4' | 'ownarp' | 'own6' | 'ownmac' | 'speakers6'

/** Elements by set. An address that asks whether it is free (0.0.0.0) is the container's own. */
export function elementsOf(ports: ReadonlyMap<string, PortIdentity>): Record<PortSet, string[]> {
  const sound = [...ports].filter(([, { mac, ip }]) => isUnicastMac(mac) && parseIp(ip) !== undefined)
  const dual = sound.filter(([, { ip6 }]) => parseIp6(ip6) !== undefined)
  return {
    ports: sound.map(([port]) => `"${port}"`),
    own4: sound.map(([port, { mac, ip }]) => `"${port}" . ${mac} . ${ip}`),
    ownarp: sound.flatMap(([port, { mac, ip }]) =>
      [ip, '0.0.0.0'].map(address => `"${port}" . ${mac} . ${mac} . ${address}`),
    ),
    own6: dual.flatMap(([port, { mac, ip6 }]) =>
      [ip6, linkLocal(mac)].map(address => `"${port}" . ${mac} . ${address}`),
    ),
    // as nft lists a number
    ownmac: dual.map(([port, { mac }]) => `"${port}" . 0x${macNumber(mac).toString(16)}`),
    speakers6: dual.map(([port, { mac }]) => `"${port}" . ${mac}`),
  }
}

/** Everything that the table has elements for. */
export function allElements(
  ports: ReadonlyMap<string, PortIdentity>,
  { gateways, gateways6, tunnels6 }: Surroundings,
): Record<PortSet | keyof Surroundings, string[]> {
  return { ...elementsOf(ports), gateways: [...gateways], gateways6: [...gateways6], tunnels6: [...tunnels6] }
}

function macNumber(mac: string): bigint {
  return BigInt(`0x${mac.replaceAll(':', '')}`)
}

/** The link-local address that the kernel makes of a MAC (EUI-64, RFC 4291 appendix A). */
export function linkLocal(mac: string): string {
  const number = macNumber(mac) ^ (2n << 40n)
  return formatIp6((0xfe80n << 112n) | ((number >> 24n) << 40n) | (0xfffen << 24n) | (number & 0xffffffn))
}

/** A gateway that must not come in by this device. `gateway`: `ADDRESS/LENGTH`, of either family. */
export function gatewayElement(device: string, gateway: string): string {
  return `"${device}" . ${gateway.split('/')[0]}`
}

function elementText(verb: 'add' | 'delete', set: string, elements: readonly string[]): string {
  return elements.length === 0 ? '' : `${verb} element ${family} ${set} { ${elements.join(', ')} }\n`
}
