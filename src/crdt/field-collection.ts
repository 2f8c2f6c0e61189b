/**
 * Which writes and removals of an object of several fields may be let go of (field-table.ts). A write goes when each of its
 * fields has a later one that names it. What it named itself would come to light with that, where it is still held: so the
 * later ones must name that as well, or it must be gone everywhere.
 */
import { covers } from './covers.ts'
import type { Drops } from './droppable.ts'
import { areGone, type Gone, isCoverGone } from './gone.ts'
import type { LeafRecord } from './live-set.ts'
import { compareRecords } from './order.ts'
import type { Dot } from './vector.ts'

/** What names writes: one by one, and all of a writer up to a counter. */
export interface NamingLeaf {
  readonly seen: readonly Dot[]
  readonly covers: readonly Dot[]
}

export interface FieldRecords<L extends NamingLeaf, R extends NamingLeaf> {
  readonly writes: readonly LeafRecord<L>[]
  readonly removals: readonly LeafRecord<R>[]
  readonly fields: readonly (keyof L & string)[]
}

/** True if the one write or removal replaces the other write. */
export function replaces({ leaf, hlc }: LeafRecord<NamingLeaf>, write: LeafRecord<unknown>): boolean {
  return leaf.seen.some(dot => isDot(dot, write.dot)) || covers(leaf.covers, { hlc }, write)
}

/** True if it names what the dot stands for, held or not. */
function reaches({ leaf }: LeafRecord<NamingLeaf>, { writer, counter }: Dot): boolean {
  return (
    leaf.seen.some(dot => isDot(dot, { writer, counter })) ||
    leaf.covers.some(dot => dot.writer === writer && dot.counter >= counter)
  )
}

/** @param isUsed something that is there names the object, so that it is kept although it was deleted */
export function mayDropWrite<L extends NamingLeaf, R extends NamingLeaf>(
  records: FieldRecords<L, R>,
  record: LeafRecord<L>,
  drops: Drops,
  { gone, isUsed }: { gone: Gone; isUsed: () => boolean },
): boolean {
  const { writes, removals, fields } = records
  const own = fields.filter(field => record.leaf[field] !== null)
  const later = writes.filter(other => drops.stable(other.dot) && compareRecords(other, record) > 0)
  const ending = removals.filter(removal => drops.stable(removal.dot))
  // one that gives no field a value is replaced by whatever names it
  const ofField = own.map(field => later.filter(({ leaf }) => leaf[field] !== null))
  const aspects: readonly (readonly LeafRecord<NamingLeaf>[])[] = ofField.length > 0 ? ofField : [later]
  const isDead = ending.length > 0 && writes.every(write => ending.some(removal => replaces(removal, write)))
  const ends = drops.judges || (isDead && !isUsed()) ? ending : []
  const left = [...record.leaf.seen, ...record.leaf.covers].filter(dot => !drops.goes(dot))
  return aspects.every(writesOfField => {
    const naming = [...writesOfField, ...ends]
    // whoever judges may lack what named it: then any later write of the field says that it was named
    const isReplaced = naming.some(other => replaces(other, record))
    if (!isReplaced && (!drops.judges || writesOfField.length === 0)) return false
    return left.every(dot => naming.some(other => reaches(other, dot)) || isCoverGone([dot], writes, drops, gone))
  })
}

/** A removal goes when all that it names is gone, everywhere. */
export function mayDropRemoval<L extends NamingLeaf, R extends NamingLeaf>(
  records: FieldRecords<L, R>,
  { leaf }: LeafRecord<R>,
  drops: Drops,
  gone: Gone,
): boolean {
  return areGone(leaf.seen, records.writes, drops, gone) && isCoverGone(leaf.covers, records.writes, drops, gone)
}

function isDot(a: Dot, b: Dot): boolean {
  return a.counter === b.counter && a.writer === b.writer
}
