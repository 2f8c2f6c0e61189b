/** A message of each form that each protocol has, and tokens: the golden bytes are of these. */
import assert from 'node:assert/strict'
import {
  apiProtocol,
  decodeRelayed,
  decodeRelayedAnswer,
  encodeRelayed,
  encodeRelayedAnswer,
  type RelayedRequest,
} from '../../../src/api/relay-messages.ts'
import {
  type Claim,
  decodeGrant,
  decodeRequest,
  decodeVerdict,
  donationProtocol,
  encodeClaim,
  encodeGrant,
  encodeVerdict,
  encodeWant,
  type Grant,
  type Want,
} from '../../../src/ipam/core/want.ts'
import { fromHex } from '../../../src/lib/bytes.ts'
import { SkeinError } from '../../../src/lib/errors.ts'
import { createFrameReader, frame } from '../../../src/mesh/frames.ts'
import { topicOf } from '../../../src/mesh/gossip.ts'
import { joinProtocol } from '../../../src/mesh/join.ts'
import { ping, pingProtocol } from '../../../src/mesh/link.ts'
import { outdatedAnswer, outdatedProtocol } from '../../../src/mesh/outdated.ts'
import { pushProtocol } from '../../../src/mesh/push.ts'
import { removedProtocol, removedQuestion } from '../../../src/mesh/removed.ts'
import { decodeAnswer, encodeAnswer, encodeRefusal } from '../../../src/mesh/rpc.ts'
import { decodeToken, encodeToken } from '../../../src/mesh/token.ts'
import { type Invitation, maxMessageBytes } from '../../../src/mesh/transport.ts'
import { decodeBroadcast, encodeBroadcast } from '../../../src/replica/broadcast-message.ts'
import { decodeJoinRequest, encodeJoinReply, encodeJoinRequest, introductionsIn } from '../../../src/replica/join.ts'
import { decodeLeave, encodeLeave, leaveAnswer, leaveProtocol } from '../../../src/replica/leave-messages.ts'
import {
  decodePlaces,
  decodePlacesQuestion,
  decodeRejoin,
  encodePlaces,
  encodePlacesQuestion,
  encodeRejoin,
  placesProtocol,
  rejoinProtocol,
} from '../../../src/replica/rejoin-messages.ts'
import { decodeNotice, encodeNotice } from '../../../src/replica/removal-notice.ts'
import { constant, type Format, format, golden } from './golden.ts'
import { syncMessages } from './sync-messages.ts'

const meshId = 'ab'.repeat(16)
const [keyA, keyB] = ['aa'.repeat(32), 'bb'.repeat(32)]
const network = '12'.repeat(32)
const signature = (byte: number) => new Uint8Array(64).fill(byte)
const addresses = ['10.0.0.1:7373', '[fe80::1]:7373']
const ofBatches = golden('batches')
const [first, second] = [fromHex(ofBatches.first ?? ''), fromHex(ofBatches.second ?? '')]
const batches = [first, second]

const places = format({
  value: ['10.0.0.1', '192.168.5.6'],
  encode: encodePlaces,
  decode: decodePlaces,
})

const membersToConnectTo = format({
  value: [
    { key: keyA, addresses },
    { key: keyB, addresses: [] },
  ],
  encode: encodeJoinReply,
  decode: introductionsIn,
})

function asked(value: Want | Claim): Format<unknown> {
  const encode = (request: Want | Claim) => (request.kind === 'want' ? encodeWant(request) : encodeClaim(request))
  return format({ value, encode, decode: decodeRequest })
}

/** To who said that it takes so many single addresses. */
function given(value: Grant, singles: number): Format<unknown> {
  return format({ value, encode: grant => encodeGrant(grant, singles), decode: decodeGrant })
}

/** What is in the one frame that these bytes are. */
function framed(bytes: Uint8Array): Uint8Array {
  const frames: Uint8Array[] = []
  createFrameReader(maxMessageBytes, each => frames.push(each))(bytes)
  const [only] = frames
  assert.ok(only && frames.length === 1)
  return only
}

function refusalIn(bytes: Uint8Array): SkeinError {
  try {
    decodeAnswer(bytes, '')
  } catch (error) {
    if (error instanceof SkeinError) return error
  }
  return assert.fail('no refusal')
}

