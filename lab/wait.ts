/** Waiting on conditions, always with a deadline, given up early when the lab is told to stop. */
import { setTimeout as delay } from 'node:timers/promises'
import { SkeinError } from '../src/lib/errors.ts'

export interface UntilOptions {
  timeoutMs: number
  /** Completes "… within N s" in the error. */
  what: string
  signal?: AbortSignal
  /** @default 50 */
  intervalMs?: number
}

/**
 * Calls `check` until it gives something other than undefined, and resolves with that. What `check` throws ends the
 * wait. Fails with `timeout` after `timeoutMs`.
 */
export async function until<T>(check: () => Promise<T | undefined> | T | undefined, options: UntilOptions): Promise<T> {
  const deadline = performance.now() + options.timeoutMs
  for (;;) {
    options.signal?.throwIfAborted()
    const value = await check()
    if (value !== undefined) return value
    if (performance.now() > deadline) {
      throw new SkeinError('timeout', `${options.what} within ${Math.round(options.timeoutMs / 1000)} s`)
    }
    await delay(options.intervalMs ?? 50)
  }
}

/** All results; or the first failure, but only after every one has settled, so that nothing goes on behind it. */
export async function allSettled<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const outcomes = await Promise.allSettled(promises)
  return outcomes.map(outcome => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  })
}
