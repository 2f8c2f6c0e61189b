/** When the kernel's rules are looked at next. */

/** Check of the firewall tables: design.md. */
const usualMs = 5_000
/** A host where a look takes long has other work to do. */
const restFor = 10

/** Pause until the next look, ms; longer where the last one took longer than half a second. */
export function pauseAfterCheck(tookMs: number): number {
  return Math.max(usualMs, restFor * tookMs)
}
