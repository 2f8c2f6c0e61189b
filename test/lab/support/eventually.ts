/** Waiting for what becomes true. */
import { setTimeout as delay } from 'node:timers/promises'

export interface EventuallyOptions {
  /** @default 10000 */
  timeoutMs?: number
  /** @default 100 */
  intervalMs?: number
}

/** Runs `check` until it does not throw, and resolves with its result. After the deadline: its last error. */
export async function eventually<T>(check: () => Promise<T> | T, options: EventuallyOptions = {}): Promise<T> {
  const deadline = performance.now() + (options.timeoutMs ?? 10_000)
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (performance.now() > deadline) throw error
    }
    await delay(options.intervalMs ?? 100)
  }
}
