/**
 * Anti-entropy, `/skein/sync/2` (docs/reference/wire.md): one hash when equal; else the vector, then exactly what is missing,
 * pulled in bounded chunks. Everybody pulls for itself; whoever sees that the other lacks something offers it, so that
 * nothing travels twice.
 */
import { type Dot, dotToPlain, sameHead, type Vector, vectorToPlain } from '../crdt/vector.ts'
import type { Plain } from '../lib/cbor.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { AskBack, Transport } from '../mesh/transport.ts'
import type { Agreement } from './agreement.ts'
import { type Asking, askOf, askOver } from './asking.ts'
import type { BatchLog } from './batch-log.ts'
import type { HiddenTips } from './hidden-tips.ts'
import type { Received } from './intake.ts'
import { type LookDeps, look, wholeOf } from './look.ts'
import { pull } from './pull.ts'
import { shortToPlain } from './short-vector.ts'
import { ask } from './sync-messages.ts'

/** Rounds of one synchronisation: each makes progress, so more means a member that never settles down. */
const maxRounds = 32

export interface SyncDeps {
  transport: Transport
  log: BatchLog
  agreement: Pick<Agreement, 'stateHash' | 'compared'>
  /** What of the member's was asked for. */
  hidden(peer: PeerKey): HiddenTips
  receive(from: PeerKey, batches: readonly Uint8Array[]): Promise<Received>
  /** The member holds records of this peer's own that this peer does not hold. */
  rolledBack(knownBy: PeerKey, counter: number): void
  /** The member showed that it holds exactly this. */
  shown(peer: PeerKey, vector: Vector): void
  /** What the member was shown of this peer a moment ago, when it asked by itself: it pulls that by itself too. */
  shownTo(peer: PeerKey): Vector | undefined
  /** What was pulled is in the log. Of what the member showed, if that is known in full, it has nothing more that is taken in here. */
  pulled(of: Vector | undefined): Promise<void>
  /** Runs `pull` when it is its turn: what several members offer is pulled from one of them. */
  inTurn<T>(pull: () => Promise<T>): Promise<T>
}

/** What a member said is missing here. */
export interface Offer {
  readonly vector: Vector
  /** It understands what is in short. */
  readonly inShort: boolean
  /** Asks the machine that said so: another may have the same key, be connected longer, and lack it (R8). */
  readonly askBack: AskBack
}

export interface Synchronised {
  readonly equal: boolean
  /**
   * What the member showed of writers that it, or this peer, has several histories of, where that differs: each may have no room for the other's, or
   * take it for what it holds. And of writers of whom it holds nothing: it may not know that they are members. Undefined if it lacks only what it
   * takes in as soon as it asks.
   */
  readonly apart: Vector | undefined
}

/**
 * Synchronises with one member. Resolves when equal or when nothing more can be gained now.
 * @param offers with these nothing is offered in return
 */
export async function syncWith(deps: SyncDeps, peer: PeerKey, offers: readonly Offer[]): Promise<Synchronised> {
  const { log, agreement, transport, hidden } = deps
  const asking = askOf(transport, peer)
  const pullOver = (over: Asking, inShort: boolean, theirs: Vector) =>
    deps.inTurn(() =>
      pull({ log, asking: over, receive: units => deps.receive(peer, units), inShort, hidden: hidden(peer) }, theirs),
    )
  for (const { vector, inShort, askBack } of offers) {
    // that connection may be gone by now: what the one in use gives is looked for all the same
    await pullOver(askOver(askBack), inShort, vector).catch(() => undefined)
  }
  const looking: LookDeps = {
    ...{ self: transport.self, log, asking, agreement },
    compared: (mine, theirs) => agreement.compared(peer, mine, theirs),
    rolledBack: counter => deps.rolledBack(peer, counter),
  }
  // who knows no writers yet has no use for short names of them
  let inShort = log.vector().size > 0
  for (let round = 0; round < maxRounds; round++) {
    const seen = await look(looking, inShort)
    if (!seen) return { equal: false, apart: undefined }
    let theirs = wholeOf(log, seen)
    if (theirs) deps.shown(peer, theirs)
    if (theirs && isEqual(log.vector(), theirs)) {
      await deps.pulled(theirs)
      return { equal: true, apart: new Map() }
    }
    const gained = await pullOver(asking, seen.inShort, seen.vector)
    if (!theirs) {
      theirs = wholeOf(log, seen)
      if (theirs) deps.shown(peer, theirs)
    }
    await deps.pulled(theirs)
    if (!theirs) {
      // with nothing gained, what was shown in short has misled: then in full
      inShort = gained > 0
      continue
    }
    const ahead = newerThan(log.vector(), theirs)
    const untold = newerThan(ahead, deps.shownTo(peer) ?? new Map())
    if (untold.size > 0 && offers.length === 0) await asking(offerOf(log, untold, theirs, seen.inShort))
    if (ahead.size > 0 || gained === 0) return { equal: false, apart: apartFrom(log, ahead, theirs) }
  }
  return { equal: false, apart: undefined }
}

export async function hasDot(
  { transport }: Pick<SyncDeps, 'transport'>,
  peer: PeerKey,
  dot: Dot,
  timeoutMs: number,
): Promise<boolean> {
  const reply = await askOf(transport, peer, timeoutMs)([ask.has, dotToPlain(dot)])
  return Array.isArray(reply) && reply[0] === true
}

/** In short, but for writers that the member does not know. */
function offerOf(log: BatchLog, untold: Vector, theirs: Vector, inShort: boolean): Plain {
  if (!inShort) return [ask.offer, vectorToPlain(untold)]
  const ofKnown = (known: boolean) => new Map([...untold].filter(([writer]) => theirs.has(writer) === known))
  return [ask.offer, vectorToPlain(ofKnown(false)), shortToPlain(ofKnown(true), log.writers())]
}

/** The tips of `mine` that `theirs` does not show. */
function newerThan(mine: Vector, theirs: Vector): Vector {
  const newer = [...mine].map(([writer, tips]) => {
    const shown = theirs.get(writer) ?? []
    return [writer, tips.filter(tip => !shown.some(head => sameHead(head, tip)))] as const
  })
  return new Map(newer.filter(([, tips]) => tips.length > 0))
}

function apartFrom(log: BatchLog, ahead: Vector, theirs: Vector): Vector | undefined {
  const behind = newerThan(theirs, log.vector())
  const isForked = (writer: PeerKey) => log.isForked(writer) || (theirs.get(writer)?.length ?? 0) > 1
  // what let it in there may lie in the run of a copy's unit: until that makes room for another unit none of its records are taken in
  const isUnknown = (writer: PeerKey) => ahead.has(writer) && !theirs.has(writer)
  const apart = [...new Set([...ahead.keys(), ...behind.keys()])].filter(each => isForked(each) || isUnknown(each))
  if (ahead.size > 0 && !apart.some(writer => ahead.has(writer))) return undefined
  return new Map(apart.map(writer => [writer, theirs.get(writer) ?? []]))
}

function isEqual(a: Vector, b: Vector): boolean {
  return newerThan(a, b).size === 0 && newerThan(b, a).size === 0
}
