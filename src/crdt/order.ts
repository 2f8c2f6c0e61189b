/** The one order of records that all peers agree on: by HLC, then writer, then counter. */
import { compareHlc } from './hlc.ts'
import type { LeafRecord } from './live-set.ts'
import { compareDots } from './vector.ts'

type Written = Pick<LeafRecord, 'dot' | 'hlc'>

export function compareRecords(a: Written, b: Written): number {
  return compareHlc(a.hlc, b.hlc) || compareDots(a.dot, b.dot)
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
