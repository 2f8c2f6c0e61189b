/** Undecided removals that never become effective, as in src/crdt/moot.ts. */
import type { Rec } from './records.ts'
import { isLifted, type View } from './view.ts'

/** Undecided removals that may become effective yet. */
export function openIn(view: View): Rec[] {
  const moot = mootIn(view)
  return undecidedIn(view).filter(r => !moot.has(r))
}

export function isOpen(view: View, removal: Rec): boolean {
  return outcomeIn(view, removal) === 'undecided' && !mootIn(view).has(removal)
}

const outcomeIn = (view: View, removal: Rec) => view.outcomes.get(removal) ?? 'undecided'
export const undecidedIn = (view: View) => [...view.outcomes.keys()].filter(r => outcomeIn(view, r) === 'undecided')

/** Whose starter took it back, or was removed before it ended it while nothing that is open may undo that, or what stopped another that might. */
function mootIn(view: View): Set<Rec> {
  const moot = new Set<Rec>()
  const all = view.logs.flat()
  const endOf = (removal: Rec) => view.records.find(r => r.kind === 'end' && r.of === removal.id)
  const waiting = [...view.outcomes.keys()].filter(
    r => outcomeIn(view, r) !== 'effective' && !endOf(r) && !isLifted(r, all),
  )
  const isUndecided = (r: Rec) => outcomeIn(view, r) === 'undecided'
  const isAsserted = (r: Rec) =>
    r.assertion > 0 || view.records.some(down => down.kind === 'host-down' && down.of === r.id)
  if (view.removed.size > 0) for (const r of waiting) if (isStopped(view, r, isUndecided(r))) moot.add(r)
  for (let size = moot.size + 1; moot.size < size; ) {
    size = moot.size
    const open = waiting.filter(r => !moot.has(r) || (isUndecided(r) && isAsserted(r)))
    for (const removal of moot) {
      const by = view.removed.get(removal.writer)?.removal
      const end = by && endOf(by)
      const mayUndo = (r: Rec) => end && end.counter > (r.counters[r.targets.indexOf(end.writer)] ?? end.counter)
      if (open.some(mayUndo)) moot.delete(removal)
    }
  }
  return new Set([...moot, ...[...view.outcomes.keys()].filter(r => isLifted(r, all))].filter(isUndecided))
}

function isStopped(view: View, removal: Rec, needsAll: boolean): boolean {
  const starter = view.removed.get(removal.writer)
  if (!starter) return false
  const held = (view.logs[removal.writer] as readonly Rec[]).length
  return !needsAll || Math.min(held, view.limits[removal.writer] as number) >= starter.cut
}
