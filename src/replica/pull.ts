/** Pulls what a member has and is missing here, in bounded chunks, each asked for when the one before is durable. */
import type { Head, Vector } from '../crdt/vector.ts'
import type { Plain } from '../lib/cbor.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Asking } from './asking.ts'
import type { BatchLog } from './batch-log.ts'
import type { HiddenTips } from './hidden-tips.ts'
import type { Received } from './intake.ts'
import { shortHashBytes, shortToPlain } from './short-vector.ts'
import { ask, maxWants, openChunk, type Want, wantToPlain } from './sync-messages.ts'

/** Most writers of one request that are asked for by a locator, which is long. */
const maxLocated = 16

export interface PullDeps {
  log: BatchLog
  asking: Asking
  receive(batches: readonly Uint8Array[]): Promise<Received>
  /** The member understands what is in short. */
  inShort: boolean
  hidden: HiddenTips
}

/** Pulls what of `theirs` is missing. Gives the number of units that were new. */
export async function pull(deps: PullDeps, theirs: Vector): Promise<number> {
  return (await pullMissing(deps, theirs)) + (await pullHidden(deps, theirs))
}

async function pullMissing({ log, asking, receive, inShort }: PullDeps, theirs: Vector): Promise<number> {
  let gained = 0
  let gainedSince = 0
  // a writer whose units cannot be placed is left for later: what they rest on comes with another writer's
  const stuck = new Set<PeerKey>()
  const located = new Set<PeerKey>()
  for (;;) {
    const wants = wantsOf(log, theirs, stuck, located)
    if (wants.length === 0) {
      if (stuck.size === 0 || gainedSince === 0) return gained
      stuck.clear()
      gainedSince = 0
      continue
    }
    const request = inShort ? shortRequest(log, wants) : [ask.pull, wants.map(want => wantToPlain(want))]
    const { units, unknown } = openChunk(await asking(request))
    const received = await receive(units)
    gained += received.accepted
    gainedSince += received.accepted
    // what follows on nothing that is held may be of another history than whoever answered took it for
    const lost = [...unknown, ...received.astray].filter(writer => !located.has(writer))
    for (const writer of received.stuck) if (!lost.includes(writer)) stuck.add(writer)
    for (const writer of lost) located.add(writer)
    if (received.accepted + received.stuck.size + lost.length === 0) return gained
  }
}

/** Asks for tips that lie within a compacted run here, of one writer after the other: most of what comes is known. */
async function pullHidden({ log, asking, receive, hidden }: PullDeps, theirs: Vector): Promise<number> {
  let gained = 0
  for (const [writer, tips] of theirs) {
    if (!hidden.hasNew(writer, tips)) continue
    for (let accepted = 1; accepted > 0; gained += accepted) {
      const { units } = openChunk(
        await asking([ask.pull, [wantToPlain({ writer, heads: log.locator(writer), whole: true })]]),
      )
      accepted = (await receive(units)).accepted
    }
    hidden.pulled(writer, tips)
  }
  return gained
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
    if (stuck.has(writer)) continue
    const whole = located.has(writer)
    if (tips.every(tip => log.mayHold(writer, tip))) {
      const heads = log.beside(writer, tips)
      // whoever has let nothing go does not know these
      if (heads.length > 0 && !whole) wants.push({ writer, heads, whole })
      continue
    }
    if (whole && ++locators > maxLocated) continue
    wants.push({ writer, heads: whole ? log.locator(writer) : log.tips(writer), whole })
  }
  return wants
}

/** Of whom nothing is held, and who is asked for by a locator, has the whole key. */
function shortRequest(log: BatchLog, wants: readonly Want[]): Plain {
  const inFull = wants.filter(want => want.whole || want.heads.length === 0)
  const rest = wants.filter(want => !inFull.includes(want))
  const heads = new Map(rest.map((want): [PeerKey, readonly Head[]] => [want.writer, want.heads]))
  return [ask.pull, inFull.map(want => wantToPlain(want, shortHashBytes)), shortToPlain(heads, log.writers())]
}
