/** Deliberate faults, each a faulty part in the place of the one that ships: the simulator has to find every one. */
import assert from 'node:assert/strict'
import { leavesOf, openPart } from '../../src/crdt/compact-unit.ts'
import { decodeLeaf } from '../../src/crdt/leaf-codec.ts'
import type { RegistryView } from '../../src/crdt/registry-view.ts'
import { createLedger } from '../../src/ipam/core/ledger.ts'
import { toHex } from '../../src/lib/bytes.ts'
import { decode, encode } from '../../src/lib/cbor.ts'
import { maxMessageBytes, type Transport } from '../../src/mesh/transport.ts'
import { BatchLog, type Standing } from '../../src/replica/batch-log.ts'
import type { Replica } from '../../src/replica/replica.ts'
import { Stability } from '../../src/replica/stability.ts'
import { ask, syncProtocol } from '../../src/replica/sync-messages.ts'
import type { Unit } from '../../src/replica/unit.ts'
import { openJournal } from '../../src/store/append-journal.ts'
import type { AppendFile, Disk } from '../../src/store/disk.ts'
import type { OpenJournal } from '../../src/store/journal.ts'
import { type Parts, simPace } from './parts.ts'
import { freedBeforeTheHeir, joinedThroughTheDead, lastWeeksDirectory, removedAndBack } from './told.ts'

export interface Planted {
  readonly what: string
  readonly parts: Partial<Parts>
  /** What it breaks: the name of an invariant; of a told history also what that says. */
  readonly breaks: RegExp
  /** Within so many seeds; or the told history that is about it. */
  readonly budget: number | ((parts: Parts) => Promise<void>)
}

/** Lets go at once of whatever it may. */
const hastyPace = { ...simPace, periodMs: 500, enough: 1, patienceMs: 1000, quietMs: 500 }

/** Answers before the fsync: what is acknowledged and sent may be gone after a crash. */
const hastyJournal: OpenJournal = async (disk, name) => {
  const { journal, entries } = await openJournal(disk, name)
  const append: typeof journal.append = async batch => {
    journal.append(batch).catch(() => undefined) // that it failed is what this journal does not say
  }
  return { journal: { ...journal, append }, entries }
}

/** Acknowledgements of admissions and removals are sent before they are durable. */
const hastyAcknowledger: OpenJournal = async (disk, name) => {
  const { journal, entries } = await openJournal(disk, name)
  const isAck = (bytes: Uint8Array) => /ack$/.test(decodeLeaf(bytes)?.kind ?? '')
  let earlier: Promise<unknown> = Promise.resolve()
  const append: typeof journal.append = async batch => {
    const written = journal.append(batch)
    const before = earlier
    earlier = written.catch(() => undefined) // who asked has the error
    const acks = batch.some(
      ({ kind, bytes }) => kind === 'batch' && leavesOf(openPart(bytes)).some(leaf => isAck(leaf.bytes)),
    )
    if (!acks) return written
    // a batch comes behind the one before it also in the log
    await before
  }
  return { journal: { ...journal, append }, entries }
}

/** Gives the rewritten file its name before it is synchronised. */
const hastyRewriter: OpenJournal = (disk, name) => {
  const draft: Disk['draft'] = async file => ({ ...(await disk.draft(file)), sync: async () => undefined })
  return openJournal({ ...disk, draft }, name)
}

/** Leaves one batch out that is needed. */
const lossyRewriter: OpenJournal = async (disk, name) => {
  const { journal, entries } = await openJournal(disk, name)
  const rewrite: typeof journal.rewrite = selection => {
    let batches = 0
    const instead: typeof selection.instead = entry =>
      [...selection.instead(entry)].filter(({ kind }) => kind === 'local' || ++batches % 20 !== 0)
    return journal.rewrite({ ...selection, instead })
  }
  return { journal: { ...journal, rewrite }, entries }
}

/** Goes on with the old file once the new one has its name. */
const clingingJournal: OpenJournal = async (disk, name) => {
  let old: AppendFile | undefined
  const open: Disk['open'] = async file => {
    old = await disk.open(file)
    return old
  }
  const draft: Disk['draft'] = async file => {
    const written = await disk.draft(file)
    return { ...written, place: async () => written.place().then(placed => old ?? placed) }
  }
  return openJournal({ ...disk, open, draft }, name)
}

/** Freed addresses are free for everybody at once. */
const hotLedger: typeof createLedger = (...given) => ({
  ...createLedger(...given),
  isCooling: () => false,
  coolsInMs: () => 0,
})

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

/** Loses what it holds of deletions when it is opened again. */
const forgetfulJournal: OpenJournal = async (disk, name) => {
  const { journal, entries } = await openJournal(disk, name)
  const isTombstone = (bytes: Uint8Array) => decodeLeaf(bytes)?.kind === 'network-rm'
  const kept = entries.filter(
    ({ kind, bytes }) => kind === 'local' || !leavesOf(openPart(bytes)).some(leaf => isTombstone(leaf.bytes)),
  )
  return { journal, entries: kept }
}

