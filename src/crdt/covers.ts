/**
 * "All that I knew of this object" in one dot a writer: a writer's records arrive without gaps, so who holds its latest
 * record of an object holds the earlier ones. Exact, and no longer than the list of members. A hostile writer may write any
 * counter; nobody has seen what was written later than its own record, so by HLC a cover ends there.
 */
import { compareHlc, type Hlc } from './hlc.ts'
import { compareDots, type Dot } from './vector.ts'

/** The latest of each writer, ascending. */
export function coverOf(dots: Iterable<Dot>): Dot[] {
  const latest = new Map<string, Dot>()
  for (const dot of dots) if ((latest.get(dot.writer)?.counter ?? 0) < dot.counter) latest.set(dot.writer, dot)
  return [...latest.values()].sort(compareDots)
}

/** What others covered, no further than it is held here: nobody has seen what comes behind that. */
export function within(cover: readonly Dot[], held: ReadonlyMap<string, number>): Dot[] {
  const clipped = cover.map(dot => ({ ...dot, counter: Math.min(dot.counter, held.get(dot.writer) ?? 0) }))
  return clipped.filter(({ counter }) => counter > 0)
}

/** @param by the record that the cover stands in */
export function covers(
  cover: readonly Dot[],
  by: { readonly hlc: Hlc },
  { dot, hlc }: { dot: Dot; hlc: Hlc },
): boolean {
  if (compareHlc(hlc, by.hlc) > 0) return false
  return cover.some(({ writer, counter }) => writer === dot.writer && counter >= dot.counter)
}
