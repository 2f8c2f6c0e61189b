/**
 * Pure: nft's text for the table that takes from each container only its own address and MAC, in the bridge family of the
 * tenant's namespace. One rule set, whatever the number of ports: a lookup by (port, MAC, address).
 */
import { parseIp } from '../model/ip.ts'
import { isUnicastMac } from './plan.ts'

/** Of family bridge, in the tenant's namespace. */
export const spoofTable = 'skein'

/** What the container behind a port may say of itself. */
export interface PortIdentity {
  readonly mac: string
  /** Dotted. */
  readonly ip: string
}

const family = `bridge ${spoofTable}`

/**
 * - A tagged frame is no container's: the kernel shows what is in it as if it had no tag, but not to the policies.
 * - Anything but IPv4 and ARP is dropped: policies do not see it. IPv6 among it, since no network has an IPv6 subnet.
 * - Out of the tunnel come answers of ARP, by which the VXLAN device itself speaks for the other hosts' containers, and no
 *   questions: every host answers its own. The gateway is on this host, so nobody else speaks for it.
 * @param gateways see `gatewayElement`
 */
export function spoofText(ports: ReadonlyMap<string, PortIdentity>, gateways: ReadonlySet<string> = new Set()): string {
  const sets = Object.entries({ ...elementsOf(ports), gateways: [...gateways] })
  return `table ${family}
delete table ${family}
table ${family} {
  set ports { type ifname; }
  set own4 { typeof iifname . ether saddr . ip saddr; }
  set ownarp { typeof iifname . ether saddr . arp saddr ether . arp saddr ip; }
  set gateways { typeof iifname . arp saddr ip; }
  chain entering {
    type filter hook prerouting priority -300; policy accept;
    ether type { 8021q, 8021ad } counter drop
    iifname "skx*" ether type arp iifname . arp saddr ip @gateways counter drop
    iifname "skx*" ether type arp arp operation reply accept
    iifname "skx*" ether type != ip counter drop
    iifname != @ports accept
    iifname . ether saddr . ip saddr @own4 accept
    iifname . ether saddr . arp saddr ether . arp saddr ip @ownarp accept
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
export function portsOf(own4: Iterable<string>): Map<string, PortIdentity> {
  const ports = new Map<string, PortIdentity>()
  for (const key of own4) {
    const [port, mac, ip] = key.split(' . ')
    if (port && mac && ip) ports.set(port.replaceAll('"', ''), { mac, ip })
  }
  return ports
}

/** Elements by set. An address that asks whether it is free (0.0.0.0) is the container's own. */
export function elementsOf(ports: ReadonlyMap<string, PortIdentity>): Record<'ports' | 'own4' | 'ownarp', string[]> {
  const sound = [...ports].filter(([, { mac, ip }]) => isUnicastMac(mac) && parseIp(ip) !== undefined)
  return {
    ports: sound.map(([port]) => `"${port}"`),
    own4: sound.map(([port, { mac, ip }]) => `"${port}" . ${mac} . ${ip}`),
    ownarp: sound.flatMap(([port, { mac, ip }]) =>
      [ip, '0.0.0.0'].map(address => `"${port}" . ${mac} . ${mac} . ${address}`),
    ),
  }
}

/** A gateway that must not come in by this device. `gateway`: `ADDRESS/LENGTH`. */
export function gatewayElement(device: string, gateway: string): string {
  return `"${device}" . ${gateway.split('/')[0]}`
}

function elementText(verb: 'add' | 'delete', set: string, elements: readonly string[]): string {
  return elements.length === 0 ? '' : `${verb} element ${family} ${set} { ${elements.join(', ')} }\n`
}
