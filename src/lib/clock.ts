/** Time as it is handed in, so that the simulator can run the code that ships. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch; may jump. Only for display and for the HLC. */
  now(): number
  /** Monotonic clock, milliseconds from an arbitrary start; never goes back, restarts with the process. */
  monotonic(): number
  /** Calls `callback` once after `delayMs`; the handle cancels it. */
  after(delayMs: number, callback: () => void): Timer
}

export interface Timer {
  cancel(): void
}

/** The real clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const handle = setTimeout(callback, delayMs)
    handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
}

/** Resolves after `delayMs` of `clock`. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise(resolve => {
    clock.after(delayMs, resolve)
  })
}

/** Rejects with `makeError()` when `promise` has not settled after `limitMs` of `clock`. */
export function withDeadline<T>(
  clock: Clock,
  promise: Promise<T>,
  limitMs: number,
  makeError: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(limitMs, () => reject(makeError()))
    promise.then(resolve, reject).finally(() => timer.cancel())
  })
}
