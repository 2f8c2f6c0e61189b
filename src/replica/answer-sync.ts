/** Anti-entropy as a member asks for it: shows what is held, and gives it in bounded chunks. */
import { type Head, type Vector, vectorToPlain } from '../crdt/vector.ts'
import { equalBytes, fromHex } from '../lib/bytes.ts'
import { encode, type Plain } from '../lib/cbor.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { AskBack } from '../mesh/transport.ts'
import type { Agreement } from './agreement.ts'
import type { BatchLog } from './batch-log.ts'
import type { Orphans } from './orphans.ts'
import { attribute, type ShortEntry, shortToPlain } from './short-vector.ts'
import type { Offer } from './sync.ts'
import { answer, chunkBytes, openRequest, type Want } from './sync-messages.ts'
import { entriesOf, narrowShape, summaryFrom, summaryOf } from './vector-summary.ts'

export interface AnswerDeps {
  log: BatchLog
  orphans: Pick<Orphans, 'hash'>
  agreement: Pick<Agreement, 'stateHash' | 'compared'>
  /** False while this peer is a newcomer that shows nothing. */
  isComplete(): boolean
  /** The member holds exactly this. */
  shown(peer: PeerKey, vector: Vector): void
  /** The member asks by itself, and is shown this. */
  asked(peer: PeerKey, vector: Vector): void
  /** The member has these and believes that they are missing here. */
  offered(peer: PeerKey, offer: Offer): void
  /** The member gives these, whose checkpoints nobody may have. Resolves when those that are good for something here are durable. */
  adopt(peer: PeerKey, units: readonly Uint8Array[]): Promise<void>
}

/** Answers a member. Throws on a malformed request. */
export async function answerSync(
  deps: AnswerDeps,
  from: PeerKey,
  bytes: Uint8Array,
  askBack: AskBack,
): Promise<Uint8Array> {
  const { log, agreement } = deps
  const request = openRequest(bytes)
  if (request.kind === 'offer') {
    const { vector, short } = request
    const whole = new Map([...vector, ...named(log, short ?? [])])
    deps.offered(from, { vector: whole, inShort: short !== undefined, askBack })
    return encode([])
  }
  // what a newcomer holds is no history of any member's: nobody may count on it, or be sent away by it
  const held = deps.isComplete()
  switch (request.kind) {
    case 'hello': {
      const vector = log.vector()
      if (equalBytes(request.hash, log.vectorHash())) {
        deps.shown(from, vector)
        if (!held) return encode([answer.incomplete])
        const state = request.state && agreement.stateHash()
        agreement.compared(from, state, request.state)
        return encode(state ? [answer.equal, state] : [answer.equal])
      }
      if (!held) return encode([answer.incomplete])
      deps.asked(from, vector)
      return encode(request.inShort ? showInShort(vector) : show(vector))
    }
    case 'entries':
      return encode(held ? vectorToPlain(entriesOf(log.vector(), request.buckets)) : [])
    case 'tips': {
      const { wanted, shape } = request
      if (!held) return encode([])
      const tips = entriesOf(log.vector(), wanted, shape)
      return encode([log.vectorHash(), shortToPlain(tips, log.writers())])
    }
    case 'pull': {
      const { wants, short = [] } = request
      return encode(held ? chunk(log, [...wants, ...wantsOf(log, short)]) : [[], false, []])
    }
    case 'has':
      return encode([held && log.head(request.dot.writer).counter >= request.dot.counter])
    case 'orphans':
      if (held) await deps.adopt(from, request.units)
      return encode([held && equalBytes(request.hash, deps.orphans.hash())])
  }
}

function show(vector: Vector): Plain {
  const entries = vectorToPlain(vector)
  return entries.length <= summaryFrom ? [answer.vector, entries] : [answer.summary, summaryOf(vector)]
}

function showInShort(vector: Vector): Plain {
  return [answer.narrow, summaryOf(vector, narrowShape(vector.size))]
}

/** Whatever name is not clear is left out: what the asker misses then it asks for in full. */
function named(log: BatchLog, short: readonly ShortEntry[]): Vector {
  return attribute(short, log.writers()).vector
}

function wantsOf(log: BatchLog, short: readonly ShortEntry[]): Want[] {
  return [...named(log, short)].map(([writer, heads]: [PeerKey, readonly Head[]]) => ({ writer, heads, whole: false }))
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
