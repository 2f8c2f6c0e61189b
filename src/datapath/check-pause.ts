/** When the kernel's rules are looked at next. */

/** Check of the firewall tables: design.md. */
const usualMs = 5_000
/** A dozen programs are started for each look; a host where that takes long has others to run. */
const restFor = 10

/** Pause until the next look, ms; longer where the last one took longer than half a second. */
export function pauseAfterCheck(tookMs: number): number {
  return Math.max(usualMs, restFor * tookMs)
}
