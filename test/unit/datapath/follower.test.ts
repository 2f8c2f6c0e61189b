import assert from 'node:assert/strict'
import { Follower } from '../../../src/datapath/follower.ts'
import type { Clock } from '../../../src/lib/clock.ts'

/** Time that passes when told; what is due is done in order. */
class ToldClock implements Clock {
  #ms = 0
  #due: { atMs: number; callback: () => void }[] = []
  now = () => this.#ms
  monotonic = () => this.#ms
  after(delayMs: number, callback: () => void) {
    const entry = { atMs: this.#ms + delayMs, callback }
    this.#due.push(entry)
    return { cancel: () => void this.#due.splice(this.#due.indexOf(entry), 1) }
  }
  async pass(ms: number): Promise<void> {
    const end = this.#ms + ms
    for (;;) {
      await new Promise(resolve => setImmediate(resolve))
      const next = this.#due.filter(({ atMs }) => atMs <= end).sort((a, b) => a.atMs - b.atMs)[0]
      if (!next) break
      this.#due.splice(this.#due.indexOf(next), 1)
      this.#ms = next.atMs
      next.callback()
    }
    this.#ms = end
  }
}

describe('datapath: following changes', () => {
  function follow(workMs: number) {
    const clock = new ToldClock()
    const begun: number[] = []
    const follower = new Follower(clock, () => {
      begun.push(clock.monotonic())
      return new Promise<void>(resolve => clock.after(workMs, resolve))
    })
    return { clock, begun, follower }
  }

  it('does the work once for what comes together, and once more for what comes meanwhile', async () => {
    const { clock, begun, follower } = follow(50)
    for (let n = 0; n < 3; n++) follower.changed()
    await clock.pass(10)
    assert.deepEqual(begun, [2])
    for (let n = 0; n < 3; n++) follower.changed()
    await clock.pass(1000)
    assert.deepEqual(begun, [2, 102], 'after as long as the work before took')
  })

  it('gathers no longer than 200 ms, however long the work takes', async () => {
    const { clock, begun, follower } = follow(5000)
    follower.changed()
    await clock.pass(10)
    follower.changed()
    await clock.pass(10_000)
    assert.deepEqual(begun, [2, 5202])
  })

  it('begins nothing more once it is stopped', async () => {
    const { clock, begun, follower } = follow(50)
    follower.changed()
    follower.stop()
    await clock.pass(100)
    assert.deepEqual(begun, [])
  })
})
