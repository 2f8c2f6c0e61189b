import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import {
  type Batch,
  isSigned,
  makeBatch,
  maxBatchBytes,
  maxBatchLeaves,
  noBatch,
  openBatch,
} from '../../../src/crdt/batch.ts'
import { encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import { maxLeafBytes } from '../../../src/crdt/leaves.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { decode, encode, type Plain } from '../../../src/lib/cbor.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { signerAt } from './writer.ts'

const signer = signerAt(1)
const meshId = 'ab'.repeat(16)
const fields = { meshId, first: 1, previous: noBatch, hlc: [1_764_000_000_000, 3] as const }
const leaf = (name: string) => encodeLeaf({ kind: 'tenant', name })

/** The batch with its bytes as text (the decoder leaves a mark on what it read). */
const shown = (batch: Batch) => ({
  ...batch,
  ...{ header: toHex(batch.header), signature: toHex(batch.signature), bytes: toHex(batch.bytes) },
  leaves: batch.leaves.map(toHex),
})

/** True if a peer would take these bytes for a batch that its writer signed. */
function isTaken(bytes: Uint8Array): boolean {
  try {
    return isSigned(openBatch(bytes), verifySignature)
  } catch {
    return false
  }
}

describe('crdt: batch', () => {
  it('is read as it was made', () => {
    const leaves = fc.array(fc.uint8Array({ maxLength: 60 }), { minLength: 1, maxLength: 8 })
    const counters = fc.record({
      first: fc.integer({ min: 1, max: 2 ** 40 }),
      ms: fc.nat(2 ** 31),
      count: fc.nat(0xffff),
    })
    fc.assert(
      fc.property(leaves, counters, (list, { first, ms, count }) => {
        const made = makeBatch(signer, { ...fields, first, hlc: [ms * 1000, count], leaves: list })
        assert.deepEqual(shown(openBatch(made.bytes)), shown(made))
        assert.equal(made.last, first + list.length - 1)
        assert.ok(isSigned(made, verifySignature))
      }),
      { numRuns: 40 },
    )
  })

  it('is refused with any one byte changed', () => {
    const { bytes } = makeBatch(signer, { ...fields, leaves: [leaf('a'), leaf('b')] })
    assert.ok(isTaken(bytes))
    for (let i = 0; i < bytes.length; i++) {
      const damaged = bytes.slice()
      damaged[i] = (bytes[i] as number) ^ (1 << (i % 8))
      assert.equal(isTaken(damaged), false, `byte ${i} of ${bytes.length}`)
    }
  })

  it('is refused cut off or with something behind it', () => {
    const { bytes } = makeBatch(signer, { ...fields, leaves: [leaf('a')] })
    for (let length = 0; length < bytes.length; length++) assert.equal(isTaken(bytes.slice(0, length)), false)
    assert.equal(isTaken(new Uint8Array([...bytes, 0])), false)
  })

  it('is refused with leaves that the header does not name', () => {
    const { header, signature } = makeBatch(signer, { ...fields, leaves: [leaf('a'), leaf('b')] })
    const taken = (leaves: Plain[]) => isTaken(encode([header, signature, leaves]))
    assert.ok(taken([leaf('a'), leaf('b')]))
    assert.equal(taken([leaf('b'), leaf('a')]), false)
    assert.equal(taken([leaf('a')]), false)
    assert.equal(taken([leaf('a'), leaf('b'), leaf('c')]), false)
    assert.equal(taken([]), false)
  })

  /** The bytes of a batch whose header was changed and signed again by a hostile writer. */
  function withHeader(change: (header: Plain[]) => void): Uint8Array {
    const { header, leaves } = makeBatch(signer, { ...fields, leaves: [leaf('a')] })
    const plain = [...(decode(header, 4096) as Plain[])]
    change(plain)
    const bytes = encode(plain)
    return encode([bytes, signer.sign(bytes), leaves])
  }
  const set = (index: number, value: Plain) => withHeader(header => header.splice(index, 1, value))

  it('is refused with a header that is not of the format, even when signed', () => {
    assert.ok(isTaken(withHeader(() => undefined)))
    assert.ok(isTaken(withHeader(header => header.push('newer'))), 'a newer header field is kept')
    const wrong: [number, Plain][] = [
      [0, 2],
      [1, new Uint8Array(15)],
      [2, new Uint8Array(31)],
      [2, signerAt(2).key],
      [3, 0],
      [3, 1.5],
      [3, Number.MAX_SAFE_INTEGER],
      [4, 2],
      [5, new Uint8Array(31)],
      [6, -1],
      [6, 'now'],
      [7, 0x10000],
      [8, [new Uint8Array(31)]],
      [8, 5],
    ]
    for (const [index, value] of wrong) assert.equal(isTaken(set(index, value)), false, `field ${index}`)
  })

  it('keeps its limits', () => {
    const many = Array.from({ length: maxBatchLeaves }, (_, i) => leaf(`t${i}`))
    assert.ok(isTaken(makeBatch(signer, { ...fields, leaves: many }).bytes))
    assert.equal(isTaken(makeBatch(signer, { ...fields, leaves: [...many, leaf('x')] }).bytes), false)
    const big = (size: number) => makeBatch(signer, { ...fields, leaves: [new Uint8Array(size)] }).bytes
    assert.ok(isTaken(big(maxLeafBytes)))
    assert.equal(isTaken(big(maxLeafBytes + 1)), false)
    const five = makeBatch(signer, { ...fields, leaves: Array.from({ length: 5 }, () => new Uint8Array(maxLeafBytes)) })
    assert.ok(five.bytes.length > maxBatchBytes)
    assert.equal(isTaken(five.bytes), false)
  })

  it('names its writer, its place and its predecessor by its hash', () => {
    const base = { ...fields, leaves: [leaf('a')] }
    const one = makeBatch(signer, base)
    const others = [
      makeBatch(signer, { ...base, first: 2 }),
      makeBatch(signer, { ...base, previous: one.hash }),
      makeBatch(signer, { ...base, meshId: 'ac'.repeat(16) }),
      makeBatch(signer, { ...base, hlc: [5, 0] }),
      makeBatch(signer, { ...base, leaves: [leaf('b')] }),
      makeBatch(signerAt(2), base),
    ]
    assert.equal(new Set([one, ...others].map(batch => batch.hash)).size, 7)
    assert.equal(makeBatch(signer, base).hash, one.hash)
  })
})
