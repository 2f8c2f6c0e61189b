/**
 * The one order of records that all peers agree on: by HLC, then writer, then counter, then hash; a forked writer has several
 * records at one dot.
 */
import { compareHlc } from './hlc.ts'
import { compareRecords as compareNames, type LeafRecord, recordName } from './live-set.ts'
import { compareDots, type Dot, dotText } from './vector.ts'

type Written = Pick<LeafRecord, 'dot' | 'hlc'> & { readonly hash?: string }

export function compareRecords(a: Written, b: Written): number {
  const named = (record: Written) => ({ ...record, hash: record.hash ?? '', leaf: undefined })
  return compareHlc(a.hlc, b.hlc) || compareNames(named(a), named(b))
}

/** The earliest of several; undefined of none. */
export function earliest<R extends Written>(records: Iterable<R>): R | undefined {
  let found: R | undefined
  for (const record of records) if (!found || compareRecords(record, found) < 0) found = record
  return found
}

/** The latest of several; undefined of none. */
export function latest<R extends Written>(records: Iterable<R>): R | undefined {
  let found: R | undefined
  for (const record of records) if (!found || compareRecords(record, found) > 0) found = record
  return found
}

/** Adds a record to a set by its name. Of a forked writer's equal records at one dot the earlier counts. */
export function keep<L>(set: Map<string, LeafRecord<L>>, record: LeafRecord<L>): void {
  const name = recordName(record)
  const held = set.get(name)
  if (!held || compareHlc(record.hlc, held.hlc) < 0) set.set(name, record)
}

/** The dots of these records, each once, ascending. */
export function dotsOf(records: Iterable<Written>): Dot[] {
  const dots = new Map<string, Dot>()
  for (const { dot } of records) dots.set(dotText(dot), dot)
  return [...dots.values()].sort(compareDots)
}
