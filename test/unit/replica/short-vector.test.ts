import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Vector } from '../../../src/crdt/vector.ts'
import { fromHex } from '../../../src/lib/bytes.ts'
import { encode, type Plain } from '../../../src/lib/cbor.ts'
import { attribute, shortFromPlain, shortToPlain } from '../../../src/replica/short-vector.ts'
import { ask, openRequest, openShown, openTips } from '../../../src/replica/sync-messages.ts'

const keyOf = (start: string) => start.padEnd(64, '0')
const [a, b, c] = [keyOf('aabbcc01'), keyOf('aabbcc02'), keyOf('ddeeff')]
const tip = (counter: number, byte: string) => ({ counter, hash: byte.repeat(32) })

describe('replica: a vector in short', () => {
  const vector: Vector = new Map([
    [a, [tip(300, '11'), tip(7, '22')]],
    [c, [tip(5, '33')]],
  ])

  it('names writers by as many bytes as tell them apart, and comes back with hashes cut short', () => {
    const plain = shortToPlain(vector, [c, b, a])
    const [first, , , , , , third] = plain
    assert.deepEqual([first, third], [fromHex('aabbcc01'), fromHex('ddeeff')])
    const entries = shortFromPlain(plain) ?? assert.fail()
    const read = attribute(entries, [a, b, c])
    assert.deepEqual(read.unclear, [])
    const cut = [...vector].map(([key, tips]) => [key, tips.map(head => ({ ...head, hash: head.hash.slice(0, 8) }))])
    assert.deepEqual([...read.vector], cut)
  })

  it('takes no prefix for a writer’s that is of none here, or of several', () => {
    const entries = shortFromPlain(shortToPlain(new Map([[a, [tip(1, '11')]]]), [a, c])) ?? assert.fail()
    assert.deepEqual(entries, [{ prefix: 'aabbcc', head: { counter: 1, hash: '11'.repeat(4) } }])
    for (const known of [[a, b], [c], []]) {
      const { vector: none, unclear } = attribute(entries, known)
      assert.deepEqual([none.size, unclear], [0, ['aabbcc']])
    }
  })

  it('keeps of more tips of a writer than anybody has the first', () => {
    const many = Array.from({ length: 100 }, (_, i) => [fromHex('ddeeff'), i + 1, new Uint8Array(4)]).flat()
    assert.equal(attribute(shortFromPlain(many) ?? [], [c]).vector.get(c)?.length, 64)
  })

  const key = fromHex('ddeeff')
  const hash = new Uint8Array(4)
  const malformed: Record<string, Plain> = {
    'no array': 7,
    'not all three of an entry': [key, 1],
    'a prefix of two bytes': [key.subarray(1), 1, hash],
    'a prefix longer than a key': [new Uint8Array(33), 1, hash],
    'a prefix that is text': ['ddeeff', 1, hash],
    'counter 0': [key, 0, hash],
    'a counter that is none': [key, 1.5, hash],
    'no hash': [key, 1, new Uint8Array()],
    'a hash of other lengths': [key, 1, new Uint8Array(7)],
    'a whole hash': [key, 1, new Uint8Array(32)],
    'more entries than fit': Array.from({ length: 65_537 }, () => [key, 1, hash]).flat(),
  }
  for (const [what, value] of Object.entries(malformed)) {
    it(`refuses ${what}`, () => {
      assert.equal(shortFromPlain(value), undefined)
      assert.throws(() => openTips([new Uint8Array(32), value]), /malformed/)
      if (what.startsWith('more')) return
      for (const kind of [ask.pull, ask.offer]) assert.throws(() => openRequest(encode([kind, [], value])), /malformed/)
    })
  }

  it('is not shown to who understands another one: builds that were never released cut hashes longer', () => {
    const hello = (third: Plain) => openRequest(encode([ask.hello, new Uint8Array(32), third]))
    assert.deepEqual(
      [1, 2, 3].map(third => 'inShort' in hello(third) && hello(third)),
      [1, 2, 3].map(third => ({ kind: 'hello', hash: new Uint8Array(32), inShort: third === 2 })),
    )
  })

  it('refuses summaries, and questions for buckets, of sizes that there are not', () => {
    for (const bytes of [0, 2, 14, 18, 24, 1026, 2048]) {
      assert.throws(() => openShown([4, new Uint8Array(bytes)]), /malformed/)
    }
    for (const bytes of [0, 3, 5, 33, 128]) {
      assert.throws(() => openRequest(encode([ask.tips, new Uint8Array(bytes)])), /malformed/)
    }
    for (const bytes of [1, 2, 4, 8, 16, 32, 64]) {
      const { shape } = openRequest(encode([ask.tips, new Uint8Array(bytes)])) as { shape?: unknown }
      assert.deepEqual(shape, { buckets: 8 * bytes, hashBytes: 2 })
      assert.deepEqual(openShown([4, new Uint8Array(16 * bytes)]), { summary: new Uint8Array(16 * bytes), shape })
    }
  })
})
