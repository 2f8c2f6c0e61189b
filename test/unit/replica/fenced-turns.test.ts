import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Clock } from '../../../src/lib/clock.ts'
import { createFencedTurns } from '../../../src/replica/fenced-turns.ts'

describe('replica: a fenced peer gives others of its key their turn (R8)', () => {
  it('ends its connections again and again, less often each time, and none before it is fenced', () => {
    let nowMs = 0
    let next: { dueMs: number; callback: () => void } | undefined
    const clock: Clock = {
      now: () => nowMs,
      monotonic: () => nowMs,
      after(delayMs, callback) {
        next = { dueMs: nowMs + delayMs, callback }
        return { cancel: () => (next = undefined) }
      },
    }
    const until = (ms: number) => {
      while (next && next.dueMs <= ms) {
        nowMs = next.dueMs
        next.callback()
      }
      nowMs = ms
    }
    const ended: number[] = []
    let isFenced = false
    const turns = createFencedTurns(
      clock,
      () => isFenced,
      () => ended.push(nowMs / 1000),
    )
    turns.start()
    until(80_000)
    assert.deepEqual(ended, [])
    isFenced = true
    until(210_000)
    assert.deepEqual(ended, [88, 104, 136, 200])
    until(3_600_000 * 10)
    assert.ok(ended.length > 50 && ended.every((at, i) => at - (ended[i - 1] ?? 0) <= 600), 'ten minutes at most')
    turns.stop()
    const { length } = ended
    until(3_600_000 * 20)
    assert.equal(ended.length, length)
  })
})
