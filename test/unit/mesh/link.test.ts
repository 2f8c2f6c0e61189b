import assert from 'node:assert/strict'
import type { Connection } from '@libp2p/interface'
import { createLink } from '../../../src/mesh/link.ts'

/** A connection on which nobody answers, and what became of it: silence on command cannot be had from a real one. */
async function silentLink() {
  let answer = () => {}
  let close = () => {}
  let unheard = 0
  let aborted = 0
  const stream = {
    addEventListener(event: string, listener: () => void) {
      if (event === 'message') answer = listener
      else close = listener
    },
    send: () => true,
  }
  const connection = { status: 'open', newStream: async () => stream, abort: () => aborted++ }
  let alive = 0
  const link = createLink('a', connection as unknown as Connection, {
    alive: () => alive++,
    unheard: () => unheard++,
  })
  await Promise.resolve()
  return {
    link,
    answer: () => answer(),
    close: () => close(),
    unheard: () => unheard,
    aborted: () => aborted,
    alive: () => alive,
  }
}

describe('link', () => {
  it('is cut after three ticks without an answer, the first ping’s own tick not counted', async () => {
    const { link, aborted } = await silentLink()
    for (let tick = 0; tick < 3; tick++) link.tick(false)
    assert.equal(aborted(), 0)
    link.tick(false)
    assert.deepEqual([aborted(), link.cut], [1, true])
  })

  it('does not count ticks that came late', async () => {
    const { link, aborted } = await silentLink()
    for (let tick = 0; tick < 20; tick++) link.tick(true)
    assert.equal(aborted(), 0)
  })

  it('lives from the first answer on, and begins to count anew with each', async () => {
    const { link, answer, aborted, alive } = await silentLink()
    assert.equal(link.alive, false)
    for (let round = 0; round < 10; round++) {
      answer()
      for (let tick = 0; tick < 3; tick++) link.tick(false)
    }
    assert.deepEqual([link.alive, alive(), aborted()], [true, 1, 0])
  })

  it('says that pings are not taken, if they never were', async () => {
    const refused = await silentLink()
    refused.close()
    assert.equal(refused.unheard(), 1)
    const ended = await silentLink()
    ended.answer()
    ended.close()
    assert.equal(ended.unheard(), 0)
  })
})
