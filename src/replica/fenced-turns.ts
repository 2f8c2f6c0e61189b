/**
 * Two machines run with one key, and a member has one connection with that key: whoever is connected stays so, and nobody hears of what the
 * other wrote. So a fenced peer, which has nothing to say any more, gives its connections up now and then: the other machine gets
 * its turn, and is found out too (R8).
 */
import type { Clock, Timer } from '../lib/clock.ts'

/** Between two turns, ms: doubled each time, since everybody's log tells of it. */
const pausesMs = { first: 8_000, last: 600_000 }

export interface FencedTurns {
  start(): void
  stop(): void
}

export function createFencedTurns(clock: Clock, isFenced: () => boolean, giveUp: () => void): FencedTurns {
  let timer: Timer | undefined
  let pauseMs = pausesMs.first

  function turn(): void {
    if (isFenced()) {
      giveUp()
      pauseMs = Math.min(2 * pauseMs, pausesMs.last)
    }
    schedule()
  }

  function schedule(): void {
    timer = clock.after(pauseMs, turn)
  }

  return { start: schedule, stop: () => timer?.cancel() }
}
