/**
 * Anti-entropy, `/skein/sync/2` (docs/reference/wire.md): one hash when equal; else the vector, then exactly what is missing,
 * pulled in bounded chunks, each asked for when the one before is durable. Everybody pulls for itself; whoever sees that
 * the other lacks something offers it, so that nothing travels twice.
 */
import { type Dot, dotToPlain, sameHead, type Vector, vectorFromPlain, vectorToPlain } from '../crdt/vector.ts'
import { decode, encode, type Plain } from '../lib/cbor.ts'
import type { PeerKey } from '../lib/keys.ts'
import { type AskBack, maxMessageBytes, type Transport } from '../mesh/transport.ts'
import type { BatchLog } from './batch-log.ts'
import type { Received } from './intake.ts'
import { ask, maxWants, openChunk, openShown, syncProtocol, type Want, wantToPlain } from './sync-messages.ts'
import { differingBuckets, entriesOf, summaryOf, withBuckets } from './vector-summary.ts'

/** Rounds of one synchronisation: each makes progress, so more means a member that never settles down. */
const maxRounds = 32
/** Deadline of one request, ms. */
const requestMs = 5000
/** Most writers of one request that are asked for by a locator, which is long. */
const maxLocated = 16

export interface SyncDeps {
  transport: Transport
  log: BatchLog
  receive(from: PeerKey, batches: readonly Uint8Array[]): Promise<Received>
  /** The member holds records of this peer's own that this peer does not hold. */
  rolledBack(knownBy: PeerKey, counter: number): void
  /** The member showed that it holds exactly this; called before any of it is pulled. */
  shown(peer: PeerKey, vector: Vector): void
  /** What was pulled is in the log. */
  pulled(): Promise<void>
  /** Runs `pull` when it is its turn: what several members offer is pulled from one of them. */
  inTurn<T>(pull: () => Promise<T>): Promise<T>
}

/** What a member said is missing here. */
export interface Offer {
  readonly vector: Vector
  /** Asks the machine that said so: another may have the same key, be connected longer, and lack it (R8). */
  readonly askBack: AskBack
}

/**
 * Synchronises with one member. Resolves when equal or when nothing more can be gained now.
 * @param offers with these nothing is offered in return
 */
export async function syncWith(deps: SyncDeps, peer: PeerKey, offers: readonly Offer[]): Promise<{ equal: boolean }> {
  for (const { vector, askBack } of offers) {
    const asking = askOver(askBack)
    // that connection may be gone by now: what the one in use gives is looked for all the same
    await deps.inTurn(() => pull(deps, peer, vector, asking)).catch(() => undefined)
  }
  for (let round = 0; round < maxRounds; round++) {
    const theirs = await look(deps, peer)
    if (!theirs) return { equal: false }
    const own = theirs.get(deps.transport.self)?.find(tip => deps.log.contradicts(deps.transport.self, tip))
    if (own) deps.rolledBack(peer, own.counter)
    if (isEqual(deps.log.vector(), theirs)) {
      await deps.pulled()
      return { equal: true }
    }
    const gained = await deps.inTurn(() => pull(deps, peer, theirs))
    await deps.pulled()
    const ahead = newerThan(deps.log.vector(), theirs)
    if (ahead.size > 0 && offers.length === 0) await request(deps, peer, [ask.offer, vectorToPlain(ahead)])
    if (ahead.size > 0 || gained === 0) return { equal: false }
  }
  return { equal: false }
}

export async function hasDot(
  deps: Pick<SyncDeps, 'transport'>,
  peer: PeerKey,
  dot: Dot,
  timeoutMs: number,
): Promise<boolean> {
  const reply = await request(deps, peer, [ask.has, dotToPlain(dot)], timeoutMs)
  return Array.isArray(reply) && reply[0] === true
}

