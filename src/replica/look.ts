/** What a member holds, as it shows it: one hash when equal, else its vector, in short or in full. */
import { type Head, type Vector, vectorFromPlain, vectorHash } from '../crdt/vector.ts'
import { equalBytes } from '../lib/bytes.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Agreement } from './agreement.ts'
import type { Asking } from './asking.ts'
import type { BatchLog } from './batch-log.ts'
import { attribute } from './short-vector.ts'
import { ask, openShown, openTips, type Shown, understandsShort } from './sync-messages.ts'
import { bitsOf, differingBuckets, entriesOf, summaryOf, wideShape, withBuckets } from './vector-summary.ts'

export interface LookDeps {
  self: PeerKey
  log: BatchLog
  asking: Asking
  agreement: Pick<Agreement, 'stateHash'>
  /** The member holds the same as this peer did when the state was `mine`. */
  compared(mine: Uint8Array | undefined, theirs: Uint8Array | undefined): void
  /** The member holds records of this peer's own that this peer does not hold. */
  rolledBack(counter: number): void
}

export interface Sight {
  /** In short: the hashes of tips that are not held here are cut short, and nothing is sure before `wholeOf` has compared. */
  readonly vector: Vector
  /** Of the member's whole vector. */
  readonly hash?: Uint8Array
  readonly inShort: boolean
}

/**
 * Asks a member what it holds; undefined while it is a newcomer that shows nothing.
 * @param inShort if it can
 */
export async function look(deps: LookDeps, inShort: boolean): Promise<Sight | undefined> {
  const mine = deps.log.vector()
  const state = deps.agreement.stateHash()
  const hello = [ask.hello, deps.log.vectorHash()]
  const more = [understandsShort, ...(state ? [state] : [])]
  const shown = openShown(await deps.asking(inShort ? [...hello, ...more] : hello))
  if (shown === 'incomplete') return undefined
  if ('equal' in shown) {
    if (inShort) deps.compared(state, shown.state)
    return { vector: mine, inShort: false }
  }
  if ('shape' in shown && shown.shape !== wideShape) {
    if (!inShort) throw new Error('a summary that was not asked for')
    return lookInShort(deps, mine, shown)
  }
  const vector = 'vector' in shown ? shown.vector : await unfold(deps, mine, shown.summary)
  lookForOwn(deps, vector)
  return { vector, inShort: false }
}

/** What a sight stands for, in full. Undefined if it is not sure: something is not held here yet, or short hashes misled. */
export function wholeOf(log: BatchLog, { vector, hash, inShort }: Sight): Vector | undefined {
  if (!inShort) return vector
  const whole = new Map<PeerKey, readonly Head[]>()
  for (const [writer, tips] of vector) {
    const held = tips.flatMap(tip => log.find(writer, tip) ?? [])
    if (held.length < tips.length) return undefined
    whole.set(writer, held)
  }
  return hash && equalBytes(vectorHash(whole), hash) ? whole : undefined
}

type Summary = Extract<Shown, { summary: Uint8Array }>

async function lookInShort(deps: LookDeps, mine: Vector, { summary, shape }: Summary): Promise<Sight> {
  const buckets = new Set(differingBuckets(summaryOf(mine, shape), summary, shape))
  if (buckets.size === 0) return { vector: mine, inShort: true }
  const { hash, entries } = openTips(await deps.asking([ask.tips, bitsOf(buckets, shape)]))
  const { vector, unclear } = attribute(entries, new Set([...mine.keys(), deps.self]))
  lookForOwn(deps, vector)
  const short = withBuckets(mine, buckets, entriesOf(vector, buckets, shape), shape)
  if (unclear.length === 0) return { vector: short, hash, inShort: true }
  // writers that are not known here are shown in full
  const near = [...new Set(unclear.map(prefix => Number.parseInt(prefix.slice(0, 2), 16)))]
  return { vector: await withEntries(deps, short, near), hash, inShort: true }
}

async function unfold(deps: LookDeps, mine: Vector, summary: Uint8Array): Promise<Vector> {
  return withEntries(deps, mine, differingBuckets(summaryOf(mine), summary))
}

async function withEntries(deps: LookDeps, vector: Vector, buckets: readonly number[]): Promise<Vector> {
  const entries = vectorFromPlain(await deps.asking([ask.entries, buckets]))
  if (!entries) throw new Error('malformed vector')
  const wanted = new Set(buckets)
  return withBuckets(vector, wanted, entriesOf(entries, wanted))
}

function lookForOwn({ self, log, rolledBack }: LookDeps, vector: Vector): void {
  const own = vector.get(self)?.find(tip => log.contradicts(self, tip))
  if (own) rolledBack(own.counter)
}
