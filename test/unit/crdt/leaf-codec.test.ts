import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { openBatch } from '../../../src/crdt/batch.ts'
import { decodeLeaf, encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import { type Leaf, maxLeafBytes } from '../../../src/crdt/leaves.ts'
import { fromHex } from '../../../src/lib/bytes.ts'
import { decode, encode, type Plain } from '../../../src/lib/cbor.ts'
import { specToPlain } from '../../../src/model/network.ts'
import { sampleLeaves } from './sample-leaves.ts'
import { registryOf, World } from './writer.ts'

const samples = Object.values(sampleLeaves) as Leaf[]
const plainOf = (leaf: Leaf) => decode(encodeLeaf(leaf), maxLeafBytes) as Plain[]

/** How many of its last fields came after the first version: without them a leaf is read all the same. */
const appended: Partial<Record<Leaf['kind'], number>> = {
  ...{ endpoint: 2, known: 3, peer: 1 },
  ...{ 'group-edit': 1, netprofile: 1, 'netprofile-rm': 1, global: 1 },
}

describe('crdt: leaf codec', () => {
  for (const leaf of samples) {
    it(`reads ${leaf.kind} as it was written, with or without fields of a newer version`, () => {
      assert.deepEqual(decodeLeaf(encodeLeaf(leaf)), leaf)
      assert.deepEqual(decodeLeaf(encode([...plainOf(leaf), 'newer', 7])), leaf)
    })

    it(`reads no ${leaf.kind} that lacks a field or has one of another type`, () => {
      const fields = plainOf(leaf)
      for (let i = 1; i < fields.length; i++) {
        const isLater = i >= fields.length - (appended[leaf.kind] ?? 0)
        if (!isLater) assert.equal(decodeLeaf(encode(fields.slice(0, i))), undefined, `without field ${i}`)
        for (const wrong of [null, true, 'x'.repeat(300), -2, 1.5, 2 ** 60, new Uint8Array(5), [[[]]]] as Plain[]) {
          const changed = fields.map((field, j) => (j === i ? wrong : field))
          const read = decodeLeaf(encode(changed))
          // a wrong value of the right type is another leaf; it must be read as exactly that
          if (read) assert.deepEqual(plainOf(read)[i], wrong, `field ${i}: ${String(wrong)}`)
        }
      }
    })
  }

  it('reads nothing that is no leaf of ours, and never throws', () => {
    for (const value of [null, 5, 'tenant', [], [5], ['comet', 1], ['__proto__'], ['toString', 1]] as Plain[]) {
      assert.equal(decodeLeaf(encode(value)), undefined)
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        assert.equal(typeof (decodeLeaf(bytes) ?? {}), 'object')
      }),
    )
    assert.equal(decodeLeaf(encode(['tenant', 'a'.repeat(maxLeafBytes)])), undefined)
  })

  it('never throws on a damaged leaf', () => {
    fc.assert(
      fc.property(fc.constantFrom(...samples), fc.nat(), fc.nat(255), (leaf, at, byte) => {
        const bytes = encodeLeaf(leaf)
        bytes[at % bytes.length] = byte
        assert.equal(typeof (decodeLeaf(bytes) ?? {}), 'object')
      }),
    )
  })
})

describe('crdt: leaves of a newer version', () => {
  const newer = [encode(['comet', 'x', [1, 2]]), encode(['tenant', 'blue', 'a newer field']), encode(['group'])]

  it('are relayed as the bytes that were signed, and take no effect unless this version knows the kind', () => {
    const world = new World(1)
    world.at(1).write(newer)
    const batch = world.batches.at(-1)
    assert.ok(batch)
    assert.deepEqual(openBatch(batch.bytes).leaves, newer)
    assert.deepEqual(registryOf(world.meshId, [openBatch(batch.bytes)]).tenants(), ['default', 'blue'])
    assert.deepEqual(world.all.conditions(), [])
  })

  it('H5: a network of another genesis is a record of another kind, and this version deals no block of it', () => {
    const world = new World(2).settleAll()
    const { spec, roster } = sampleLeaves.network
    const id = 'ab'.repeat(32)
    world.at(1).write([encode(['network of genesis 2', 'default', 'web', 0, specToPlain(spec), fromHex(roster)])])
    world.at(1).write([{ kind: 'vtep', network: id, address: '10.0.0.1', vni: 9 }])
    assert.deepEqual(world.all.networks(), [])
    assert.equal(world.all.blockCount(id), 0)
    assert.equal(world.all.block(id, 0), undefined)
    assert.deepEqual(world.all.conditions(), [])
  })

  it('count in the digest: two peers that hold different ones differ', () => {
    const [a, b, c] = [new World(1), new World(1), new World(1)]
    a.at(1).write([encode(['comet', 1])])
    b.at(1).write([encode(['comet', 2])])
    c.at(1).write([encode(['comet', 1])])
    assert.notEqual(a.all.digest(), b.all.digest())
    assert.equal(a.all.digest(), c.all.digest())
  })
})
