/** Runs of addresses, and Contiv's text of them. */
import { formatIp } from '../model/ip.ts'

/** First and last address, inclusive. */
export type Range = readonly [first: number, last: number]

/** The runs that a set of addresses consists of, ascending. */
export function toRanges(addresses: Iterable<number>): Range[] {
  const ranges: [number, number][] = []
  for (const ip of [...new Set(addresses)].sort((a, b) => a - b)) {
    const open = ranges.at(-1)
    if (open && open[1] + 1 === ip) open[1] = ip
    else ranges.push([ip, ip])
  }
  return ranges
}

/** What is left of `whole` without the ascending, disjoint `taken`. */
export function without(whole: Range, taken: readonly Range[]): Range[] {
  const left: Range[] = []
  let next = whole[0]
  for (const [first, last] of taken) {
    if (last < next || first > whole[1]) continue
    if (first > next) left.push([next, first - 1])
    next = last + 1
  }
  if (next <= whole[1]) left.push([next, whole[1]])
  return left
}

/** `10.1.1.2-10.1.1.4, 10.1.1.6`. */
export function rangesText(ranges: readonly Range[]): string {
  return ranges
    .map(([first, last]) => (first === last ? formatIp(first) : `${formatIp(first)}-${formatIp(last)}`))
    .join(', ')
}

/** The part of the ascending, disjoint ranges that is in `whole`. */
export function within(whole: Range, ranges: readonly Range[]): Range[] {
  return ranges.flatMap(([first, last]): Range[] => {
    const [from, to] = [Math.max(first, whole[0]), Math.min(last, whole[1])]
    return from <= to ? [[from, to]] : []
  })
}

/** `112, 200-203`. */
export function numbersText(numbers: Iterable<number>): string {
  return toRanges(numbers)
    .map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`))
    .join(', ')
}
