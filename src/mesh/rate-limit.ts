/** Lets a log line through once in a while per peer: whoever knocks again and again must not fill the log. */
import type { Clock } from '../lib/clock.ts'

/** Keys remembered; the oldest is forgotten, which at worst costs one line more. */
const maxKeys = 1024

/** The returned function is true at most once in `intervalMs` for the same key. */
export function createRateLimit(clock: Clock, intervalMs: number): (key: string) => boolean {
  const last = new Map<string, number>()
  return key => {
    const now = clock.monotonic()
    const before = last.get(key)
    if (before !== undefined && now - before < intervalMs) return false
    last.delete(key)
    last.set(key, now)
    const oldest = last.size > maxKeys ? last.keys().next() : undefined
    if (oldest && !oldest.done) last.delete(oldest.value)
    return true
  }
}
