import assert from 'node:assert/strict'
import { parsePing } from '../../lab/support/ping.ts'

const text = (seqs: number[], sent: number) =>
  `${seqs.map(seq => `64 bytes from 10.1.1.2: seq=${seq} ttl=64 time=0.1 ms\n`).join('')}\n${sent} packets transmitted, 2 packets received\n`

describe('lab: ping', () => {
  it('names the packets that were lost', () => {
    assert.deepEqual(parsePing(text([0, 1, 2], 3)), { sent: 3, lost: [] })
    assert.deepEqual(parsePing(text([1, 3], 5)), { sent: 5, lost: [0, 2, 4] })
  })

  it('does not blame a ping that was stopped for the answer under way', () => {
    assert.deepEqual(parsePing(text([0, 2], 4), true), { sent: 4, lost: [1] })
    assert.deepEqual(parsePing(text([0], 3), true), { sent: 3, lost: [1] })
  })

  it('does not take silence for success', () => {
    assert.throws(() => parsePing(''), /statistics/)
  })
})