/** A replica that shows another view than it has. */
function seenAs(replica: Replica, change: (view: RegistryView) => Partial<RegistryView>): Replica {
  const seen = (view: RegistryView): RegistryView => {
    const changed: Partial<Record<string | symbol, unknown>> = { ...change(view) }
    return new Proxy(view, {
      get(target, property) {
        if (property in changed) return changed[property]
        const value = Reflect.get(target, property, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
  const write: Replica['write'] = build => replica.write((view, first) => build(seen(view), first))
  return Object.create(replica, { view: { value: seen(replica.view) }, write: { value: write } }) as Replica
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

export const planted: readonly Planted[] = [
  { what: 'a disk that lies about fsync', parts: { lyingDisks: true }, breaks: /I1|I3|R7/, budget: 30 },
  {
    what: 'a journal that answers before the fsync',
    parts: { openJournal: hastyJournal },
    breaks: /I1|I3|R7/,
    budget: 60,
  },
  {
    what: 'a journal whose rewritten file gets its name before the fsync (I3)',
    parts: { openJournal: hastyRewriter },
    // a peer that sees by the note outside that its journal lost something fences itself, and logs that
    breaks: /I3|log/,
    budget: 120,
  },
  {
    what: 'a rewritten journal that lacks a batch (I3)',
    parts: { openJournal: lossyRewriter },
    breaks: /I2|I3|R7|R8/,
    budget: 30,
  },
  {
    what: 'a journal that goes on with the old file after it was rewritten (I3)',
    parts: { openJournal: clingingJournal },
    breaks: /I3|R7/,
    budget: 30,
  },
  {
    what: 'a restart that drops tombstones (I3)',
    parts: { openJournal: forgetfulJournal },
    breaks: /I2|I3/,
    budget: 60,
  },
  {
    what: 'a writer that lets go of what not everybody has moved past: tombstones dropped early (I3)',
    parts: { collection: { ...hastyPace, newStability: () => Object.assign(new Stability(), { covers: () => true }) } },
    breaks: /I2|I3/,
    budget: 60,
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
    what: 'an address service that does not look at epochs: what was once its own stays so (I1, R1)',
    parts: {
      replicaForIpam: replica =>
        seenAs(replica, view => ({
          block(id, index) {
            const block = view.block(id, index)
            const wasOwn = view.transfers(id, index).some(({ from }) => from === replica.self)
            return block && wasOwn ? { ...block, owner: replica.self } : block
          },
        })),
    },
    breaks: /I1|R7|promise 4/,
    budget: 60,
  },
  {
    what: 'an address service that hands out of blocks that are not its own (I1, R3)',
    parts: {
      replicaForIpam: replica =>
        seenAs(replica, view => ({
          block(id, index) {
            const block = view.block(id, index)
            return block && index % 7 === 0 ? { ...block, owner: replica.self } : block
          },
          // also those that neither the genesis nor a transfer gave it
          touchedBlocks: id => [...Array(view.blockCount(id)).keys()],
        })),
    },
    breaks: /I1/,
    budget: 30,
  },
  {
    what: 'an address service that hands carved-out addresses out with their block (I1, R6)',
    parts: {
      replicaForIpam: replica =>
        seenAs(replica, view => ({
          address(id, ip) {
            const address = view.address(id, ip)
            return address?.owner === replica.self ? address : undefined
          },
          block(id, index) {
            const block = view.block(id, index)
            return block && { ...block, carved: [] }
          },
        })),
    },
    breaks: /I1/,
    budget: 100,
  },
  {
    what: 'an address service whose clock runs fast: nothing cools down, unused addresses are taken back at once (R7)',
    parts: { clockForIpam: clock => ({ ...clock, monotonic: () => 1000 * clock.monotonic() }) },
    breaks: /R7/,
    budget: 100,
  },
  {
    what: 'an address service without a cool-down, and nothing else (R7)',
    parts: { newLedger: hotLedger },
    breaks: /R7/,
    budget: 100,
  },
  {
    what: 'an heir that hands out at once what the host that is gone may have freed (R7)',
    parts: {
      replicaForIpam: replica =>
        seenAs(replica, view => ({
          block(id, index) {
            const { inheritedFrom: _, ...block } = view.block(id, index) ?? assert.fail()
            return block
          },
        })),
    },
    breaks: /R7/,
    budget: freedBeforeTheHeir,
  },
  {
    what: 'acknowledgements that are sent before the fsync (R4, R9)',
    parts: { openJournal: hastyAcknowledger },
    breaks: /I1|I2|I3|R7|R8|log/,
    budget: 200,
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
  {
    what: 'an address service that takes pending members for settled (R4)',
    parts: {
      replicaForIpam: replica =>
        seenAs(replica, view => ({
          member(key) {
            const member = view.member(key)
            return member && { ...member, settled: true }
          },
          members: () => view.members().map(member => ({ ...member, settled: true })),
        })),
    },
    breaks: /I1/,
    budget: joinedThroughTheDead,
  },
  {
    what: 'an address service that hands out what a live endpoint holds (R5)',
    parts: { replicaForIpam: replica => seenAs(replica, () => ({ holders: () => [] })) },
    breaks: /I1/,
    budget: removedAndBack,
  },
  {
    what: 'an address service that answers before its journal (R7)',
    parts: {
      replicaForIpam: replica => {
        const set: Replica['local']['set'] = async pairs => {
          replica.local.set(pairs).catch(() => undefined)
        }
        const { local } = replica
        return Object.create(replica, {
          local: { value: { get: local.get, entries: local.entries, set } },
          view: { value: replica.view },
        }) as Replica
      },
    },
    breaks: /R7|I1/,
    budget: 60,
  },
]
