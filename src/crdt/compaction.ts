/** Gives effect to a writer's checkpoints wherever its chain is held. */
import type { PeerKey } from '../lib/keys.ts'
import type { Verify } from './batch.ts'
import { type Compaction, checkpointOf, compact, survives } from './checkpoint.ts'
import { type CompactUnit, isSignedPart, leavesOf, type Part } from './compact-unit.ts'
import type { CheckpointLeaf } from './leaves.ts'
import type { Registry } from './registry.ts'

/** A part of a chain, opened only when it is needed. */
export interface HeldPart {
  readonly first: number
  readonly last: number
  readonly compact: boolean
  open(): Part
}

export interface CompactionDeps {
  registry: Registry
  /**
   * The parts of the writer's chain that have a counter from `first` to `last`, ascending; of a writer with several
   * histories those of each.
   */
  overlapping(writer: PeerKey, first: number, last: number): readonly (readonly HeldPart[])[]
  /**
   * Puts the unit in the place of all that lies within its run; true if something of another history of the writer went too, or stays that lies
   * within it in part.
   */
  replace(unit: CompactUnit): boolean
  verify: Verify
  /** False while this peer is a newcomer, or an old copy, that may not hold what a checkpoint rests on. */
  judges: boolean
}

/**
 * Compacts what these writers' checkpoints allow, until none allows more: one may rest on what another lets go of. Gives the
 * writers of whom some checkpoint still waits for something (or is unjust).
 */
export function applyCheckpoints(deps: CompactionDeps, writers: Iterable<PeerKey>): Set<PeerKey> {
  const waiting = new Set(writers)
  for (let before = -1; before !== 0 && waiting.size > 0; ) {
    before = 0
    for (const writer of waiting) {
      const { done, left } = applyOf(deps, writer)
      before += done
      if (left === 0) waiting.delete(writer)
    }
  }
  return waiting
}

function applyOf(deps: CompactionDeps, writer: PeerKey): { done: number; left: number } {
  let [done, left] = [0, 0]
  for (const checkpoint of deps.registry.checkpoints.of(writer)) {
    const { first, last } = checkpoint.leaf
    const chains = deps.overlapping(writer, first, last)
    // done already, or said again by a later one that is
    if (chains.some(([only, more]) => !more && only?.compact && isSaid(checkpoint.leaf, only))) {
      deps.registry.checkpoints.note(checkpoint, true)
      continue
    }
    const results = chains.map(held =>
      compact(
        checkpoint.leaf,
        held.map(part => part.open()),
        deps.verify,
      ),
    )
    const result = results.find(item => item !== 'unsound')
    const { checkpoints } = deps.registry
    const uncovers = result !== undefined && checkpoints.uncovers(writer, result.dropped)
    if (!result) checkpoints.note(checkpoint, false)
    else if (checkpoints.collect(checkpoint, result.dropped, deps.judges)) {
      if (deps.replace(result.unit) || uncovers) deps.registry.restart()
      done++
      continue
    }
    left++
  }
  return { done, left }
}

/**
 * What a unit makes of the records of its run that are held here, as its checkpoint would; undefined if that is nothing new, or not what its
 * writer signed of them. Whether they may go is not said here.
 */
export function remake(
  { overlapping, verify }: Pick<CompactionDeps, 'overlapping' | 'verify'>,
  unit: CompactUnit,
): Exclude<Compaction, 'unsound'> | undefined {
  // looked at first: what nobody signed does not cost that the run is opened
  if (!isSignedPart(unit, verify)) return undefined
  const { writer, first, last } = unit
  const leaf = checkpointOf(unit)
  for (const held of overlapping(writer, first, last)) {
    if (held[0]?.first !== first || held.at(-1)?.last !== last) continue
    const parts = held.map(part => part.open())
    const result = compact(leaf, parts, verify)
    if (result === 'unsound') continue
    const isUnit = held.length === 1 && held[0]?.compact
    if (!isUnit || result.dropped.length > 0) return result
  }
  return undefined
}

/** True if what is held is at most what the checkpoint leaves. */
function isSaid(leaf: CheckpointLeaf, held: HeldPart): boolean {
  if (held.first < leaf.first || held.last > leaf.last) return true
  return leavesOf(held.open()).every(({ counter }) => survives(leaf, counter))
}
