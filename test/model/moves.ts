/** What a peer may write next in a view. Every move is one record; a true assertion also turns its targets off for good. */
import type { Custody } from './custody.ts'
import { choices, complete, isSettled, settles } from './majority.ts'
import { openIn } from './moot.ts'
import { blank, type Content, type Rec, sorted } from './records.ts'
import type { Setting } from './rules.ts'
import { binding, knowsListed, sureIn } from './told.ts'
import { acksOf, cutOver, isLifted, type View } from './view.ts'

export function movesOf(view: View, custody: Custody, setting: Setting): Content[] {
  const { peer } = view
  if (view.removed.has(peer) || !members(view, setting).includes(peer)) return []
  const counter = (view.logs[peer] as readonly Rec[]).length + 1
  const base: Omit<Content, 'kind'> = { ...blank, writer: peer, counter }
  return [
    ...custodyMoves(view, custody, base, setting),
    ...joinMoves(view, base, setting),
    ...removalMoves(view, base, setting),
  ]
}

type Base = Omit<Content, 'kind'>

function members(view: View, { bounds }: Setting): number[] {
  const settled = Array.from({ length: bounds.settled }, (_, peer) => peer)
  return [...settled, ...view.records.filter(r => r.kind === 'admit').map(r => r.to)]
}

function mayOwn(view: View, { bounds }: Setting): (peer: number) => boolean {
  return peer => !view.removed.has(peer) && (peer < bounds.settled || isSettled(peer, view.records))
}

function custodyMoves(view: View, custody: Custody, base: Base, setting: Setting): Content[] {
  const { bounds, rules } = setting
  const going = rules.givesNoTarget ? binding(view, setting).flatMap(({ targets }) => targets) : []
  const isTaker = (p: number) => p !== view.peer && !going.includes(p) && mayOwn(view, setting)(p)
  const to = [...new Set(members(view, setting))].filter(isTaker)
  const moves: Content[] = []
  for (const peer of to) {
    for (const { block, of, carved } of custody.blocks) {
      if (bounds.gives) moves.push({ ...base, kind: 'give', block, to: peer, of })
      if (bounds.carves && !carved) moves.push({ ...base, kind: 'carve', block, to: peer, of })
    }
    for (const { block, of } of custody.addresses)
      if (bounds.gives) moves.push({ ...base, kind: 'pass', block, to: peer, of })
  }
  return moves
}

function joinMoves(view: View, base: Base, setting: Setting): Content[] {
  const { bounds, rules, book } = setting
  const { peer } = view
  const moves: Content[] = []
  const list = listOf(view)
  const admitted = members(view, setting)
  for (let p = bounds.settled; p < bounds.settled + bounds.joins; p++)
    if (p !== peer && admitted.filter(member => member === p).length < bounds.admissions)
      moves.push({ ...base, kind: 'admit', to: p, list })
  for (const admission of view.records.filter(r => r.kind === 'admit')) {
    const acks = view.records.filter(r => r.kind === 'admit-ack' && r.of === admission.id)
    if (admission.to === peer) {
      if (isSettled(peer, view.records)) continue
      const { isSure, mayVote } = rules.relyOnSure ? sureIn(view, setting) : { isSure: () => true, mayVote: () => true }
      const restsOnSure = ({ list: said }: Rec) =>
        said.every(id => book.record(id).kind !== 'end' || isSure(book.record(id)))
      if (!isSure(admission) || !restsOnSure(admission)) continue
      for (const cited of choices(acks.filter(ack => mayVote(ack.writer) && restsOnSure(ack)))) {
        const isMost = settles(admission, cited, view.records, setting, mayVote(admission.writer))
        if (isMost && knowsListed(view, [admission, ...cited], setting))
          moves.push({ ...base, kind: 'settled', of: admission.id, cited: sorted(cited.map(a => a.id)) })
      }
    } else if (!isSettled(admission.to, view.records)) {
      // once, and again when somebody was removed since, or it was settled itself
      const said = [admission, ...acks].filter(r => r.writer === peer)
      const isOwn = (r: Rec) => r.kind === 'settled' && r.writer === peer
      const isNews = (r: Rec) =>
        ((r.kind === 'end' && r.effective) || isOwn(r)) && !said.some(({ list }) => list.includes(r.id))
      if (said.length === 0 || view.records.some(isNews))
        moves.push({ ...base, kind: 'admit-ack', of: admission.id, list })
    }
  }
  return moves
}

