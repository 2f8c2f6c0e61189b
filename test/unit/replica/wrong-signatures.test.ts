import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createSignatureWatch } from '../../../src/replica/wrong-signatures.ts'

const minute = 60_000

describe('replica: from whom batches came that their writer did not sign', () => {
  let nowMs = 0
  const clock = { now: () => 1_000_000 + nowMs, monotonic: () => nowMs }

  it('is counted by neighbour since the first, and forgotten ten minutes after the last', () => {
    nowMs = 0
    const watch = createSignatureWatch(clock)
    watch.wrong('aa', 'x')
    nowMs = 9 * minute
    for (const writer of ['x', 'y', 'z', 'v', 'w']) watch.wrong('aa', writer)
    assert.deepEqual(watch.list(), [{ from: 'aa', writers: ['x', 'y', 'z', 'v'], count: 6, sinceMs: 1_000_000 }])
    nowMs = 18 * minute
    assert.equal(watch.list().length, 1)
    nowMs = 19 * minute
    assert.deepEqual(watch.list(), [])
    watch.wrong('aa', 'x')
    assert.deepEqual(watch.list()[0], { from: 'aa', writers: ['x'], count: 1, sinceMs: 1_000_000 + 19 * minute })
  })

  it('is bounded: of many neighbours the latest are kept', () => {
    nowMs = 0
    const watch = createSignatureWatch(clock)
    for (let i = 0; i < 100; i++) watch.wrong(`n${i}`, 'x')
    assert.deepEqual(
      watch.list().map(({ from }) => from),
      Array.from({ length: 16 }, (_, i) => `n${84 + i}`),
    )
  })
})
