import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'mocha'
import { createRemovals, type Removals } from '../../../src/driver/removals.ts'
import { systemClock } from '../../../src/lib/clock.ts'

describe('docker: what a removal means', () => {
  let nowMs: number
  let removals: Removals
  const verdicts = () => removals.judge().map(({ pool, verdict }) => `${pool} ${verdict}`)

  beforeEach(() => {
    nowMs = 5_000
    removals = createRemovals({ ...systemClock, monotonic: () => nowMs })
    removals.listening(true)
  })

  it('is a deletion where the network was born, once nothing more was removed for a while', () => {
    removals.note('d1', 'web', true)
    assert.ok(removals.isOpen('web') && removals.wasRemoved('d1'))
    assert.equal(removals.dueMs(), 1_500)
    nowMs += 1_000
    removals.removedAny()
    nowMs += 1_499
    assert.deepEqual([verdicts(), removals.dueMs()], [[], 1])
    nowMs += 1
    assert.deepEqual(verdicts(), ['web rm'])
    assert.deepEqual([verdicts(), removals.isOpen('web'), removals.dueMs()], [[], false, Number.POSITIVE_INFINITY])
  })

  it('is none in a prune, on other hosts, or when a prune could have been missed', () => {
    removals.note('d1', 'copy', false)
    removals.note('d2', 'pruned', true)
    removals.pruned()
    removals.note('d3', 'missed', true)
    removals.listening(false)
    removals.note('d4', 'deaf', true)
    assert.deepEqual(verdicts(), ['copy copy', 'pruned prune', 'missed unclear', 'deaf unclear'])
  })

  it('comes to nothing when the network is created anew, and at once when it is in the way', () => {
    removals.note('d1', 'web', true)
    removals.note('d2', 'db', true)
    removals.cancel('web')
    assert.deepEqual(
      removals.judge(pool => pool === 'db').map(({ pool }) => pool),
      ['db'],
    )
    nowMs += 10_000
    assert.deepEqual(verdicts(), [])
  })

  it('may come some time after Docker hides the network; then it is lost', () => {
    assert.equal(removals.isLost('d1', 'web'), false)
    assert.ok(removals.isOpen('web'))
    assert.equal(removals.dueMs(), 500)
    removals.note('d1', 'web', true)
    nowMs += 600
    assert.equal(removals.isLost('d1', 'web'), false)
    assert.equal(removals.isLost('d2', 'db'), false)
    nowMs += 500
    assert.equal(removals.isLost('d2', 'db'), true)
    assert.equal(removals.isOpen('db'), false)
  })
})
