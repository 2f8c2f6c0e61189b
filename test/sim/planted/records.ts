/** Peers that drop records, leave them out, or overlook them. */
import { toHex } from '../../../src/lib/bytes.ts'
import { decode, encode } from '../../../src/lib/cbor.ts'
import { maxMessageBytes, type Transport } from '../../../src/mesh/transport.ts'
import { BatchLog, type Standing } from '../../../src/replica/batch-log.ts'
import { Stability } from '../../../src/replica/stability.ts'
import { ask, syncProtocol } from '../../../src/replica/sync-messages.ts'
import type { Unit } from '../../../src/replica/unit.ts'
import { simPace } from '../parts.ts'
import { lastWeeksDirectory } from '../told/copies.ts'
import type { Planted } from './planted.ts'

/** Lets go at once of whatever it may. */
const hastyPace = { ...simPace, periodMs: 500, enough: 1, patienceMs: 1000, quietMs: 500 }

/** Takes a batch for the next one though some before it are missing: its vector hides a gap. */
class GappyLog extends BatchLog {
  override standing(unit: Unit, staged?: ReadonlyMap<string, Unit>): Standing {
    const standing = super.standing(unit, staged)
    return standing === 'gap' && this.tips(unit.writer).length === 1 ? 'next' : standing
  }

  override add(unit: Unit): readonly Unit[] {
    const head = this.head(unit.writer)
    const isGap = unit.previous !== head.hash && head.counter < unit.first && head.counter > 0
    return super.add(isGap ? { ...unit, previous: head.hash, first: head.counter + 1 } : unit)
  }
}

/** Answers that a neighbour gave, changed on their way to the replica. */
function hearsAs(transport: Transport, change: (answer: Uint8Array, request: Uint8Array) => Uint8Array): Transport {
  const request: Transport['request'] = async (to, protocol, bytes, timeoutMs) => {
    const answer = await transport.request(to, protocol, bytes, timeoutMs)
    return protocol === syncProtocol ? change(answer, bytes) : answer
  }
  return new Proxy(transport, {
    get(target, property) {
      if (property === 'request') return request
      const value = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** What is shown of its own records it overlooks. */
function overlooksItself(transport: Transport): Transport {
  const isOwn = (key: unknown) => key instanceof Uint8Array && transport.self.startsWith(toHex(key))
  return hearsAs(transport, (answered, request) => {
    const asked = decode(request, maxMessageBytes)
    const reply = decode(answered, maxMessageBytes)
    if (!Array.isArray(asked) || !Array.isArray(reply) || !Array.isArray(reply[1])) return answered
    const [first = 0, entries] = reply
    if (asked[0] === ask.hello)
      return encode([first, entries.filter(entry => !(Array.isArray(entry) && isOwn(entry[0])))])
    if (asked[0] !== ask.tips) return answered
    // in short, three values are an entry
    return encode([first, entries.filter((_, i) => !isOwn(entries[i - (i % 3)]))])
  })
}

/** In answers to a pull every seventh batch is missing. */
function gaps(answer: Uint8Array, request: Uint8Array): Uint8Array {
  const asked = decode(request, maxMessageBytes)
  const reply = decode(answer, maxMessageBytes)
  if (!Array.isArray(asked) || asked[0] !== ask.pull || !Array.isArray(reply) || !Array.isArray(reply[0])) return answer
  return encode([
    reply[0].filter(bytes => !(bytes instanceof Uint8Array) || (bytes.at(-1) ?? 0) % 7 !== 0),
    ...reply.slice(1),
  ])
}

export const recordFaults: readonly Planted[] = [
  {
    what: 'a writer that lets go of what not everybody has moved past: tombstones dropped early (I3)',
    parts: { collection: { ...hastyPace, newStability: () => Object.assign(new Stability(), { covers: () => true }) } },
    // what is let go of too early may be a removal, an endpoint's end, or a step by which a block was given away
    breaks: /I1|I2|I3|R7/,
    budget: 100,
  },
  {
    what: 'a peer that drops records it should take (I2)',
    parts: {
      verifyWith: right => (key, bytes, signature) => (signature[0] ?? 0) % 40 !== 0 && right(key, bytes, signature),
    },
    breaks: /I2/,
    budget: 30,
  },
  {
    what: 'answers of anti-entropy that leave batches out (I2)',
    parts: { transportForReplica: transport => hearsAs(transport, gaps) },
    breaks: /I2/,
    budget: 60,
  },
  {
    what: 'a vector with a gap that is taken as complete (I2)',
    parts: { newBatchLog: () => new GappyLog() },
    breaks: /I2|I3/,
    budget: 60,
  },
  {
    what: 'a peer that does not see that others hold newer records of its own (R8)',
    parts: { transportForReplica: overlooksItself },
    breaks: /R8/,
    budget: lastWeeksDirectory,
  },
]
