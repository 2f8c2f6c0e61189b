/**
 * Of two chains of one writer over the same counters, which say different things of the same records, the better founded one. The hash at which both
 * end names the batches that led to it, so there is one truth: a batch. A unit is what its writer says is left of them, first by a checkpoint in the
 * chain, of which the earlier one binds the later ones; last by nothing but its signature (decision 0031). Pure.
 */
import type { Verify } from '../crdt/batch.ts'
import { checkpointOf, compact, isMadeBy, runOf } from '../crdt/checkpoint.ts'
import type { CompactUnit, Part } from '../crdt/compact-unit.ts'
import type { CheckpointLeaf } from '../crdt/leaves.ts'
import type { LeafRecord } from '../crdt/live-set.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'

export interface Grounds {
  /** Of the writer, as they are held. */
  readonly checkpoints: readonly LeafRecord<CheckpointLeaf>[]
  readonly verify: Verify
}

/**
 * `theirs`: what is held is not what its writer's records were. `doubt`: it may be made of theirs, who hold that for unjust. `mine` and `made`: the
 * same the other way round. `same`: nothing can be said, or need.
 */
export type Verdict = 'theirs' | 'doubt' | 'mine' | 'made' | 'same'

/** @param theirs linked, and signed by the writer, as `mine`; both begin at one counter and end with the same hash, and differ in each part at the ends */
export function weigh(theirs: readonly Part[], mine: readonly Part[], grounds: Grounds): Verdict {
  const [their, my] = [theirs, mine].map(chain => Math.max(...chain.map(part => groundOf(part, grounds)))) as [
    number,
    number,
  ]
  if (their < my) {
    if (isMadeOf(mine, theirs, grounds)) return 'doubt'
    return their > 0 && isMadeOf(theirs, mine, grounds) ? 'made' : 'theirs'
  }
  if (my < their) return isMadeOf(theirs, mine, grounds) ? 'made' : 'mine'
  if (isMadeOf(mine, theirs, grounds)) return 'doubt'
  if (isMadeOf(theirs, mine, grounds)) return 'made'
  return order(theirs) < order(mine) ? 'theirs' : 'mine'
}

/** What differs of the two: without the parts that both begin with, and those that both end with. */
export function differing<A extends Part>(theirs: readonly A[], mine: readonly A[]): { theirs: A[]; mine: A[] } {
  let [start, end] = [0, 0]
  while (isSame(theirs[start], mine[start])) start++
  const rest = Math.min(theirs.length, mine.length) - start
  while (end < rest && isSame(theirs.at(-1 - end), mine.at(-1 - end))) end++
  return { theirs: theirs.slice(start, theirs.length - end), mine: mine.slice(start, mine.length - end) }
}

export function isLinked(parts: readonly Part[]): boolean {
  return runOf(parts) !== undefined
}

function isSame(a: Part | undefined, b: Part | undefined): boolean {
  if (!a || !b || a.first !== b.first || a.last !== b.last) return false
  return a.hash === b.hash && a.previous === b.previous && equalBytes(a.signature, b.signature)
}

/** 0 of a batch; of a unit the counter of the first checkpoint that makes it; infinite without one. */
export function groundOf(part: Part, { checkpoints }: Grounds): number {
  if (!('survivors' in part)) return 0
  const made = checkpoints.filter(({ leaf }) => isMadeBy(part, leaf))
  return Math.min(Number.POSITIVE_INFINITY, ...made.map(({ dot }) => dot.counter))
}

/** True if each unit of the chain is what its writer's signature makes of the other's parts. */
function isMadeOf(chain: readonly Part[], others: readonly Part[], { verify }: Grounds): boolean {
  const known = new Set(others.map(({ signature }) => toHex(signature)))
  return chain.every(part => {
    if (known.has(toHex(part.signature))) return true
    if (!('survivors' in part)) return false
    const run = others.filter(({ first, last }) => part.first <= first && last <= part.last)
    return isUnitOf(part, run, verify)
  })
}

function isUnitOf(unit: CompactUnit, parts: readonly Part[], verify: Verify): boolean {
  const run = runOf(parts)
  if (run?.hash !== unit.hash || run.previous !== unit.previous) return false
  return compact(checkpointOf(unit), parts, verify) !== 'unsound'
}

/** The same for everybody, whatever it is. */
function order(chain: readonly Part[]): string {
  return chain.map(({ signature }) => toHex(signature)).join()
}
