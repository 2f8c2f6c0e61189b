/** Packets of any IP protocol, of either family, and who saw them. */
import { parseIp } from '../../../src/model/ip.ts'
import { crc32c } from '../../../src/store/crc32c.ts'
import type { Host } from '../datapath/lab.ts'
import { ipBytes, macBytes, sumOf, udp } from './frames.ts'

export interface End {
  readonly mac: string
  readonly ip: string
  readonly ip6: string
}

export interface Packet {
  readonly from: End
  readonly to: End
  readonly family: 4 | 6
  readonly protocol: number
  /** 16 bits that tell the receiver which packet it was; not 0. */
  readonly label: number
  /** Number of a header of IPv6 that comes before what the protocol has. */
  readonly behind?: number
}

/** Ethernet, IPv4 (with the label as its identification) or IPv6 (as its flow label), and what makes sense of that protocol. */
export function packetBytes({ from, to, family, protocol, label, behind }: Packet): Buffer {
  const type = Buffer.from(family === 4 ? '0800' : '86dd', 'hex')
  const [src, dst] = family === 4 ? [bytesOf(from.ip), bytesOf(to.ip)] : [ipBytes(from.ip6), ipBytes(to.ip6)]
  const body = bodyOf(protocol)
  const checksumAt = family === 6 ? checksums6.get(protocol) : undefined
  if (checksumAt !== undefined) {
    const pseudo = Buffer.from([0, 0, 0, body.length, 0, 0, 0, protocol])
    body.writeUInt16BE(0, checksumAt)
    body.writeUInt16BE(sumOf(Buffer.concat([src, dst, pseudo, body])), checksumAt)
  }
  // so short a header is sound as options, as a way and as an authentication
  const extra = behind === undefined ? [] : [Buffer.from([protocol, 0, 1, 4, 0, 0, 0, 0])]
  const rest = Buffer.concat([...extra, body])
  const header = Buffer.alloc(family === 4 ? 12 : 8)
  if (family === 4) {
    header.writeUInt16BE(0x4500, 0)
    header.writeUInt16BE(20 + rest.length, 2)
    header.writeUInt16BE(label, 4)
    header.writeUInt8(64, 8)
    header.writeUInt8(protocol, 9)
    header.writeUInt16BE(sumOf(Buffer.concat([header, src, dst])), 10)
  } else {
    header.writeUInt32BE(0x60000000 + label, 0)
    header.writeUInt16BE(rest.length, 4)
    header.writeUInt8(behind ?? protocol, 6)
    header.writeUInt8(64, 7)
  }
  return Buffer.concat([macBytes(to.mac), macBytes(from.mac), type, header, src, dst, rest])
}

/** Where those of UDP and ICMPv6 are. */
const checksums6 = new Map([
  [17, 6],
  [58, 2],
])

function bytesOf(ip: string): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(parseIp(ip) ?? 0)
  return bytes
}

/** What connection tracking looks into is sound, for what is not is dropped whatever the rules say. */
function bodyOf(protocol: number): Buffer {
  if (protocol === 1 || protocol === 58) {
    const echo = Buffer.from([protocol === 1 ? 8 : 128, 0, 0, 0, 0x12, 0x34, 0, 1, 0, 0, 0, 0])
    echo.writeUInt16BE(sumOf(echo), 2)
    return echo
  }
  if (protocol === 17) return udp(8888).bytes
  if (protocol === 132) {
    // SCTP: ports, no tag; an INIT with a tag, a window, streams and a first number
    const init = Buffer.from('13881389000000000000000001000014aaaaaaaa00010000000a000a00000001', 'hex')
    init.writeUInt32LE(crc32c(init), 8)
    return init
  }
  // GRE with IPv4 in it; the other protocols have no form that anybody looks at
  return Buffer.from('000008000000000000000000', 'hex')
}

const watchRules = `add table inet seen
add set inet seen ids { typeof ip id; flags dynamic; }
add set inet seen labels { typeof ip6 flowlabel; flags dynamic; }
add chain inet seen in { type filter hook prerouting priority raw; }
add rule inet seen in ip id != 0 add @ids { ip id }
add rule inet seen in ip6 flowlabel != 0 add @labels { ip6 flowlabel }`

/** The container notes the labels of what comes in from now on. */
export function watchPackets(host: Host, container: string): Promise<string> {
  return host.exec('ip', 'netns', 'exec', container, 'nft', watchRules)
}

/** What it noted: `4 LABEL`, `6 LABEL`. */
export async function packetsSeen(host: Host, container: string): Promise<Set<string>> {
  const { nftables } = JSON.parse(
    await host.exec('ip', 'netns', 'exec', container, 'nft', '-j', 'list', 'table', 'inet', 'seen'),
  )
  return new Set(
    nftables.flatMap(({ set }: { set?: { name: string; elem?: number[] } }) =>
      (set?.elem ?? []).map(label => `${set?.name === 'ids' ? 4 : 6} ${label}`),
    ),
  )
}
