/**
 * "All that I knew of this object" in one dot a writer: a writer's records arrive without gaps, so who holds its latest
 * record of an object holds the earlier ones. Exact, and no longer than the list of members.
 */
import { compareDots, type Dot } from './vector.ts'

/** The latest of each writer, ascending. */
export function coverOf(dots: Iterable<Dot>): Dot[] {
  const latest = new Map<string, Dot>()
  for (const dot of dots) if ((latest.get(dot.writer)?.counter ?? 0) < dot.counter) latest.set(dot.writer, dot)
  return [...latest.values()].sort(compareDots)
}

export function covers(cover: readonly Dot[], dot: Dot): boolean {
  return cover.some(({ writer, counter }) => writer === dot.writer && counter >= dot.counter)
}
