import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { underlayMtu } from '../../../src/agent/underlay.ts'
import { decodeLeaf, encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import { run } from '../../../src/lib/exec.ts'

describe('MTU of the underlay', () => {
  it('is that of the interface with the address, as a record can say it: also of the loopback, that has 65,536', async () => {
    const mtu = await underlayMtu(run, '127.0.0.1')
    assert.equal(mtu, 65_535)
    const peer = { kind: 'peer', name: 'a', addresses: ['127.0.0.1:7373'], vtepAddress: '127.0.0.1', mtu } as const
    assert.deepEqual(decodeLeaf(encodeLeaf(peer)), peer)
  })

  it('is 1,500 where no interface has it', async () => {
    assert.equal(await underlayMtu(run, '192.0.2.1'), 1500)
  })
})
