import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { compareHlc, type Hlc, maxHlc, nextHlc } from '../../../src/crdt/hlc.ts'
import {
  compareDots,
  compareHeads,
  dotFromPlain,
  dotToPlain,
  type Head,
  vectorFromPlain,
  vectorHash,
  vectorToPlain,
} from '../../../src/crdt/vector.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import type { Plain } from '../../../src/lib/cbor.ts'

const hlcs = fc.tuple(fc.nat(1000), fc.nat(0xffff)) as fc.Arbitrary<Hlc>
const keyAt = (n: number) => n.toString(16).padStart(64, '0')

describe('crdt: hybrid logical clock', () => {
  it('goes forward whatever the wall clock does', () => {
    fc.assert(
      fc.property(hlcs, fc.double({ min: 0, max: 2000, noNaN: true }), (last, now) => {
        const next = nextHlc(last, now)
        assert.ok(compareHlc(next, last) > 0)
        assert.ok(Number.isSafeInteger(next[0]) && next[1] <= 0xffff)
      }),
    )
  })

  it('follows the wall clock when that is ahead, and overflows into the milliseconds', () => {
    assert.deepEqual(nextHlc([5, 9], 7), [7, 0])
    assert.deepEqual(nextHlc([5, 9], 5), [5, 10])
    assert.deepEqual(nextHlc([5, 9], 3), [5, 10])
    assert.deepEqual(nextHlc([5, 0xffff], 3), [6, 0])
  })

  it('stays writable after a hostile writer has put it to the end of time', () => {
    let hlc: Hlc = [Number.MAX_SAFE_INTEGER, 0xfffe]
    for (let i = 0; i < 3; i++) hlc = nextHlc(hlc, 1000)
    assert.deepEqual(hlc, [Number.MAX_SAFE_INTEGER, 0xffff])
  })

  it('has the later of two', () => {
    fc.assert(
      fc.property(hlcs, hlcs, (a, b) => {
        assert.deepEqual(maxHlc(a, b), maxHlc(b, a))
        assert.ok(compareHlc(maxHlc(a, b), a) >= 0 && compareHlc(maxHlc(a, b), b) >= 0)
      }),
    )
  })
})

describe('crdt: dots and vectors', () => {
  const vectors = fc.array(fc.tuple(fc.nat(50), fc.integer({ min: 1, max: 2 ** 40 })), { maxLength: 10 }).map(list => {
    const vector = new Map<string, Head[]>()
    for (const [n, counter] of list) {
      const tips = [...(vector.get(keyAt(n % 8)) ?? []), { counter, hash: keyAt(counter) }]
      vector.set(keyAt(n % 8), tips.sort(compareHeads))
    }
    return vector
  })

  it('come back from the wire as they were', () => {
    fc.assert(
      fc.property(vectors, vector => {
        assert.deepEqual(vectorFromPlain(vectorToPlain(vector)), vector)
        for (const [writer, tips] of vector) {
          for (const { counter } of tips) {
            assert.deepEqual(dotFromPlain(dotToPlain({ writer, counter })), { writer, counter })
          }
        }
      }),
    )
  })

  it('have one hash, whatever the order in which writers were met', () => {
    fc.assert(
      fc.property(vectors, vectors, (vector, other) => {
        const shuffled = new Map([...vector].reverse())
        assert.equal(toHex(vectorHash(shuffled)), toHex(vectorHash(vector)))
        const same = JSON.stringify(vectorToPlain(vector)) === JSON.stringify(vectorToPlain(other))
        assert.equal(toHex(vectorHash(other)) === toHex(vectorHash(vector)), same)
      }),
    )
  })

  it('are refused when malformed', () => {
    const key = new Uint8Array(32)
    const bad: Plain[] = [null, 5, [5], [[key]], [[key, 0, key]], [[key, 1.5, key]], [[key, 1, new Uint8Array(31)]]]
    for (const value of bad) assert.equal(vectorFromPlain(value), undefined)
    for (const value of [null, [], [key], [key, 0], [key, -1], ['x', 1], [new Uint8Array(31), 1]] as Plain[]) {
      assert.equal(dotFromPlain(value), undefined)
    }
  })

  it('are ordered by writer and then by number', () => {
    const sorted = [
      { writer: keyAt(1), counter: 9 },
      { writer: keyAt(1), counter: 10 },
      { writer: keyAt(2), counter: 1 },
    ]
    assert.deepEqual([...sorted].reverse().sort(compareDots), sorted)
  })
})
