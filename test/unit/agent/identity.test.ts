import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { foundMesh, readIdentity, readJoining, writeIdentity, writeJoining } from '../../../src/agent/identity.ts'
import { fromHex } from '../../../src/lib/bytes.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { newSeed, signerOf } from '../../../src/lib/keys.ts'
import { createMemoryDisk } from '../../../src/store/memory-disk.ts'

const keys = [1, 2].map(n => signerOf(new Uint8Array(32).fill(n)).key)

describe('agent: who this peer is', () => {
  it('is read as it was written, with the keys that its host gave up', async () => {
    const disk = createMemoryDisk()
    const introductions = [{ key: keys[0] ?? '', addresses: ['10.0.0.1:7373'] }]
    const identity = { ...foundMesh(), introductions, former: keys }
    await writeIdentity(disk, identity)
    const { seed, ...read } = (await readIdentity(disk)) ?? assert.fail()
    const { seed: written, ...others } = identity
    assert.deepEqual(read, others)
    assert.deepEqual([...seed], [...written])
    await writeJoining(disk, { seed: newSeed(), token: 'TOKEN', former: keys })
    assert.deepEqual((await readJoining(disk))?.former, keys)
  })

  it('of an older version has no such keys', async () => {
    const disk = createMemoryDisk()
    const { seed, meshId } = foundMesh()
    await disk.replace('identity', encode([1, seed, fromHex(meshId), '', []]))
    await disk.replace('joining', encode([1, seed, 'TOKEN']))
    assert.deepEqual((await readIdentity(disk))?.former, [])
    assert.deepEqual((await readJoining(disk))?.former, [])
  })

  it('is refused when it is damaged', async () => {
    const disk = createMemoryDisk()
    const { seed, meshId } = foundMesh()
    for (const former of [[new Uint8Array(31)], 7, Array.from({ length: 17 }, () => seed)]) {
      await disk.replace('identity', encode([1, seed, fromHex(meshId), '', [], former]))
      await assert.rejects(readIdentity(disk), /damaged/)
    }
  })
})
