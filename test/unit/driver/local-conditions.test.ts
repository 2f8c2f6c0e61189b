import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createLocalConditions } from '../../../src/driver/local-conditions.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { silentLogger } from '../../../src/lib/log.ts'

describe('driver: conditions of this host', () => {
  it('are shown at once when something has happened, and after the pass when something is found', () => {
    let isOver = false
    const conditions = createLocalConditions(silentLogger, systemClock)
    const texts = () => conditions.list().map(({ text }) => text)
    conditions.begin()
    conditions.report('network web', 'is not there', '')
    assert.deepEqual(texts(), [])
    conditions.keep('removed web', 'was made again', '', () => isOver)
    assert.deepEqual(texts(), ['was made again'])
    conditions.finish()
    assert.deepEqual(texts(), ['is not there', 'was made again'])
    conditions.begin()
    conditions.finish()
    assert.deepEqual(texts(), ['was made again'])
    isOver = true
    conditions.begin()
    conditions.finish()
    assert.deepEqual(texts(), [])
  })
})
