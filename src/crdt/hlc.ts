/** Hybrid logical clock: [milliseconds, logical counter]. Orders writes; never a reason to refuse one. */
export type Hlc = readonly [ms: number, count: number]

const maxCount = 0xffff

export function compareHlc(a: Hlc, b: Hlc): number {
  return a[0] - b[0] || a[1] - b[1]
}

/** The timestamp of a write made after `last` when the wall clock says `nowMs`. The counter overflows into the milliseconds. */
export function nextHlc(last: Hlc, nowMs: number): Hlc {
  if (nowMs > last[0]) return [nowMs, 0]
  return last[1] < maxCount ? [last[0], last[1] + 1] : [last[0] + 1, 0]
}

export function maxHlc(a: Hlc, b: Hlc): Hlc {
  return compareHlc(a, b) >= 0 ? a : b
}
