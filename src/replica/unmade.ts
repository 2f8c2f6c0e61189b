/**
 * Units that cannot be made here though their checkpoint is held. Copies of a host each let go of leaves of what they have in common: whoever
 * gave effect to the one lacks what the other keeps. Of two such units the one of the longer run counts, of equal runs the smaller one, at last
 * the one with the lower signature: everybody comes to hold the same (decision 0018, "Two checkpoints of what two copies have in common").
 */
import type { Verify } from '../crdt/batch.ts'
import { isMadeBy } from '../crdt/checkpoint.ts'
import { type CompactUnit, isSignedPart, leavesOf, openPart, type PlacedLeaf } from '../crdt/compact-unit.ts'
import type { Registry } from '../crdt/registry.ts'
import type { BatchLog } from './batch-log.ts'
import type { Unit } from './unit.ts'

export interface Held {
  readonly registry: Pick<Registry, 'checkpoints'>
  readonly log: Pick<BatchLog, 'overlapping'>
  readonly verify: Verify
}

/** What goes from here when the unit is put in the place of its run; undefined if it is none that counts more than what is held. */
export function unmade(unit: CompactUnit, { registry, log, verify }: Held): readonly PlacedLeaf[] | undefined {
  const { writer, first, last, hash } = unit
  const isHeld = registry.checkpoints.of(writer).some(({ leaf }) => isMadeBy(unit, leaf))
  if (!isHeld || !isSignedPart(unit, verify)) return undefined
  const endsHere = (path: readonly Unit[]) => path.at(-1)?.last === last && path.at(-1)?.hash === hash
  const held = log.overlapping(writer, first, last).find(endsHere)
  // with nothing but batches there it is no other unit that stands in its way
  if (held?.[0]?.first !== first || !held.some(part => part.compact) || !countsMore(unit, held)) return undefined
  const named = new Set(unit.survivors.map(leaf => leaf.hash))
  return held.flatMap(part => leavesOf(openPart(part.bytes))).filter(leaf => !named.has(leaf.hash))
}

/** Than the parts that make up its run: several have shorter ones. */
function countsMore({ bytes, signature }: CompactUnit, [only, ...more]: readonly Unit[]): boolean {
  if (!only || more.length > 0) return true
  const larger = only.bytes.length - bytes.length
  return larger > 0 || (larger === 0 && Buffer.compare(signature, openPart(only.bytes).signature) < 0)
}
