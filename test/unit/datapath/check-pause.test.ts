import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { pauseAfterCheck } from '../../../src/datapath/check-pause.ts'

describe('datapath: the look at the kernel’s rules', () => {
  it('comes every 5 s, and takes no more than a tenth of a slow host', () => {
    assert.deepEqual([0, 80, 500, 501, 3_000].map(pauseAfterCheck), [5_000, 5_000, 5_000, 5_010, 30_000])
  })
})
