/** Ethernet frames with IPv6 in them, sound and forged, and a way to send them from a container as they are. */
import { parseIp6 } from '../../../src/model/ip6.ts'
import type { Host } from '../datapath/lab.ts'

export interface Frame {
  /** MACs. */
  readonly from: string
  readonly to: string
  readonly src: string
  readonly dst: string
  /** 20 bits that tell who receives it which frame it was. */
  readonly label: number
  readonly body: Body
  /** Outer 802.1Q tag. */
  readonly vlan?: number
}

/** What is behind the IPv6 header, its checksum not yet set. */
export interface Body {
  readonly protocol: number
  readonly bytes: Buffer
  /** Where the checksum is. */
  readonly checksum: number
  /** With an empty hop-by-hop header before it. */
  readonly hopByHop?: boolean
}

export function udp(port: number): Body {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt16BE(40_000, 0)
  bytes.writeUInt16BE(port, 2)
  bytes.writeUInt16BE(bytes.length, 4)
  return { protocol: 17, bytes, checksum: 6 }
}

/** ICMPv6 with four bytes of header behind the checksum, then what the type has. */
export function icmp(type: number, ...parts: Buffer[]): Body {
  return { protocol: 58, bytes: Buffer.concat([Buffer.from([type, 0, 0, 0, 0x60, 0, 0, 0]), ...parts]), checksum: 2 }
}

/** Source (1) or target (2) link-layer address. */
export function macOption(type: 1 | 2, mac: string): Buffer {
  return Buffer.concat([Buffer.from([type, 1]), macBytes(mac)])
}

export const nonceOption = Buffer.from([14, 1, 1, 2, 3, 4, 5, 6])

export function ipBytes(ip: string): Buffer {
  return Buffer.from((parseIp6(ip) ?? 0n).toString(16).padStart(32, '0'), 'hex')
}

export function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex')
}

export function frameBytes({ from, to, src, dst, label, body, vlan }: Frame): Buffer {
  const { protocol, checksum, hopByHop = false } = body
  const bytes = Buffer.from(body.bytes)
  const extra = hopByHop ? Buffer.from([protocol, 0, 1, 4, 0, 0, 0, 0]) : Buffer.alloc(0)
  const pseudo = Buffer.alloc(8)
  pseudo.writeUInt32BE(bytes.length, 0)
  pseudo.writeUInt8(protocol, 7)
  bytes.writeUInt16BE(sumOf(Buffer.concat([ipBytes(src), ipBytes(dst), pseudo, bytes])), checksum)
  const header = Buffer.alloc(8)
  header.writeUInt32BE(0x60000000 + label, 0)
  header.writeUInt16BE(extra.length + bytes.length, 4)
  header.writeUInt8(hopByHop ? 0 : protocol, 6)
  header.writeUInt8(255, 7)
  const tag = vlan === undefined ? [] : [0x81, 0, vlan >> 8, vlan & 255]
  const ethernet = Buffer.concat([macBytes(to), macBytes(from), Buffer.from([...tag, 0x86, 0xdd])])
  return Buffer.concat([ethernet, header, ipBytes(src), ipBytes(dst), extra, bytes])
}

/** Checksum of RFC 1071. */
export function sumOf(bytes: Buffer): number {
  const even = Buffer.concat([bytes, Buffer.alloc(bytes.length % 2)])
  let sum = 0
  for (let at = 0; at < even.length; at += 2) sum += even.readUInt16BE(at)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16)
  return ~sum & 0xffff
}

/** A packet socket (AF_PACKET), which Node has not. */
const program = `
my $index = shift;
socket(my $socket, 17, 3, 0x0300) or die $!;
for (@ARGV) { send($socket, pack("H*", $_), 0, pack("SSiSCCx8", 17, 0x0300, $index, 0, 0, 6)) or die $! }`

/** Sends frames on the device with this index, in the network where it is run. */
export function sending(index: number, frames: readonly Frame[]): string[] {
  return sendingBytes(index, frames.map(frameBytes))
}

function sendingBytes(index: number, frames: readonly Buffer[]): string[] {
  return ['perl', '-e', program, String(index), ...frames.map(bytes => bytes.toString('hex'))]
}

export function sendFrames(host: Host, container: string, frames: readonly Frame[]): Promise<string> {
  return sendBytes(host, container, frames.map(frameBytes))
}

/** In this order. */
export async function sendBytes(host: Host, container: string, frames: readonly Buffer[]): Promise<string> {
  const inside = ['ip', 'netns', 'exec', container]
  const [link] = JSON.parse(await host.exec(...inside, 'ip', '-j', 'link', 'show', 'dev', 'eth0'))
  return host.exec(...inside, ...sendingBytes(link.ifindex, frames))
}

/** Notes the labels of what comes in. */
const watchRules = `add table ip6 seen
add set ip6 seen labels { typeof ip6 flowlabel; flags dynamic; }
add chain ip6 seen in { type filter hook prerouting priority raw; }
add rule ip6 seen in ip6 flowlabel != 0 add @labels { ip6 flowlabel }`

/** In the network where the frames arrive: notes their labels from now on; shows what was noted. */
export const watching = { begin: ['nft', watchRules], show: ['nft', '-j', 'list', 'set', 'ip6', 'seen', 'labels'] }

export function watchLabels(host: Host, container: string): Promise<string> {
  return host.exec('ip', 'netns', 'exec', container, ...watching.begin)
}

export async function labelsSeen(host: Host, container: string): Promise<Set<number>> {
  return labelsIn(await host.exec('ip', 'netns', 'exec', container, ...watching.show))
}

export function labelsIn(shown: string): Set<number> {
  const { nftables } = JSON.parse(shown)
  return new Set(nftables.flatMap((each: { set?: { elem?: number[] } }) => each.set?.elem ?? []))
}
