import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import * as shared from '../../../bench/scale/shared-decoding.ts'
import { makeBatch, noBatch } from '../../../src/crdt/batch.ts'
import { openPart } from '../../../src/crdt/compact-unit.ts'
import { decodeLeaf, encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import { signerOf } from '../../../src/lib/keys.ts'

const meshId = '00'.repeat(16)

function batchOf(tenant: string): Uint8Array {
  const leaves = [encodeLeaf({ kind: 'tenant', name: tenant })]
  const fields = { meshId, first: 1, previous: noBatch, hlc: [1, 0] as const, leaves }
  return makeBatch(signerOf(new Uint8Array(32)), fields).bytes
}

describe('bench: decoding that peers of one process share', () => {
  it('is done once for equal bytes, whoever has them, and gives what each would get', () => {
    const bytes = batchOf('blue')
    const first = shared.openPart(bytes)
    assert.equal(shared.openPart(new Uint8Array(bytes)), first)
    assert.deepEqual(first, openPart(bytes))
    const [leaf] = shared.leavesOf(first)
    assert.ok(leaf)
    assert.equal(shared.decodeLeaf(leaf.bytes), shared.decodeLeaf(leaf.bytes))
    assert.deepEqual(shared.decodeLeaf(leaf.bytes), decodeLeaf(leaf.bytes))
  })

  it('tells other bytes apart, and refuses what is malformed as often as it is shown', () => {
    assert.notEqual(shared.openPart(batchOf('blue')), shared.openPart(batchOf('green')))
    const malformed = new Uint8Array([0x80])
    for (let time = 0; time < 2; time++) assert.throws(() => shared.openPart(malformed))
    for (let time = 0; time < 2; time++) assert.equal(shared.decodeLeaf(malformed), undefined)
  })
})
