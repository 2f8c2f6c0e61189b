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
 * Every deadline of the lab times this: SKEIN_LAB_PATIENCE, for machines that are emulated. So is the pause before it is looked again: each look
 * takes the processors there from what is waited for.
 */
export const patience = /^[1-9]\d?$/.test(process.env.SKEIN_LAB_PATIENCE ?? '')
  ? Number(process.env.SKEIN_LAB_PATIENCE)
  : 1

/**
 * Calls `check` until it gives something other than undefined, and resolves with that. What `check` throws ends the
 * wait. Fails with `timeout` after `timeoutMs`.
 */
export async function until<T>(check: () => Promise<T | undefined> | T | undefined, options: UntilOptions): Promise<T> {
  const timeoutMs = options.timeoutMs * patience
  const deadline = performance.now() + timeoutMs
  for (;;) {
    options.signal?.throwIfAborted()
    const value = await check()
    if (value !== undefined) return value
    if (performance.now() > deadline) {
      throw new SkeinError('timeout', `${options.what} within ${Math.round(timeoutMs / 1000)} s`)
    }
    await delay((options.intervalMs ?? 50) * patience)
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