function listOf(view: View): number[] {
  const listed: readonly Rec['kind'][] = ['admit', 'settled', 'remove']
  const known = view.records.filter(r => listed.includes(r.kind) || (r.kind === 'end' && r.effective))
  return sorted(known.map(r => r.id))
}

function removalMoves(view: View, base: Base, setting: Setting): Content[] {
  const { bounds, rules } = setting
  const { peer } = view
  if (!bounds.removals) return []
  const moves: Content[] = []
  const list = listOf(view)
  const held = (targets: readonly number[]) => targets.map(t => (view.logs[t] as readonly Rec[]).length)
  const own = view.logs[peer] as readonly Rec[]
  const all = view.logs.flat()
  const open = openIn(view)
  const blocking = binding(view, setting)
  /** (d), and (f)'s way out of it: an asserted removal of the starter. */
  const free = (starter: number, targets: readonly number[], asserted: boolean, removal?: Rec) =>
    !rules.oneAtATime ||
    blocking.every(
      r =>
        r === removal ||
        (r.writer !== peer &&
          asserted &&
          rules.starterRemoved &&
          targets.includes(r.writer) &&
          !(rules.boundByTarget && r.targets.includes(starter))),
    )
  const isAsserted = (removal: Rec) =>
    removal.assertion > 0 || view.records.some(r => r.kind === 'host-down' && r.of === removal.id)

  const others = [...new Set(members(view, setting))].filter(p => p !== peer && !view.removed.has(p))
  const sets = subsets(sorted(others), bounds.targets)
  if (mayOwn(view, setting)(peer) && view.records.filter(r => r.kind === 'remove').length < bounds.removals) {
    for (const targets of sets) {
      const heirs = [peer, ...others].filter(p => !targets.includes(p) && mayOwn(view, setting)(p))
      for (const assertion of bounds.assertions) {
        if (!free(peer, targets, assertion > 0)) continue
        for (const chosen of tuples(heirs, targets.length))
          moves.push({ ...base, kind: 'remove', targets, heirs: chosen, assertion, list, counters: held(targets) })
      }
    }
  }
  for (const [removal, outcome] of view.outcomes) {
    const { targets } = removal
    const asserted = isAsserted(removal)
    if (bounds.hostDowns && !asserted && outcome !== 'cancelled' && !targets.includes(peer))
      moves.push({ ...base, kind: 'host-down', of: removal.id, targets })
    if (outcome !== 'undecided') continue
    const about: Base = { ...base, of: removal.id, targets }
    const acks = acksOf(removal, view.records)
    if (removal.writer === peer) {
      if (own.some(r => r.kind === 'end' && r.of === removal.id)) continue
      if (bounds.cancels) moves.push({ ...about, kind: 'end' })
      if (!rules.starterDeclares) continue
      for (const cited of choices(acks)) {
        if (!complete(removal, cited, view.records, setting)) continue
        const counters = cutOver(removal, cited)
        moves.push({ ...about, kind: 'end', effective: true, counters, cited: sorted(cited.map(a => a.id)) })
      }
    } else if (
      !isLifted(removal, all) &&
      !targets.includes(peer) &&
      !acks.some(a => a.writer === peer) &&
      !view.removed.has(removal.writer) &&
      targets.every(t => !view.removed.has(t)) &&
      free(removal.writer, targets, asserted, removal) &&
      !(rules.assertedFirst && open.some(r => r.targets.includes(removal.writer) && isAsserted(r)))
    ) {
      moves.push({ ...about, kind: 'remove-ack', counters: held(targets), list })
    }
  }
  return moves
}

/** Of one to `most` of these, ascending. */
function subsets(of: readonly number[], most: number): number[][] {
  if (most === 0) return []
  return of.flatMap((first, i) => [[first], ...subsets(of.slice(i + 1), most - 1).map(rest => [first, ...rest])])
}

function tuples(of: readonly number[], length: number): number[][] {
  return length === 0 ? [[]] : of.flatMap(first => tuples(of, length - 1).map(rest => [first, ...rest]))
}
