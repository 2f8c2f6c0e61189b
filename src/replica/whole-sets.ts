/**
 * Of two sets of all that is held of one writer, as two members hold them, the one that both take when nothing else settles it (stalemates.ts). Where the
 * two prove that the writer lied, it is the one in which less is merely said, then the one with more records; never one that lacks what others rest
 * on. Without a proof only less than what is held is taken, and what goes is judged as by a checkpoint, unless it is merely said: so nobody can bring
 * back what an honest writer let go of, or take what it wrote (decision 0031). Pure.
 */
import { isMadeBy } from '../crdt/checkpoint.ts'
import { leavesOf, openPart, type Part, type PlacedLeaf } from '../crdt/compact-unit.ts'
import { decodeLeaf } from '../crdt/leaf-codec.ts'
import type { Leaf } from '../crdt/leaves.ts'
import { sha256Hex } from '../lib/bytes.ts'
import { checkpointsIn, contradict, nameOf, nameOfEnd } from './chains.ts'
import { isLinked } from './grounds.ts'
import { History } from './history.ts'
import { type Unit, unitOf } from './unit.ts'
import { rooted } from './unit-order.ts'

/** Parts of one set: more are not looked at, as it would keep everything else waiting. */
export const maxParts = 4096

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
  /** By counter and hash. */
  readonly leaves: ReadonlyMap<string, PlacedLeaf>
  /** Units without a checkpoint among these. */
  readonly said: number
  /** Leaves of such units. */
  readonly merelySaid: ReadonlySet<PlacedLeaf>
  readonly name: string
}

/** @returns undefined of none, of too many, and of parts that do not hang together or are there twice */
export function wholeSet(given: readonly Part[]): WholeSet | undefined {
  if (given.length === 0 || given.length > maxParts) return undefined
  const units = given.map(unitOf)
  const ends = new Set(given.map(nameOfEnd))
  if (ends.size < given.length || rooted(units).length < units.length) return undefined
  const history = new History()
  history.restate(units)
  // of too many histories some are not kept
  const parts = [...(history.missing([]) ?? [])].map(({ bytes }) => openPart(bytes))
  const checkpoints = checkpointsIn(parts)
  const isSaid = (part: Part) => 'survivors' in part && !checkpoints.some(({ leaf }) => isMadeBy(part, leaf))
  const placed = parts.map(part => ({ isSaid: isSaid(part), leaves: leavesOf(part) }))
  return {
    ...{ parts, history, said: placed.filter(part => part.isSaid).length },
    merelySaid: new Set(placed.flatMap(part => (part.isSaid ? part.leaves : []))),
    leaves: new Map(placed.flatMap(part => part.leaves).map(leaf => [`${leaf.counter} ${leaf.hash}`, leaf])),
    name: sha256Hex(Buffer.from(parts.map(nameOf).sort().join(''))),
  }
}

/**
 * True if `theirs` is taken in the place of `mine`.
 * @param mayGo whether the writer may let these go, as by a checkpoint
 */
export function countsMore(
  theirs: WholeSet,
  mine: WholeSet,
  mayGo: (leaves: readonly PlacedLeaf[]) => boolean,
): boolean {
  if (theirs.name === mine.name) return false
  if (isLieShown(theirs, mine)) return isBetter(theirs, mine)
  if (!keepsEnds(theirs, mine) || lacks(mine, theirs).length > 0) return false
  const going = lacks(theirs, mine)
  return going.length > 0 && mayGo(going.filter(leaf => !mine.merelySaid.has(leaf) || isBinding(leaf)))
}

/** True if one of the two tells of other records than the other on the way to a head that both have: no copy of an honest host signs both. */
export function isLieShown(theirs: WholeSet, mine: WholeSet): boolean {
  const isTold = (set: WholeSet, other: WholeSet) =>
    set.parts.some(part => 'survivors' in part && contradict([part], wayTo(part, other.history)))
  return isTold(theirs, mine) || isTold(mine, theirs)
}

/** Of a writer that lied: one of two different sets is, and not the other, unless each lacks what others rest on in the other. */
function isBetter(theirs: WholeSet, mine: WholeSet): boolean {
  const [isBound, isOwnBound] = [keepsBound(theirs, mine), keepsBound(mine, theirs)]
  if (isBound !== isOwnBound || !isBound) return isBound && !isOwnBound
  const [keeps, keepsOwn] = [keepsEnds(theirs, mine), keepsEnds(mine, theirs)]
  if (keeps !== keepsOwn) return keeps
  const [tips, ownTips] = [theirs.history.tips.length, mine.history.tips.length]
  // each has no room for the other's histories: the fork is to be seen
  if (!keeps && tips !== ownTips) return tips > ownTips
  if (theirs.said !== mine.said) return theirs.said < mine.said
  const [size, ownSize] = [theirs.leaves.size, mine.leaves.size]
  return size === ownSize ? theirs.name < mine.name : size > ownSize
}

function keepsBound(set: WholeSet, other: WholeSet): boolean {
  return !lacks(set, other).some(isBinding)
}

function isBinding({ bytes }: PlacedLeaf): boolean {
  const leaf = decodeLeaf(bytes)
  return leaf !== undefined && binding.has(leaf.kind)
}

/** True if the one set has the ends of the other's histories, or what they went into. */
function keepsEnds(set: WholeSet, other: WholeSet): boolean {
  return other.history.tips.every(tip => set.history.mayHold(tip))
}

/** What the one set has not of the other's. */
function lacks(set: WholeSet, other: WholeSet): PlacedLeaf[] {
  return [...other.leaves].flatMap(([name, leaf]) => (set.leaves.has(name) ? [] : [leaf]))
}

/** What leads to the end of the unit there, [] if nothing does, or not in one piece. */
function wayTo(unit: Part, history: History): readonly Part[] {
  const ways = history.overlapping(unit.first, unit.last)
  const way = ways.find(units => units.at(-1)?.hash === unit.hash && units.at(-1)?.last === unit.last) ?? []
  const parts = way.map(({ bytes }: Unit) => openPart(bytes))
  return isLinked(parts) ? parts : []
}
