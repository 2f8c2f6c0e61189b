import { createAlarm } from '../lib/alarm.ts'
import type { Clock } from '../lib/clock.ts'

/** Work that is done again and again: never twice at a time, and once more when it was asked for meanwhile. */
export interface Task {
  /** Runs it `delayMs` from now at the latest. */
  within(delayMs: number): void
  /** Never runs it again; resolves when it does not run any more. */
  stop(): Promise<void>
}

/** `work` never rejects. */
export function createTask(clock: Clock, work: () => Promise<void>): Task {
  let running: Promise<void> | undefined
  let again: number | undefined
  const alarm = createAlarm(clock, () => {
    if (running) {
      again = 0
      return
    }
    running = work().finally(() => {
      running = undefined
      if (again !== undefined) alarm.within(again)
      again = undefined
    })
  })
  return {
    within(delayMs) {
      if (running) again = Math.min(again ?? delayMs, delayMs)
      else alarm.within(delayMs)
    },
    async stop() {
      alarm.close()
      await running
    },
  }
}
