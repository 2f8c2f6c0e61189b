import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { makeBatch, noBatch } from '../../../src/crdt/batch.ts'
import { checkpointLeaf, compact, runOf, survives } from '../../../src/crdt/checkpoint.ts'
import { isSignedPart, leavesOf, makeUnit, openPart, openUnit, type Part } from '../../../src/crdt/compact-unit.ts'
import { encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { signerAt } from './writer.ts'

const signer = signerAt(1)
const meshId = 'ab'.repeat(16)

/** Leaves of this version and of later ones: unknown kinds, and fields behind those that are known. */
const leaf = fc.oneof(
  fc.string({ maxLength: 8 }).map(name => encodeLeaf({ kind: 'tenant', name })),
  fc.nat().map(number => encode(['comet', number])),
  fc.nat().map(number => encode(['tenant', 'blue', ['a newer field'], number])),
)
const chain = fc.array(fc.array(leaf, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 8 })

function batchesOf(all: readonly (readonly Uint8Array[])[]): Part[] {
  const parts: Part[] = []
  for (const [i, leaves] of all.entries()) {
    const before = parts.at(-1)
    const place = { first: (before?.last ?? 0) + 1, previous: before?.hash ?? noBatch }
    parts.push(makeBatch(signer, { meshId, ...place, hlc: [1_800_000_000_000 + i, 0], leaves }))
  }
  return parts
}

const shown = (part: Part) => ({
  ...{ first: part.first, last: part.last, previous: part.previous, hash: part.hash, bytes: toHex(part.bytes) },
  leaves: leavesOf(part).map(({ counter, hlc, hash, bytes }) => ({ counter, hlc, hash, bytes: toHex(bytes) })),
})

describe('crdt: compact unit', () => {
  it('is the same for who makes it of batches, of other units, or reads it; newer fields and kinds survive in it', () => {
    fc.assert(
      fc.property(chain, fc.nat(), fc.nat(), (all, kept, more) => {
        const parts = batchesOf(all)
        const run = runOf(parts)
        assert.ok(run)
        const survivors = parts.flatMap(leavesOf).filter(({ counter }) => (kept >> (counter % 30)) & 1)
        const checkpoint = checkpointLeaf(signer, run, survivors)
        const made = compact(checkpoint, parts, verifySignature)
        assert.ok(made !== 'unsound')
        const read = openUnit(made.unit.bytes)
        assert.deepEqual(shown(read), shown(made.unit))
        assert.deepEqual(shown(openPart(read.bytes)), shown(made.unit))
        assert.ok(isSignedPart(read, verifySignature))
        assert.deepEqual(
          leavesOf(read).map(({ bytes }) => toHex(bytes)),
          survivors.map(({ bytes }) => toHex(bytes)),
        )
        // a later checkpoint of the same run: of the unit it makes what it makes of the batches
        const left = survivors.filter(({ counter }) => (more >> (counter % 30)) & 1)
        const later = checkpointLeaf(signer, run, left)
        const [again, anew] = [compact(later, [read], verifySignature), compact(later, parts, verifySignature)]
        assert.ok(again !== 'unsound' && anew !== 'unsound')
        assert.deepEqual(shown(again.unit), shown(anew.unit))
        for (const { counter } of parts.flatMap(leavesOf)) {
          assert.equal(
            survives(later, counter),
            left.some(item => item.counter === counter),
          )
        }
      }),
      { numRuns: 40 },
    )
  })

  it('is refused with any one byte changed', () => {
    const parts = batchesOf([[encode(['comet', 1]), encodeLeaf({ kind: 'tenant', name: 'a' })], [encode(['comet', 2])]])
    const run = runOf(parts)
    assert.ok(run)
    const survivors = parts.flatMap(leavesOf).slice(1)
    const { bytes } = makeUnit(run, survivors, checkpointLeaf(signer, run, survivors).signature)
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      let isTaken = true
      try {
        isTaken = isSignedPart(openUnit(changed), verifySignature)
      } catch {
        isTaken = false
      }
      assert.equal(isTaken, false, `byte ${at}`)
    }
  })

  it('is not made of a run that has other content, or of another writer’s signature', () => {
    const parts = batchesOf([[encode(['comet', 1])], [encode(['comet', 2])]])
    const run = runOf(parts)
    assert.ok(run)
    const survivors = parts.flatMap(leavesOf).slice(1)
    const forged = checkpointLeaf(signerAt(2), run, survivors)
    assert.equal(compact(forged, parts, verifySignature), 'unsound')
    const other = batchesOf([[encode(['comet', 1])], [encode(['comet', 3])]])
    assert.equal(compact(checkpointLeaf(signer, run, survivors), other, verifySignature), 'unsound')
  })
})
