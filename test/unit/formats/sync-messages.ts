/** The messages of anti-entropy. */
import { dotToPlain, type Vector, vectorFromPlain, vectorToPlain } from '../../../src/crdt/vector.ts'
import { fromHex } from '../../../src/lib/bytes.ts'
import { decode, encode, type Plain } from '../../../src/lib/cbor.ts'
import { maxMessageBytes } from '../../../src/mesh/transport.ts'
import { stateHashBytes } from '../../../src/replica/agreement.ts'
import { attribute, type ShortEntry, shortToPlain } from '../../../src/replica/short-vector.ts'
import {
  answer,
  ask,
  openChunk,
  openRequest,
  openShown,
  openTips,
  type Shown,
  type SyncRequest,
  syncProtocol,
  understandsShort,
  wantToPlain,
} from '../../../src/replica/sync-messages.ts'
import { bitsOf, narrowShape, summaryBytes, wideShape } from '../../../src/replica/vector-summary.ts'
import { type Format, format } from './golden.ts'

const [keyA, keyB] = ['aa'.repeat(32), 'bb'.repeat(32)]
const hash = 'cd'.repeat(32)
const vector: Vector = new Map([
  [
    keyA,
    [
      { counter: 70_000, hash },
      { counter: 3, hash },
    ],
  ],
  [keyB, [{ counter: 1, hash: 'ef'.repeat(32) }]],
])
const state = new Uint8Array(stateHashBytes).fill(0x5a)
const unit = new Uint8Array([1, 2, 3])
const short: readonly ShortEntry[] = [
  { prefix: 'aaaaaa', head: { counter: 70_000, hash: 'cd'.repeat(4) } },
  { prefix: 'aaaaaa', head: { counter: 3, hash: 'cd'.repeat(4) } },
  { prefix: 'bbbbbb', head: { counter: 1, hash: 'ef'.repeat(4) } },
]
const inShort = (entries: readonly ShortEntry[]) => shortToPlain(attribute(entries, [keyA, keyB]).vector, [keyA, keyB])
const stateIn = (message: { state?: Uint8Array }) => (message.state ? [message.state] : [])
const behind = (more: SyncRequest & { kind: 'pull' | 'offer' }) => (more.short ? [inShort(more.short)] : [])

/** As docs/reference/wire.md has it: the code that asks puts the same arrays together where it asks. */
function plainOf(request: SyncRequest): Plain {
  switch (request.kind) {
    case 'hello':
      return [ask.hello, request.hash, ...(request.inShort ? [understandsShort] : []), ...stateIn(request)]
    case 'entries':
      return [ask.entries, [...request.buckets]]
    case 'pull':
      return [ask.pull, request.wants.map(want => wantToPlain(want)), ...behind(request)]
    case 'offer':
      return [ask.offer, vectorToPlain(request.vector), ...behind(request)]
    case 'tips':
      return [ask.tips, bitsOf(request.wanted, request.shape)]
    case 'orphans':
      return [ask.orphans, request.hash, ...(request.units.length > 0 ? [[...request.units]] : [])]
    case 'has':
      return [ask.has, dotToPlain(request.dot)]
  }
}

function plainOfShown(shown: Shown): Plain {
  if (shown === 'incomplete') return [answer.incomplete]
  if ('equal' in shown) return [answer.equal, ...stateIn(shown)]
  if ('vector' in shown) return [answer.vector, vectorToPlain(shown.vector)]
  return [shown.shape === wideShape ? answer.summary : answer.narrow, shown.summary]
}

const asked = (value: SyncRequest): Format<unknown> =>
  format({ value, encode: request => encode(plainOf(request)), decode: openRequest })

const shown = (value: Shown): Format<unknown> =>
  format({ value, encode: each => encode(plainOfShown(each)), decode: bytes => openShown(plain(bytes)) })

const plain = (bytes: Uint8Array) => decode(bytes, maxMessageBytes)

export const syncMessages = {
  [syncProtocol]: {
    hello: asked({ kind: 'hello', hash: new Uint8Array(32).fill(0xcd), inShort: false }),
    'hello, understands what is in short': asked({
      ...{ kind: 'hello', hash: new Uint8Array(32).fill(0xcd), inShort: true },
    }),
    'hello, with the state': asked({ kind: 'hello', hash: new Uint8Array(32).fill(0xcd), inShort: true, state }),
    equal: shown({ equal: true }),
    'equal, with the state': shown({ equal: true, state }),
    'vector shown': shown({ vector }),
    'summary shown': shown({ summary: new Uint8Array(summaryBytes(wideShape)).fill(0x11), shape: wideShape }),
    'narrow summary shown': shown({ summary: new Uint8Array(32).fill(0x11), shape: narrowShape(9) }),
    incomplete: shown('incomplete'),
    entries: asked({ kind: 'entries', buckets: new Set([0, 24, 255]) }),
    'entries shown': format({
      value: vector,
      encode: each => encode(vectorToPlain(each)),
      decode: bytes => vectorFromPlain(plain(bytes)) as Vector,
    }),
    tips: asked({ kind: 'tips', wanted: new Set([0, 9, 15]), shape: narrowShape(9) }),
    'tips shown': format<ReturnType<typeof openTips>>({
      value: { hash: new Uint8Array(32).fill(0xcd), entries: short },
      encode: ({ hash, entries }) => encode([hash, inShort(entries)]),
      decode: bytes => openTips(plain(bytes)),
    }),
    pull: asked({
      kind: 'pull',
      short: undefined,
      wants: [
        { writer: keyA, heads: [{ counter: 70_000, hash }], whole: false },
        { writer: keyB, heads: [], whole: true },
      ],
    }),
    'pull, in short': asked({ kind: 'pull', wants: [{ writer: keyB, heads: [], whole: false }], short }),
    'pull by a locator, in short': asked({
      kind: 'pull',
      wants: [{ writer: keyB, heads: short.map(({ head }) => head), whole: true }],
      short: [],
    }),
    chunk: format<ReturnType<typeof openChunk>>({
      value: { units: [unit, unit], more: true, unknown: [keyB] },
      encode: ({ units, more, unknown }) => encode([units, more, unknown.map(fromHex)]),
      decode: bytes => openChunk(plain(bytes)),
    }),
    offer: asked({ kind: 'offer', vector, short: undefined }),
    'offer, in short': asked({ kind: 'offer', vector: new Map([[keyB, [{ counter: 1, hash }]]]), short }),
    taken: format({ value: [], encode, decode: plain }),
    has: asked({ kind: 'has', dot: { writer: keyA, counter: 2 ** 40 } }),
    'is held': format({ value: [true], encode, decode: plain }),
    'orphaned units': asked({ kind: 'orphans', hash: new Uint8Array(32).fill(0xcd), units: [] }),
    'orphaned units given': asked({ kind: 'orphans', hash: new Uint8Array(32).fill(0xcd), units: [unit, unit] }),
    'the same ones': format({ value: [true], encode, decode: plain }),
  },
}