/** What the member holds; undefined while it is a newcomer that shows nothing. */
async function look(deps: SyncDeps, peer: PeerKey): Promise<Vector | undefined> {
  const mine = deps.log.vector()
  const shown = openShown(await request(deps, peer, [ask.hello, deps.log.vectorHash()]))
  if (shown === 'incomplete') return undefined
  const theirs = shown === 'equal' ? mine : 'vector' in shown ? shown.vector : await unfold(deps, peer, mine, shown)
  deps.shown(peer, theirs)
  return theirs
}

async function unfold(
  deps: SyncDeps,
  peer: PeerKey,
  mine: Vector,
  { summary }: { summary: Uint8Array },
): Promise<Vector> {
  const buckets = differingBuckets(summaryOf(mine), summary)
  const entries = vectorFromPlain(await request(deps, peer, [ask.entries, buckets]))
  if (!entries) throw new Error('malformed vector')
  const wanted = new Set(buckets)
  return withBuckets(mine, wanted, entriesOf(entries, wanted))
}

/** Pulls what of `theirs` is missing here. Gives the number of units that were new. */
async function pull(
  deps: SyncDeps,
  peer: PeerKey,
  theirs: Vector,
  asking: (message: Plain) => Promise<Plain> = message => request(deps, peer, message),
): Promise<number> {
  let gained = 0
  let gainedSince = 0
  // a writer whose units cannot be placed is left for later: what they rest on comes with another writer's
  const stuck = new Set<PeerKey>()
  const located = new Set<PeerKey>()
  for (;;) {
    const wants = wantsOf(deps.log, theirs, stuck, located)
    if (wants.length === 0) {
      if (stuck.size === 0 || gainedSince === 0) return gained
      stuck.clear()
      gainedSince = 0
      continue
    }
    const { units, unknown } = openChunk(await asking([ask.pull, wants.map(wantToPlain)]))
    const received = await deps.receive(peer, units)
    gained += received.accepted
    gainedSince += received.accepted
    for (const writer of received.stuck) stuck.add(writer)
    const lost = unknown.filter(writer => !located.has(writer))
    for (const writer of lost) located.add(writer)
    if (received.accepted + received.stuck.size + lost.length === 0) return gained
  }
}

function wantsOf(
  log: BatchLog,
  theirs: Vector,
  stuck: ReadonlySet<PeerKey>,
  located: ReadonlySet<PeerKey>,
): readonly Want[] {
  let locators = 0
  const wants: Want[] = []
  for (const [writer, tips] of theirs) {
    if (wants.length >= maxWants) break
    if (stuck.has(writer) || tips.every(tip => log.mayHold(writer, tip))) continue
    const whole = located.has(writer)
    if (whole && ++locators > maxLocated) continue
    wants.push({ writer, heads: whole ? log.locator(writer) : log.tips(writer), whole })
  }
  return wants
}

/** The tips of `mine` that `theirs` does not show, of writers whose tips of `theirs` are held. */
function newerThan(mine: Vector, theirs: Vector): Vector {
  const newer = [...mine].map(([writer, tips]) => {
    const shown = theirs.get(writer) ?? []
    return [writer, tips.filter(tip => !shown.some(head => sameHead(head, tip)))] as const
  })
  return new Map(newer.filter(([, tips]) => tips.length > 0))
}

function isEqual(a: Vector, b: Vector): boolean {
  return newerThan(a, b).size === 0 && newerThan(b, a).size === 0
}

async function request(
  deps: Pick<SyncDeps, 'transport'>,
  peer: PeerKey,
  message: Plain,
  timeoutMs = requestMs,
): Promise<Plain> {
  const reply = await deps.transport.request(peer, syncProtocol, encode(message), timeoutMs)
  return decode(reply, maxMessageBytes)
}

function askOver(askBack: AskBack): (message: Plain) => Promise<Plain> {
  return async message => decode(await askBack(syncProtocol, encode(message), requestMs), maxMessageBytes)
}
