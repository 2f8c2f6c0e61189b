/**
 * Pure: nft's text for the table that takes from each container only its own address and MAC, in the bridge family of the
 * tenant's namespace. One rule set, whatever the number of ports: a lookup by (port, MAC, address).
 */
import { allElements, elementsOf, noSurroundings, type PortIdentity, type Surroundings } from './spoof-elements.ts'

/** Of family bridge, in the tenant's namespace. */
export const spoofTable = 'skein'

const family = `bridge ${spoofTable}`

/**
 * - A tagged frame is no container's: the kernel shows what is in it as if it had no tag, but not to the policies.
 * - Anything but IPv4, ARP and, of a container that has it, IPv6 is dropped: policies do not see it.
 * - Out of the tunnel come answers of ARP and neighbour discovery, by which the VXLAN device itself speaks for the other hosts'
 *   containers, and no questions: every host answers its own. The gateway is on this host, so nobody else speaks for it.
 * - Off the wire of a VLAN come its plain hosts, who speak for themselves; but no router says which addresses and ways a container
 *   has. Where a network has no IPv6, none comes.
 * - A container asks and answers as itself: source, target and the one option, with its MAC (RFC 4861, 4.3 and 4.4), are its own. It has
 *   no routers' part: advertisements, redirects and listener queries go nowhere. Reports of listeners, which no rule judges, go to
 *   groups alone.
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
  set carriers6 { type ifname; }
  chain tunnel6 {
    iifname != @carriers6 counter drop
    icmpv6 type nd-neighbor-advert iifname . icmpv6 taddr @gateways6 counter drop
    icmpv6 type nd-neighbor-advert accept
    icmpv6 type { 130-137, 143 } counter drop
  }
  chain wire6 {
    iifname != @carriers6 counter drop
    icmpv6 type { 134, 137 } counter drop
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
    icmpv6 type { 131, 132, 143 } ip6 daddr != ff02::/16 counter drop
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
    iifname "skl*" ether type ip6 goto wire6
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

function elementText(verb: 'add' | 'delete', set: string, elements: readonly string[]): string {
  return elements.length === 0 ? '' : `${verb} element ${family} ${set} { ${elements.join(', ')} }\n`
}
