import assert from 'node:assert/strict'
import { endpointNumber } from '../../../bench/lib/endpoints.ts'
import { encodeLeaf } from '../../../src/crdt/leaf-codec.ts'

describe('bench: endpoints', () => {
  it('are records as the plugin writes them, each with its own id and address', () => {
    const some = Array.from({ length: 300 }, (_, number) => endpointNumber('a'.repeat(64), 0x0a3d0001, number))
    for (const read of [(leaf: (typeof some)[0]) => leaf.id, (leaf: (typeof some)[0]) => leaf.mac]) {
      assert.equal(new Set(some.map(read)).size, some.length)
    }
    const [first] = some
    assert.ok(first && encodeLeaf(first).length > 100)
    assert.deepEqual([first.mac, first.ip, first.id.length], ['02:02:0a:3d:00:01', 0x0a3d0001, 64])
  })
})
