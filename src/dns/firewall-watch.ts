/**
 * Finds out whether the host's firewall lets containers' questions in: redirected, they come to the host itself, where a
 * firewall may drop what it let through before.
 */
import type { Clock } from '../lib/clock.ts'

export interface FirewallWatch {
  /** Takes in how many questions were redirected since the last call, and how many arrived in all. */
  note(redirected: number, received: number): void
  /** True while redirecting would cost containers every name. */
  isBlocked(): boolean
}

/** Looks in a row in which questions were redirected and none arrived: one alone may have crossed the look. */
const looksUntilSure = 2
/** Each new try costs containers the names of some seconds, ms. */
const againMs = 10 * 60_000

export function createFirewallWatch(clock: Pick<Clock, 'monotonic'>): FirewallWatch {
  let strikes = 0
  let arrived = 0
  let until = 0
  return {
    note(redirected, received) {
      if (received > arrived) strikes = 0
      else if (redirected > 0) strikes++
      arrived = received
      if (strikes < looksUntilSure) return
      strikes = 0
      until = clock.monotonic() + againMs
    },
    isBlocked: () => clock.monotonic() < until,
  }
}
