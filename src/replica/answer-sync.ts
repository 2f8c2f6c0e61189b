/** Anti-entropy as a member asks for it: shows what is held, and gives it in bounded chunks. */
import { type Vector, vectorToPlain } from '../crdt/vector.ts'
import { equalBytes, fromHex } from '../lib/bytes.ts'
import { encode, type Plain } from '../lib/cbor.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { AskBack } from '../mesh/transport.ts'
import type { BatchLog } from './batch-log.ts'
import { answer, openRequest, type Want } from './sync-messages.ts'
import { entriesOf, summaryFrom, summaryOf } from './vector-summary.ts'

/** A chunk stops growing behind this; with one more unit it still fits a message. */
const chunkBytes = 256 * 1024

export interface AnswerDeps {
  log: BatchLog
  /** False while this peer is a newcomer that shows nothing. */
  isComplete(): boolean
  /** The member holds exactly this. */
  shown(peer: PeerKey, vector: Vector): void
  /** The member has these and believes that they are missing here; `askBack` asks the very machine that says so. */
  offered(peer: PeerKey, vector: Vector, askBack: AskBack): void
}

/** Answers a member. Throws on a malformed request. */
export async function answerSync(
  deps: AnswerDeps,
  from: PeerKey,
  bytes: Uint8Array,
  askBack: AskBack,
): Promise<Uint8Array> {
  const { log } = deps
  const request = openRequest(bytes)
  if (request.kind === 'offer') {
    deps.offered(from, request.vector, askBack)
    return encode([])
  }
  // what a newcomer holds is no history of any member's: nobody may count on it, or be sent away by it
  const held = deps.isComplete()
  switch (request.kind) {
    case 'hello': {
      const vector = log.vector()
      if (equalBytes(request.hash, log.vectorHash())) {
        deps.shown(from, vector)
        return encode([held ? answer.equal : answer.incomplete])
      }
      return encode(held ? show(vector) : [answer.incomplete])
    }
    case 'entries':
      return encode(held ? vectorToPlain(entriesOf(log.vector(), request.buckets)) : [])
    case 'pull':
      return encode(held ? chunk(log, request.wants) : [[], false, []])
    case 'has':
      return encode([held && log.head(request.dot.writer).counter >= request.dot.counter])
  }
}

function show(vector: Vector): Plain {
  const entries = vectorToPlain(vector)
  return entries.length <= summaryFrom ? [answer.vector, entries] : [answer.summary, summaryOf(vector)]
}

function chunk(log: BatchLog, wants: readonly Want[]): Plain {
  const byWriter = new Map(wants.map(want => [want.writer, want]))
  const units: Uint8Array[] = []
  const unknown: Uint8Array[] = []
  let size = 0
  // in the order in which the writers were met here: what one's membership rests on comes before its records
  for (const writer of log.writers()) {
    const want = byWriter.get(writer)
    if (!want) continue
    const missing = log.missing(writer, want.heads) ?? (want.whole ? log.missing(writer, []) : undefined)
    if (!missing) unknown.push(fromHex(writer))
    for (const unit of missing ?? []) {
      if (size >= chunkBytes) return [units, true, unknown]
      units.push(unit.bytes)
      size += unit.bytes.length
    }
  }
  return [units, false, unknown]
}
