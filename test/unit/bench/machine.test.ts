import assert from 'node:assert/strict'
import { parsePressure } from '../../../bench/lib/machine.ts'

describe('bench: pressure', () => {
  it('reads the share of the last 10 s and the total of processes that wait', () => {
    const text = 'some avg10=12.50 avg60=3.00 avg300=1.00 total=4500\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n'
    assert.deepEqual(parsePressure(text), { lastPercent: 12.5, totalMs: 4.5 })
    assert.equal(parsePressure('something else\n'), undefined)
  })
})
