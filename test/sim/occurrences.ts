/** What many histories together have to have seen: a judge that was never asked proves nothing. */
import { dues } from './checks/due.ts'
import { madeKinds } from './checks/promises-kept.ts'
import { type Counted, rare, usual } from './counted.ts'
import { deedNames } from './deeds.ts'
import { faultNames } from './faults.ts'

/** Of every deed that it was done, of every fault that it struck, of every condition that must be there that it was there. */
const all: readonly Counted[] = [
  ...deedNames.map((name): Counted => `deed ${name}`),
  ...faultNames.map((name): Counted => `fault ${name}`),
  ...Object.keys(dues).map((kind): Counted => `condition ${kind} that is due`),
  ...madeKinds.map((kind): Counted => `${kind} that must live`),
  ...usual,
]

const occurrences = all.filter(what => !rare.some(each => each === what))

/** Those that never happened. */
export function missing(tally: ReadonlyMap<string, number>): Counted[] {
  return occurrences.filter(what => (tally.get(what) ?? 0) === 0)
}
