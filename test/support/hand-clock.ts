/** The real clock, but for what takes minutes: that happens when the test says so. */
import { type Clock, systemClock } from '../../src/lib/clock.ts'

export interface HandClock extends Clock {
  /** So much time has passed, ms: long timers that are due fire. */
  pass(ms: number): void
}

/** Timers of 30 s and more wait for `pass`. */
export function createHandClock(): HandClock {
  let passed = 0
  const waiting = new Set<{ dueMs: number; callback: () => void }>()
  const monotonic = () => systemClock.monotonic() + passed
  return {
    now: () => systemClock.now() + passed,
    monotonic,
    after(delayMs, callback) {
      if (delayMs < 30_000) return systemClock.after(delayMs, callback)
      const timer = { dueMs: monotonic() + delayMs, callback }
      waiting.add(timer)
      return { cancel: () => waiting.delete(timer) }
    },
    pass(ms) {
      passed += ms
      for (const timer of [...waiting].filter(item => item.dueMs <= monotonic())) {
        waiting.delete(timer)
        timer.callback()
      }
    },
  }
}
