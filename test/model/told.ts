/** What a newcomer is told by the lists that let it in (R4), and which removals bind a peer. */

import { isOpen, openIn, undecidedIn } from './moot.ts'
import type { Rec } from './records.ts'
import type { Bounds, Setting } from './rules.ts'
import { isLifted, type View } from './view.ts'

/** Above the cut of its writer, which is removed: it never takes effect, and perhaps nobody has it any more. */
function isAboveCut(view: View, { writer, counter }: Rec): boolean {
  return counter > (view.removed.get(writer)?.cut ?? counter)
}

/** Or by one whom only what is void itself has let in. */
function isVoid(view: View, about: Rec, listed: readonly Rec[], bounds: Bounds, path: readonly number[] = []): boolean {
  if (isAboveCut(view, about)) return true
  const { writer } = about
  const isIn = view.records.some(r => r.kind === 'admit' && r.to === writer)
  if (writer < bounds.settled || isIn) return false
  if (path.includes(writer)) return true
  const admissions = listed.filter(r => r.kind === 'admit' && r.to === writer)
  const isVoidToo = (r: Rec) => isVoid(view, r, listed, bounds, [...path, writer])
  return admissions.length > 0 && admissions.every(isVoidToo)
}

function holds(view: View, { writer, counter }: Rec): boolean {
  return (view.logs[writer] as readonly Rec[]).length >= counter
}

/** True if each removal that these list is decided for the peer, and each admission in effect, or it needs it no more. */
export function knowsListed(view: View, said: readonly Rec[], setting: Setting): boolean {
  const { rules, book } = setting
  const sees = (r: Rec) =>
    rules.newcomerSees === 'none' || (rules.newcomerSees === 'held' ? holds(view, r) : view.records.includes(r))
  const has = (r: Rec) =>
    rules.newcomerHolds === 'none' || (holds(view, r) && (rules.newcomerHolds === 'held' || !isOpen(view, r)))
  return said.every(({ list }) => {
    const listed = list.map(id => book.record(id))
    const needed = listed.filter(r => (r.kind === 'remove' && !has(r)) || (r.kind === 'admit' && !sees(r)))
    return needed.every(r => isVoid(view, r, listed, setting.bounds))
  })
}

/** The undecided removals, of those that the peer holds, in the lists of what settled it. */
export function openListed(view: View, { book }: Setting): Rec[] {
  const declared = (view.logs[view.peer] as readonly Rec[]).find(r => r.kind === 'settled')
  if (!declared) return []
  const said = [declared.of, ...declared.cited].map(id => book.record(id))
  const told = said.flatMap(r => r.list.map(id => book.record(id))).filter(r => r.kind === 'remove')
  return told.filter(removal => holds(view, removal) && isOpen(view, removal))
}

/** Undecided removals that the peer started or acknowledged, or was told of when it was settled. */
export function binding(view: View, setting: Setting): Rec[] {
  const own = view.logs[view.peer] as readonly Rec[]
  const told = setting.rules.toldIsPromise ? openListed(view, setting) : []
  const isOwn = (r: Rec) => r.writer === view.peer || own.some(a => a.kind === 'remove-ack' && a.of === r.id)
  const all = view.logs.flat()
  const undecided = undecidedIn(view).filter(removal => !isLifted(removal, all))
  return [...undecided.filter(r => isOwn(r) && !told.includes(r)), ...told]
}

/** Whose word a newcomer relies on, and which admissions, while removals are undecided. */
export function sureIn(view: View, { bounds }: Setting) {
  const open = openIn(view)
  const isSure = ({ writer, counter }: Rec, path: readonly number[]): boolean =>
    isIn(writer, path) && open.every(r => counter <= (r.counters[r.targets.indexOf(writer)] ?? counter))
  const isIn = (peer: number, path: readonly number[]): boolean =>
    peer < bounds.settled ||
    (!path.includes(peer) && view.records.some(r => r.kind === 'admit' && r.to === peer && isSure(r, [...path, peer])))
  return {
    isSure: (admission: Rec) => isSure(admission, []),
    mayVote: (peer: number) => !view.removed.has(peer) && !open.some(r => r.targets.includes(peer)) && isIn(peer, []),
  }
}