/** By protocol, as docs/reference/wire.md lists them. */
export const protocols: Readonly<Record<string, Readonly<Record<string, Format<unknown>>>>> = {
  ...syncMessages,
  [donationProtocol]: {
    want: asked({ kind: 'want', network, count: 3, nonce: 4_000_000_000, evenLast: true, singles: 2 }),
    'blocks given': given({ blocks: [5, 31, 700], ips: [], coolsInMs: 0 }, 0),
    'single addresses given': given({ blocks: [], ips: [0x0a010203, 0x0a010204], coolsInMs: 0 }, 2),
    'nothing given yet': given({ blocks: [], ips: [], coolsInMs: 30_000 }, 2),
    claim: asked({ kind: 'claim', network, ip: 0xc0a80105, nonce: 9 }),
    "the asker's": format({ value: true, encode: encodeVerdict, decode: decodeVerdict }),
    'not to give': format({ value: false, encode: encodeVerdict, decode: decodeVerdict }),
  },
  [apiProtocol]: {
    request: format<RelayedRequest>({
      value: { method: 'POST', url: '/api/v1/tenants', body: '{"name":"blüe"}' },
      encode: encodeRelayed,
      decode: decodeRelayed,
    }),
    'request without a body': format<RelayedRequest>({
      value: { method: 'GET', url: '/api/v1/status', body: '' },
      encode: encodeRelayed,
      decode: decodeRelayed,
    }),
    answer: format({
      value: {
        status: 201,
        headers: { 'skein-dot': `${keyA}:9`, 'skein-existed': 'true', 'content-type': 'application/json' },
        body: '{"name":"blüe"}\n',
      },
      encode: encodeRelayedAnswer,
      decode: bytes => decodeRelayedAnswer(bytes, 'host2'),
    }),
  },
  [joinProtocol]: {
    request: format({
      value: { key: keyB, name: 'host2', addresses, proof: signature(0x51), admission: signature(0x52) },
      encode: encodeJoinRequest,
      decode: decodeJoinRequest,
    }),
    answer: membersToConnectTo,
  },
  [removedProtocol]: {
    request: constant(removedQuestion),
    answer: format({
      value: [first, second] as const,
      encode: ([removal, end]) => encodeNotice(removal, end),
      decode: decodeNotice,
    }),
  },
  [outdatedProtocol]: { request: constant(first), answer: constant(outdatedAnswer) },
  [leaveProtocol]: {
    request: format({ value: 70_001, encode: encodeLeave, decode: decodeLeave }),
    answer: constant(leaveAnswer),
  },
  [rejoinProtocol]: {
    request: format({
      value: {
        ...{ key: keyB, name: 'host2', addresses, places: ['10.0.0.1', '192.168.5.6'] },
        ...{ machine: 'ee'.repeat(16), proof: signature(0x51), succession: signature(0x52) },
      },
      encode: encodeRejoin,
      decode: decodeRejoin,
    }),
    'request of an unknown machine': format({
      value: {
        ...{ key: keyB, name: 'host2', addresses: [], places: [] },
        ...{ machine: '', proof: signature(0x51), succession: signature(0x52) },
      },
      encode: encodeRejoin,
      decode: decodeRejoin,
    }),
    answer: membersToConnectTo,
  },
  [placesProtocol]: {
    request: format({ value: keyA, encode: encodePlacesQuestion, decode: decodePlacesQuestion }),
    answer: places,
  },
  [pushProtocol]: {
    frame: format({
      value: batches,
      encode: sent => frame(encodeBroadcast(sent)),
      decode: bytes => decodeBroadcast(framed(bytes)) ?? [],
    }),
  },
  [pingProtocol]: { ping: constant(ping) },
  [topicOf('<mesh id>')]: {
    topic: constant(new TextEncoder().encode(topicOf(meshId))),
    broadcast: format({ value: batches, encode: encodeBroadcast, decode: bytes => decodeBroadcast(bytes) ?? [] }),
  },
}

/** What every request and answer is carried in, and what goes from one person to another. */
export const envelopes: Readonly<Record<string, Format<unknown>>> = {
  frame: format({ value: new Uint8Array([1, 2, 3]), encode: frame, decode: framed }),
  'empty frame': format({ value: new Uint8Array(), encode: frame, decode: framed }),
  answer: format({ value: new Uint8Array([1, 2, 3]), encode: encodeAnswer, decode: bytes => decodeAnswer(bytes, '') }),
  refusal: format({
    value: new SkeinError('conflict', 'the name “web” is taken: see skein net ls'),
    encode: encodeRefusal,
    decode: refusalIn,
  }),
  token: format<Invitation>({
    value: {
      ...{ meshId, issuer: keyA, seed: new Uint8Array(32).fill(9) },
      addresses: ['10.0.0.1:7373', '192.168.5.6:65535'],
      expiresMs: 1_764_000_000_000,
    },
    encode: invitation => new TextEncoder().encode(encodeToken(invitation)),
    decode: bytes => decodeToken(new TextDecoder().decode(bytes)),
  }),
}
