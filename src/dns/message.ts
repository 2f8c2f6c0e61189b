/** DNS messages: what is asked, and the answers that Skein gives itself. Pure. What it cannot read is never an error. */
import { type Answer, decode, encode, encodingLength, type Packet, TRUNCATED_RESPONSE } from 'dns-packet'
import { formatIp6 } from '../model/ip6.ts'

export interface Query {
  /** As it was asked, in its upper and lower case. */
  readonly rawName: string
  /** In lower case, without the closing dot. */
  readonly name: string
  /** `A`, `PTR`, … */
  readonly type: string
  readonly packet: Packet
  /** Largest answer over UDP that the asker takes, bytes. */
  readonly udpBytes: number
}

const headerBytes = 12
/** RFC 1035, 2.3.4: without EDNS. */
const plainUdpBytes = 512
/** What passes every path unfragmented (DNS flag day 2020). */
const ednsUdpBytes = 1232
const tcpBytes = 65_535
/** Names are gone within 2 s of their container, so nobody may keep an answer longer than this, s. */
const ttl = 1

const maxLabelBytes = 63
const isResponse = 1 << 15
const opcodeMask = 0xf << 11
const recursionDesired = 1 << 8
const recursionAvailable = 1 << 7
const servfail = 2

/** A header of a query: whatever else it is, it can be passed on. Answers are not for us. */
export function isQuery(bytes: Buffer): boolean {
  return bytes.length >= headerBytes && (bytes.readUInt8(2) & 0x80) === 0
}

/** One ordinary question of class IN; undefined for anything else, however malformed. */
export function parseQuery(bytes: Buffer): Query | undefined {
  if (!isQuery(bytes) || (bytes.readUInt8(2) & 0x78) !== 0) return undefined
  // the counts first: the library makes room for what they announce
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map(at => bytes.readUInt16BE(at))
  if (questions !== 1 || answers !== 0 || authorities !== 0 || (additionals ?? 0) > 2) return undefined
  let packet: Packet
  try {
    packet = decode(bytes)
  } catch {
    return undefined // malformed: the upstream says so in its own words
  }
  const [question] = packet.questions ?? []
  if (question === undefined || (question.class ?? 'IN') !== 'IN') return undefined
  const { name: rawName, type } = question
  const edns = packet.additionals?.find(each => each.type === 'OPT')
  const asked = edns?.type === 'OPT' ? edns.udpPayloadSize : plainUdpBytes
  const udpBytes = Math.max(plainUdpBytes, Math.min(asked, ednsUdpBytes))
  return { rawName, name: rawName.toLowerCase().replace(/\.$/, ''), type, packet, udpBytes }
}

/** The address that a reverse query asks for; undefined if it is none for IPv4. */
export function reversed(name: string): string | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name)
  return match ? match.slice(1).reverse().join('.') : undefined
}

/** The IPv6 address, canonical text, that a reverse query asks for; undefined if it is none. */
export function reversed6(name: string): string | undefined {
  const match = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)
  const digits = match?.[1]?.split('.').reverse().join('')
  return digits === undefined ? undefined : formatIp6(BigInt(`0x${digits}`))
}

/** `data`: an address, or a name. */
export interface OwnRecord {
  readonly type: 'A' | 'AAAA' | 'PTR'
  readonly data: string
}

/** An answer without error. What does not fit is left out, and the answer marked as truncated: the asker then uses TCP. */
export function answer(query: Query, records: readonly OwnRecord[], transport: 'udp' | 'tcp'): Buffer {
  const answers = records.map((record): Answer => ({ ...record, name: query.rawName, ttl, class: 'IN' }))
  const packet = responseTo(query)
  const room = (transport === 'udp' ? query.udpBytes : tcpBytes) - encodingLength(packet)
  const largest = answers.find(({ type }) => type === 'AAAA') ?? answers[0]
  const each = largest ? encodingLength({ ...packet, answers: [largest] }) - encodingLength(packet) : 1
  const fitting = answers.slice(0, Math.max(0, Math.floor(room / each)))
  const flags = (packet.flags ?? 0) | (fitting.length < answers.length ? TRUNCATED_RESPONSE : 0)
  return encode({ ...packet, flags, answers: fitting })
}

/** What a resolver says whose upstream does not answer. `bytes` is a query, readable or not: its question is repeated. */
export function failure(bytes: Buffer): Buffer {
  const end = bytes.readUInt16BE(4) === 1 ? endOfQuestion(bytes) : undefined
  const response = Buffer.from(bytes.subarray(0, end ?? headerBytes))
  const kept = response.readUInt16BE(2) & (opcodeMask | recursionDesired)
  response.writeUInt16BE(isResponse | kept | recursionAvailable | servfail, 2)
  response.fill(0, 4, headerBytes)
  if (end !== undefined) response.writeUInt16BE(1, 4)
  return response
}

/** Where the first question ends; undefined if it does not, or is compressed. */
function endOfQuestion(bytes: Buffer): number | undefined {
  for (let at = headerBytes; at < bytes.length; ) {
    const length = bytes.readUInt8(at)
    if (length > maxLabelBytes) return undefined
    at += 1 + length
    if (length === 0) return at + 4 <= bytes.length ? at + 4 : undefined
  }
  return undefined
}

function responseTo({ packet }: Query): Packet {
  const hasEdns = packet.additionals?.some(each => each.type === 'OPT')
  return {
    type: 'response',
    id: packet.id ?? 0,
    flags: ((packet.flags ?? 0) & recursionDesired) | recursionAvailable,
    questions: packet.questions ?? [],
    answers: [],
    additionals: hasEdns ? [opt] : [],
  }
}

const opt: Answer = {
  ...{ name: '.', type: 'OPT', udpPayloadSize: ednsUdpBytes, extendedRcode: 0, ednsVersion: 0 },
  ...{ flags: 0, flag_do: false, options: [] },
}
