/**
 * Anti-entropy, `/skein/sync/1` (docs/reference/wire.md): one hash when equal; else vectors, then exactly what is missing on
 * either side, in bounded chunks, each asked for when the one before is durable.
 */
import { maxBatchBytes } from '../crdt/batch.ts'
import { bytesOf, dots, list } from '../crdt/plain.ts'
import {
  type Dot,
  dotFromPlain,
  dotToPlain,
  type Vector,
  vectorFromPlain,
  vectorHash,
  vectorToPlain,
} from '../crdt/vector.ts'
import { equalBytes } from '../lib/bytes.ts'
import { decode, encode, type Plain } from '../lib/cbor.ts'
import type { PeerKey } from '../lib/keys.ts'
import { maxMessageBytes, type Transport } from '../mesh/transport.ts'
import type { BatchLog } from './batch-log.ts'
import type { Received } from './intake.ts'

export const syncProtocol = '/skein/sync/1'

/** First element of a request. */
const ask = { hello: 0, pull: 1, push: 2, has: 3 } as const
/** A chunk stops growing behind this; with one more batch it still fits a message. */
const chunkBytes = 256 * 1024
/** Rounds of one synchronisation: each makes progress, so more means a member that never settles down. */
const maxRounds = 32
/** Deadline of one request, ms. */
const requestMs = 5000

export interface SyncDeps {
  transport: Transport
  log: BatchLog
  receive(from: PeerKey, batches: readonly Uint8Array[]): Promise<Received>
  /** The member holds records of this peer's own that this peer does not hold. */
  rolledBack(knownBy: PeerKey, counter: number): void
}

/** Answers a member. Throws on a malformed request. */
export async function answerSync(deps: SyncDeps, from: PeerKey, bytes: Uint8Array): Promise<Uint8Array> {
  const request = decode(bytes, maxMessageBytes)
  if (!Array.isArray(request)) throw new Error('malformed request')
  const vector = deps.log.vector()
  switch (request[0]) {
    case ask.hello: {
      const equal = request[1] instanceof Uint8Array && equalBytes(request[1], vectorHash(vector))
      return encode(equal ? [] : vectorToPlain(vector))
    }
    case ask.pull: {
      const behind = dotsFromZero(request[1])
      if (!behind) throw new Error('malformed request')
      return encode(chunk(deps.log, behind))
    }
    case ask.push: {
      const batches = batchList(request[1])
      if (!batches) throw new Error('malformed request')
      const { behind, accepted } = await deps.receive(from, batches)
      return encode([behind, accepted])
    }
    case ask.has: {
      const dot = dotFromPlain(request[1])
      if (!dot) throw new Error('malformed request')
      return encode([deps.log.head(dot.writer).counter >= dot.counter])
    }
    default:
      throw new Error('unknown request')
  }
}

/** Synchronises with one member, both ways. Resolves when equal or when nothing more can be gained now. */
export async function syncWith(deps: SyncDeps, peer: PeerKey): Promise<{ equal: boolean }> {
  for (let round = 0; round < maxRounds; round++) {
    const mine = deps.log.vector()
    const reply = await request(deps, peer, [ask.hello, vectorHash(mine)])
    if (Array.isArray(reply) && reply.length === 0) return { equal: true }
    const theirs = vectorFromPlain(reply)
    if (!theirs) throw new Error('malformed vector')
    const own = theirs.get(deps.transport.self)
    if (own && !deps.log.holds(deps.transport.self, own)) deps.rolledBack(peer, own.counter)
    const gained = await pull(deps, peer, mine, theirs)
    const given = await push(deps, peer, mine, theirs)
    if (gained + given === 0) return { equal: false }
  }
  return { equal: false }
}

export async function hasDot(deps: SyncDeps, peer: PeerKey, dot: Dot, timeoutMs: number): Promise<boolean> {
  const reply = await request(deps, peer, [ask.has, dotToPlain(dot)], timeoutMs)
  return Array.isArray(reply) && reply[0] === true
}

async function pull(deps: SyncDeps, peer: PeerKey, mine: Vector, theirs: Vector): Promise<number> {
  let gained = 0
  const lacking = [...theirs].filter(
    ([writer, head]) => writer !== deps.transport.self && head.counter > (mine.get(writer)?.counter ?? 0),
  )
  // a writer whose first batches cannot be placed is left for the next round: what they rest on comes from another
  const held = new Set<PeerKey>()
  for (;;) {
    const wanted = lacking.filter(([writer, head]) => !held.has(writer) && deps.log.head(writer).counter < head.counter)
    const [front] = wanted
    if (!front) return gained
    const before = deps.log.head(front[0]).counter
    const wants = wanted.map(([writer]): Plain => [bytesOf(writer), deps.log.head(writer).counter])
    const reply = await request(deps, peer, [ask.pull, wants])
    const batches = Array.isArray(reply) ? batchList(reply[0]) : undefined
    if (!batches) throw new Error('malformed batches')
    gained += (await deps.receive(peer, batches)).accepted
    if (deps.log.head(front[0]).counter === before) held.add(front[0])
  }
}

async function push(deps: SyncDeps, peer: PeerKey, mine: Vector, theirs: Vector): Promise<number> {
  let given = 0
  const behind = [...mine].filter(([writer, head]) => head.counter > (theirs.get(writer)?.counter ?? 0))
  let from = behind.map(([writer]): Dot => ({ writer, counter: theirs.get(writer)?.counter ?? 0 }))
  while (from.length > 0) {
    const [batches, more, next] = chunkFrom(deps.log, from)
    if (batches.length === 0) break
    const reply = await request(deps, peer, [ask.push, batches])
    given += Array.isArray(reply) && typeof reply[1] === 'number' ? reply[1] : 0
    from = more ? next : []
  }
  return given
}

async function request(deps: SyncDeps, peer: PeerKey, message: Plain, timeoutMs = requestMs): Promise<Plain> {
  const reply = await deps.transport.request(peer, syncProtocol, encode(message), timeoutMs)
  return decode(reply, maxMessageBytes)
}

function chunk(log: BatchLog, behind: readonly Dot[]): Plain {
  const [batches, more] = chunkFrom(log, behind)
  return [batches, more]
}

/** Batches behind the dots up to the size of a chunk, whether there are more, and where those begin. */
function chunkFrom(log: BatchLog, behind: readonly Dot[]): [batches: Uint8Array[], more: boolean, next: Dot[]] {
  const batches: Uint8Array[] = []
  let size = 0
  for (const [i, dot] of behind.entries()) {
    let reached = dot.counter
    for (const batch of log.after(dot.writer, dot.counter)) {
      if (size >= chunkBytes) return [batches, true, [{ ...dot, counter: reached }, ...behind.slice(i + 1)]]
      batches.push(batch.bytes)
      size += batch.bytes.length
      reached = batch.last
    }
  }
  return [batches, false, []]
}

function batchList(value: Plain | undefined): Uint8Array[] | undefined {
  return list(value, 65_536, item => (item instanceof Uint8Array && item.length <= maxBatchBytes ? item : undefined))
}

/** Like `dots`, but a counter may be 0: nothing of this writer is held. */
function dotsFromZero(value: Plain | undefined): Dot[] | undefined {
  if (!Array.isArray(value)) return undefined
  const shifted = value.map(
    (item): Plain => (Array.isArray(item) && typeof item[1] === 'number' ? [item[0] ?? null, item[1] + 1] : null),
  )
  return dots(shifted)?.map(dot => ({ ...dot, counter: dot.counter - 1 }))
}
