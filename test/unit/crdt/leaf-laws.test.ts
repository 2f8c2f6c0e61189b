import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { makeBatch, noBatch, openBatch } from '../../../src/crdt/batch.ts'
import { decodeLeaf, encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import { type Leaf, maxLeafBytes } from '../../../src/crdt/leaves.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { decode, encode, type Plain } from '../../../src/lib/cbor.ts'
import { anyFields } from './arbitrary/fields.ts'
import { anyLeaf, leafArbitraries } from './arbitrary/leaves.ts'
import { signerAt } from './writer.ts'

const byKind = leafArbitraries(anyFields)

/** Fields that a newer version may append, whatever they are. */
const newer = fc.array(
  fc.letrec<{ plain: Plain }>(tie => ({
    plain: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(null, true, false),
      fc.integer(),
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.uint8Array({ maxLength: 20 }),
      fc.array(tie('plain') as fc.Arbitrary<Plain>, { maxLength: 3 }),
    ),
  })).plain,
  { minLength: 1, maxLength: 3 },
)

/** All fields, those too that are left out at the end where they say nothing. */
function fieldsOf(leaf: Leaf): Plain[] {
  const fields = decode(encodeLeaf(leaf), maxLeafBytes) as Plain[]
  if (leaf.kind === 'peer' && leaf.machine === undefined) return [...fields, new Uint8Array()]
  return leaf.kind === 'known' && leaf.pending.length === 0 ? [...fields, []] : fields
}

describe('crdt: laws of single records', () => {
  for (const [kind, leaf] of byKind) {
    it(`any ${kind} is read as it was written, and written again to the same bytes`, () => {
      fc.assert(
        fc.property(leaf, value => {
          const bytes = encodeLeaf(value)
          const read = decodeLeaf(bytes)
          assert.deepEqual(read, value)
          assert.equal(toHex(encodeLeaf(read)), toHex(bytes))
        }),
      )
    })
  }

  it('fields of a newer version change nothing here, and are relayed in a batch as they were signed', () => {
    fc.assert(
      fc.property(anyLeaf(byKind), newer, (value, more) => {
        const bytes = encode([...fieldsOf(value), ...more])
        assert.deepEqual(decodeLeaf(bytes), value)
        const of = { meshId: 'ab'.repeat(16), first: 1, previous: noBatch, hlc: [1, 0] as const, leaves: [bytes] }
        assert.deepEqual(openBatch(makeBatch(signerAt(1), of).bytes).leaves, [bytes])
      }),
      { numRuns: 300 },
    )
  })
})
