/**
 * Units that cannot be made of what is held. Copies of a host each let go of leaves of what they have in common: whoever gave effect to the one
 * checkpoint lacks what the other keeps. Of two such units the one of the longer run counts, of equal runs the smaller one, at last the one with the
 * lower signature: everybody comes to hold the same (decision 0018, "Two checkpoints"). Or a part of the run lies within another unit's ("Units win").
 */
import type { Verify } from '../crdt/batch.ts'
import { isMadeBy } from '../crdt/checkpoint.ts'
import { type CompactUnit, isSignedPart, leavesOf, openPart, type PlacedLeaf } from '../crdt/compact-unit.ts'
import type { Registry } from '../crdt/registry.ts'
import type { BatchLog } from './batch-log.ts'
import type { Unit } from './unit.ts'

export interface Held {
  readonly registry: Pick<Registry, 'checkpoints'>
  readonly log: Pick<BatchLog, 'overlapping' | 'isForked'>
  readonly verify: Verify
}

/** What goes from here when the unit is put in the place of its run; undefined if it is none that counts more than what is held. */
export function unmade(unit: CompactUnit, { registry, log, verify }: Held): readonly PlacedLeaf[] | undefined {
  const { writer, first, last, hash } = unit
  if (!isSignedPart(unit, verify)) return undefined
  const endsHere = (path: readonly Unit[]) => path.at(-1)?.last === last && path.at(-1)?.hash === hash
  const held = log.overlapping(writer, first, last).find(endsHere)
  // with nothing but batches there it is no other unit that stands in its way
  if (!held?.some(part => part.compact) || !countsMore(unit, held)) return undefined
  const within = linked(held).filter(part => part.first >= first)
  const leaves = within.flatMap(part => leavesOf(openPart(part.bytes)))
  const isMade = registry.checkpoints.of(writer).some(({ leaf }) => isMadeBy(unit, leaf))
  // of a writer with one history what says something else is a lie, whatever it signed besides (decision 0031)
  const isForked = log.isForked(writer)
  if (!(isMade && isForked) && !((isMade || isForked) && saysNothingElse(unit, within, leaves))) return undefined
  const named = new Set(unit.survivors.map(leaf => leaf.hash))
  return leaves.filter(leaf => !named.has(leaf.hash))
}

/** True if the unit says of these parts of its run nothing but what they have: the others lie within another unit's run. */
function saysNothingElse({ survivors }: CompactUnit, [start]: readonly Unit[], leaves: readonly PlacedLeaf[]): boolean {
  const known = new Set(leaves.map(({ hash }) => hash))
  return start !== undefined && survivors.every(({ counter, hash }) => counter < start.first || known.has(hash))
}

/** Of the parts that lead to the last one those from the last unit on that stands for another history, which goes unjudged too. */
function linked(path: readonly Unit[]): readonly Unit[] {
  const broken = path.findLastIndex((part, i) => i > 0 && part.previous !== path[i - 1]?.hash)
  return path.slice(Math.max(broken, 0))
}

/** Than the parts that reach into its run: units of shorter runs, or of others that it does not lie within. */
function countsMore({ first, last, bytes, signature }: CompactUnit, held: readonly Unit[]): boolean {
  const around = held.find(part => part.compact && part.first <= first && last <= part.last)
  if (!around) return true
  const larger = around.bytes.length - bytes.length
  const isSameRun = around.first === first && around.last === last
  return isSameRun && (larger > 0 || (larger === 0 && Buffer.compare(signature, openPart(around.bytes).signature) < 0))
}
