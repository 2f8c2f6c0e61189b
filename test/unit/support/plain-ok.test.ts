import assert from 'node:assert/strict'
import { describe, it } from 'mocha'

describe('tests: assert.ok', () => {
  it('says at once that something is not true, and where', () => {
    const found = (() => {
      try {
        assert.ok([1, 2].every(each => each > 1))
      } catch (error) {
        return error as assert.AssertionError
      }
    })()
    assert.equal(found?.message, 'not true')
    assert.match(found?.stack?.split('\n')[1] ?? '', /plain-ok\.test\.ts/)
    assert.ok(true)
    assert.throws(() => assert.ok(false, 'why'), /^AssertionError.*why$/s)
  })
})
