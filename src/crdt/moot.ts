/**
 * Undecided removals that never become effective (decision 0003, "Undecided for good"): their starter took them back, though above
 * its cut, or was removed before it ended them. Nobody else may end them (R9 c), and who acknowledged one of them and the removal
 * of its starter did so to the one only once the other was decided (R9 d).
 */
import type { PeerKey } from '../lib/keys.ts'
import type { Gone, Outcomes } from './removal-outcome.ts'
import type { Process } from './removal-table.ts'

/** How far what a writer said is held, and has effect here. */
export type Seen = (writer: PeerKey) => number

/**
 * By dot. Not where a removal that may become effective may undo the one of the starter; nor where it may undo what stopped another
 * that may. They may stop each other in a ring: none of them is the first to become effective.
 */
export function mootOf(
  processes: ReadonlyMap<string, Process>,
  { of, gone }: Pick<Outcomes, 'of' | 'gone'>,
  seen: Seen,
): ReadonlySet<string> {
  const waiting = [...processes].filter(([name, { isLifted }]) => of.get(name) !== 'effective' && !isLifted)
  const isUndecided = (name: string) => of.get(name) === 'undecided'
  const moot = new Map<string, Process>()
  for (const [name, process] of waiting) {
    if (isStopped(process, gone, isUndecided(name) ? seen : undefined)) moot.set(name, process)
  }
  for (let size = moot.size + 1; moot.size < size; ) {
    size = moot.size
    // one that is asserted is acknowledged also by who is bound by the removal of its starter (f)
    const open = waiting.filter(([name, { assertedAt }]) => !moot.has(name) || (assertedAt && isUndecided(name)))
    for (const [name, { record }] of moot) {
      const by = gone.get(record.dot.writer)?.by
      if (open.some(([, other]) => by && mayUndo(other, by))) moot.delete(name)
    }
  }
  const lifted = [...processes].flatMap(([name, { isLifted }]) => (isLifted ? [name] : []))
  return new Set([...moot.keys(), ...lifted].filter(isUndecided))
}

/** Its starter was removed, and had not ended it. @param seen undefined where that does not matter: it is cancelled by that */
function isStopped({ record, end }: Process, gone: ReadonlyMap<PeerKey, Gone>, seen: Seen | undefined): boolean {
  const removed = gone.get(record.dot.writer)
  if (!removed?.by.end || (end && end.dot.counter <= removed.cut)) return false
  return !seen || seen(record.dot.writer) >= removed.cut
}

/** True if the end of the one might lie above the cut of the other. */
function mayUndo(other: Process, { end }: Process): boolean {
  return other.record.leaf.targets.some(({ key, counter }) => key === end?.dot.writer && end.dot.counter > counter)
}
