import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createLatest } from '../../../src/lib/latest.ts'

describe('lib: the latest ids', () => {
  it('are so many, in the order in which they came first', () => {
    const latest = createLatest(2)
    assert.deepEqual(
      ['a', 'b', 'a', 'c'].map(id => latest.add(id)),
      [true, true, false, true],
    )
    assert.deepEqual(
      ['a', 'b', 'c'].map(id => latest.has(id)),
      [false, true, true],
    )
    latest.delete('b')
    latest.add('d')
    assert.deepEqual(
      ['b', 'c', 'd'].map(id => latest.has(id)),
      [false, true, true],
    )
  })
})
