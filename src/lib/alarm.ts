import type { Clock, Timer } from './clock.ts'

/** One timer that can only be brought forward: many reasons to act soon become one act. */
export interface Alarm {
  /** Rings `delayMs` from now at the latest. */
  within(delayMs: number): void
  /** Never rings again. */
  close(): void
}

export function createAlarm(clock: Clock, ring: () => void): Alarm {
  let timer: Timer | undefined
  let due = 0
  let closed = false
  return {
    within(delayMs) {
      const wanted = clock.monotonic() + delayMs
      if (closed || (timer && due <= wanted)) return
      timer?.cancel()
      due = wanted
      timer = clock.after(delayMs, () => {
        timer = undefined
        ring()
      })
    },
    close() {
      closed = true
      timer?.cancel()
      timer = undefined
    },
  }
}
