/**
 * Of two sets of all that is held of one writer, as two members hold them, the one that both take when nothing else settles it (stalemates.ts): the same
 * whoever of them looks. None is taken that lacks what others rest on, or some end of a history. Then the one in which less is merely said; then
 * the one that lets go of more, so that nobody brings back what its writer let go of; then any, but the same for all (decision 0031). Pure.
 */
import { isMadeBy } from '../crdt/checkpoint.ts'
import { goesOn } from '../crdt/collector.ts'
import { leavesOf, openPart, type Part, type PlacedLeaf } from '../crdt/compact-unit.ts'
import { decodeLeaf } from '../crdt/leaf-codec.ts'
import type { Leaf } from '../crdt/leaves.ts'
import { sha256Hex } from '../lib/bytes.ts'
import { checkpointsIn, contradict, nameOf } from './chains.ts'
import { isLinked } from './grounds.ts'
import { History } from './history.ts'
import { type Unit, unitOf } from './unit.ts'
import { rooted } from './unit-order.ts'

/** What others may do rests on these, or who they are: no saying of their writer takes them back. */
const binding: ReadonlySet<Leaf['kind']> = new Set<Leaf['kind']>([
  ...(['mesh', 'invitation', 'admission', 'ack', 'settled', 'known'] as const),
  ...(['removal', 'removal-ack', 'removal-end', 'host-down', 'block', 'address'] as const),
])

/** All that some member holds of one writer. */
export interface WholeSet {
  /** Parents first. */
  readonly parts: readonly Part[]
  readonly history: History
  /** Hashes of its leaves, with what others rest on. */
  readonly leaves: ReadonlyMap<string, Leaf | undefined>
  /** What others rest on, and no mere saying. */
  readonly bound: ReadonlyMap<string, Leaf>
  /** Units without a checkpoint among these, then leaves, then a name. */
  readonly order: readonly [said: number, size: number, name: string]
}

/** @returns undefined of parts that do not hang together */
export function wholeSet(given: readonly Part[]): WholeSet | undefined {
  const units = given.map(unitOf)
  if (rooted(units).length < units.length) return undefined
  const history = new History()
  history.restate(units)
  // of too many histories some are not kept
  const parts = [...(history.missing([]) ?? [])].map(({ bytes }) => openPart(bytes))
  const checkpoints = checkpointsIn(parts)
  const isSaid = (part: Part) => 'survivors' in part && !checkpoints.some(({ leaf }) => isMadeBy(part, leaf))
  const all = parts.flatMap(leavesOf)
  return {
    ...{ parts, history, bound: bindingOf(parts.filter(part => !isSaid(part)).flatMap(leavesOf)) },
    leaves: new Map<string, Leaf | undefined>([
      ...all.map(({ hash }) => [hash, undefined] as const),
      ...bindingOf(all),
    ]),
    order: [parts.filter(isSaid).length, all.length, sha256Hex(Buffer.from(parts.map(nameOf).sort().join('')))],
  }
}

/** True if all take `theirs` in the place of `mine`. */
export function countsMore(theirs: WholeSet, mine: WholeSet): boolean {
  if (theirs.order[2] === mine.order[2] || !keepsBound(theirs, mine)) return false
  const [isWhole, isOwnWhole] = [keepsEnds(theirs, mine), keepsBound(mine, theirs) && keepsEnds(mine, theirs)]
  if (isWhole !== isOwnWhole) return isWhole
  const [tips, ownTips] = [theirs.history.tips.length, mine.history.tips.length]
  // each has no room for the other's histories: as many as possible stay, and the fork is seen
  if (!isWhole && tips !== ownTips) return tips > ownTips
  const [[said, size, name], [ownSaid, ownSize, ownName]] = [theirs.order, mine.order]
  if (said !== ownSaid) return said < ownSaid
  return size === ownSize ? name < ownName : size < ownSize
}

/** True if one of the two tells of other records than the other on the way to a head that both have: their writer lied. */
export function isLieShown(theirs: WholeSet, mine: WholeSet): boolean {
  const isTold = (set: WholeSet, other: WholeSet) =>
    set.parts.some(part => 'survivors' in part && contradict([part], wayTo(part, other.history)))
  return isTold(theirs, mine) || isTold(mine, theirs)
}

/** True if the one set has all that others rest on in the other. */
function keepsBound(set: WholeSet, other: WholeSet): boolean {
  const after = [...set.leaves.values()].filter(leaf => leaf !== undefined)
  return [...other.bound].every(([hash, leaf]) => set.leaves.has(hash) || after.some(later => goesOn(leaf, later)))
}

/** True if the one set has the ends of the other's histories, or what they went into. */
function keepsEnds(set: WholeSet, other: WholeSet): boolean {
  return other.history.tips.every(tip => set.history.mayHold(tip))
}

/** What leads to the end of the unit there, [] if nothing does, or not in one piece. */
function wayTo(unit: Part, history: History): readonly Part[] {
  const ways = history.overlapping(unit.first, unit.last)
  const way = ways.find(units => units.at(-1)?.hash === unit.hash && units.at(-1)?.last === unit.last) ?? []
  const parts = way.map(({ bytes }: Unit) => openPart(bytes))
  return isLinked(parts) ? parts : []
}

function bindingOf(leaves: readonly PlacedLeaf[]): Map<string, Leaf> {
  const decoded = leaves.map(({ hash, bytes }) => [hash, decodeLeaf(bytes)] as const)
  return new Map(decoded.flatMap(([hash, leaf]) => (leaf && binding.has(leaf.kind) ? [[hash, leaf] as const] : [])))
}
