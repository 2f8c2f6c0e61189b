/** Hybrid logical clock: [milliseconds, logical counter]. Orders writes; never a reason to refuse one. */
export type Hlc = readonly [ms: number, count: number]

const maxCount = 0xffff

export function compareHlc(a: Hlc, b: Hlc): number {
  return a[0] - b[0] || a[1] - b[1]
}

/**
 * The timestamp of a write made after `last` when the wall clock says `nowMs`. The counter overflows into the milliseconds;
 * at the end of time, where only a hostile writer can have brought us, it stands still: the write must stay readable.
 */
export function nextHlc(last: Hlc, nowMs: number): Hlc {
  const [ms, count] = last
  const now = Math.floor(nowMs)
  if (now > ms) return [now, 0]
  if (count < maxCount) return [ms, count + 1]
  return ms < Number.MAX_SAFE_INTEGER ? [ms + 1, 0] : last
}

export function maxHlc(a: Hlc, b: Hlc): Hlc {
  return compareHlc(a, b) >= 0 ? a : b
}
