/** The real clock, put forward as a test wants. */
import { type Clock, systemClock } from '../../src/lib/clock.ts'

/** Its timers are the real ones. */
export function clockAhead(): Clock & { aheadMs: number } {
  const clock = {
    ...systemClock,
    aheadMs: 0,
    now: () => systemClock.now() + clock.aheadMs,
    monotonic: () => systemClock.monotonic() + clock.aheadMs,
  }
  return clock
}
