import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import {
  foundMesh,
  type Identity,
  readComingBack,
  readIdentity,
  readJoining,
  writeComingBack,
  writeIdentity,
  writeJoining,
} from '../../../src/agent/identity.ts'
import { fromHex } from '../../../src/lib/bytes.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { newSeed, signerOf } from '../../../src/lib/keys.ts'
import type { Disk } from '../../../src/store/disk.ts'
import { createMemoryDisk } from '../../../src/store/memory-disk.ts'

const keys = [1, 2].map(n => signerOf(new Uint8Array(32).fill(n)).key)
const unexpected = (text: string) => assert.fail(text)

function anIdentity(): Identity {
  return { ...foundMesh(), introductions: [{ key: keys[0] ?? '', addresses: ['10.0.0.1:7373'] }], former: keys }
}

async function bytesOf(disk: Disk, name: string): Promise<Uint8Array> {
  return (await disk.read(name)) ?? assert.fail(`no ${name}`)
}

/** The file with one bit turned, for each of its bits. */
function* damagedIn(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const turned = bytes.slice()
    turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    yield turned
  }
}

describe('agent: who this peer is', () => {
  it('is read as it was written, with the keys that its host gave up', async () => {
    const disk = createMemoryDisk()
    const identity = anIdentity()
    await writeIdentity(disk, identity)
    assert.deepEqual(await readIdentity(disk, unexpected), identity)
    await writeJoining(disk, { seed: newSeed(), token: 'TOKEN', former: keys })
    assert.deepEqual((await readJoining(disk, unexpected))?.former, keys)
  })

  it('of an older version has no checksum and no copy, and gets both; of a still older one no such keys', async () => {
    const disk = createMemoryDisk()
    const { seed, meshId } = foundMesh()
    await disk.replace('identity', encode([1, seed, fromHex(meshId), '', []]))
    await disk.replace('joining', encode([1, seed, 'TOKEN']))
    assert.deepEqual((await readIdentity(disk, unexpected))?.former, [])
    assert.deepEqual((await readJoining(disk, unexpected))?.former, [])
    await disk.replace('identity', encode([1, seed, fromHex(meshId), '', [], keys.map(fromHex)]))
    for (const name of ['identity.copy', 'identity']) {
      assert.deepEqual((await readIdentity(disk, unexpected))?.former, keys)
      const bytes = await bytesOf(disk, name)
      bytes[3] = (bytes[3] ?? 0) ^ 1
      await disk.replace(name, bytes)
      assert.deepEqual((await readIdentity(disk, () => {}))?.former, keys)
    }
  })

  it('whichever bit of one of its two files turns, or if one is gone, it is read from the other, which mends it', async () => {
    const disk = createMemoryDisk()
    const identity = anIdentity()
    await writeIdentity(disk, identity)
    const whole = await bytesOf(disk, 'identity')
    for (const name of ['identity', 'identity.copy']) {
      for (const turned of [...damagedIn(whole), whole.slice(0, 20), new Uint8Array()]) {
        await disk.replace(name, turned)
        assert.deepEqual(await readIdentity(disk, () => {}), identity)
        assert.deepEqual(await bytesOf(disk, name), whole)
      }
      await disk.remove(name)
      assert.deepEqual(await readIdentity(disk, () => {}), identity)
      assert.deepEqual(await bytesOf(disk, name), whole)
    }
    const said: string[] = []
    await disk.replace('identity', whole.slice(1))
    await readIdentity(disk, text => said.push(text))
    assert.match(said.join(), /^the file identity in the data directory is damaged/)
  })

  it('is refused when both files are damaged, or say what cannot be', async () => {
    const disk = createMemoryDisk()
    const { seed, meshId } = foundMesh()
    const refused = { code: 'damaged', message: /identity .* is damaged: move the directory away/ }
    for (const former of [[new Uint8Array(31)], 7, Array.from({ length: 17 }, () => seed)]) {
      await disk.replace('identity', encode([1, seed, fromHex(meshId), '', [], former]))
      await disk.remove('identity.copy')
      await assert.rejects(readIdentity(disk, unexpected), refused)
    }
    await writeIdentity(disk, anIdentity())
    const whole = await bytesOf(disk, 'identity')
    for (const name of ['identity', 'identity.copy']) await disk.replace(name, whole.slice(0, -1))
    await assert.rejects(readIdentity(disk, unexpected), refused)
    assert.deepEqual(await bytesOf(disk, 'identity'), whole.slice(0, -1))
  })
})

describe('agent: what was begun', () => {
  it('is set aside, and said, whichever bit of its file turns', async () => {
    const seed = newSeed()
    const disk = createMemoryDisk()
    await writeJoining(disk, { seed, token: 'TOKEN', former: keys })
    await writeComingBack(disk, seed)
    for (const [name, read] of [
      ['joining', readJoining],
      ['coming-back', readComingBack],
    ] as const) {
      for (const turned of damagedIn(await bytesOf(disk, name))) {
        await disk.replace(name, turned)
        const said: string[] = []
        assert.equal(await read(disk, text => said.push(text)), undefined)
        assert.deepEqual(said, [`the file ${name} in the data directory was damaged, and is set aside`])
        assert.deepEqual(await bytesOf(disk, `${name}.damaged`), turned)
        assert.equal(await disk.read(name), undefined)
      }
    }
  })
})
