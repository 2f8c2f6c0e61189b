import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { fromHex, toHex } from '../../../src/lib/bytes.ts'
import { decode, decodeHashes, encode, type Plain } from '../../../src/lib/cbor.ts'

const { tree: plains } = fc.letrec<{ tree: Plain; leaf: Plain }>(tie => ({
  leaf: fc.oneof(
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger(),
    fc.string({ unit: 'grapheme', maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }),
  ),
  tree: fc.oneof({ maxDepth: 5 }, tie('leaf'), fc.array(tie('tree'), { maxLength: 5 })),
}))

const limit = 1024 * 1024

/** What `decode` throws for these bytes; undefined if it takes them. */
function refusal(bytes: Uint8Array, maxBytes = limit): Error | undefined {
  try {
    decode(bytes, maxBytes)
    return undefined
  } catch (error) {
    assert.ok(error instanceof Error)
    return error
  }
}

describe('cbor', () => {
  it('gives back what was encoded', () => {
    fc.assert(fc.property(plains, value => assert.deepEqual(decode(encode(value), limit), value)))
  })

  it('has one encoding of a value, of the documented forms', () => {
    const table: [Plain, string][] = [
      [[0, 23, 24, 255, 256, 65_535, 65_536, 4_294_967_295], '880017181818ff19010019ffff1a000100001affffffff'],
      [[-1, -24, -25], '8320373818'],
      // integers beyond 32 bits are IEEE doubles
      [4_294_967_296, 'fb41f0000000000000'],
      [1_764_000_000_000, 'fb4279ab697e800000'],
      ['', '60'],
      ['ü', '62c3bc'],
      [new Uint8Array([1, 2]), '420102'],
      [[true, false, null, []], '84f5f4f680'],
    ]
    for (const [value, hex] of table) assert.equal(toHex(encode(value)), hex)
    assert.equal(toHex(encode('a'.repeat(24))).slice(0, 4), '7818')
    assert.equal(toHex(encode(new Uint8Array(256))).slice(0, 6), '590100')
  })

  it('refuses what is larger than asked before it looks at it', () => {
    const bytes = encode('a'.repeat(100))
    assert.equal(refusal(bytes, bytes.length), undefined)
    assert.match(refusal(bytes, bytes.length - 1)?.message ?? '', /exceeds the limit of 101/)
  })

  it('refuses nesting beyond twelve, however deep', () => {
    const nested = (depth: number) => new Uint8Array([...new Uint8Array(depth).fill(0x81), 0x00])
    assert.equal(refusal(nested(12)), undefined)
    assert.match(refusal(nested(13))?.message ?? '', /nested too deeply/)
    assert.ok(refusal(nested(1_000_000)))
    assert.equal(decode(encode(5), limit), 5, 'and goes on working')
  })

  it('refuses everything that is not Plain', () => {
    const hostile = {
      'a map': 'a10102',
      'an empty map': 'a0',
      undefined: 'f7',
      'not a number': 'f97e00',
      infinity: 'f97c00',
      'a bigint': '1b0000000000000005',
      'a negative bigint': '3b0020000000000000',
      'a date': 'c11a514b67b0',
      'a bignum': 'c249010000000000000000',
      'a set': 'd9010280',
      'a regular expression': 'd81b8261726161',
      'bytes behind the end': '0000',
      'an unfinished string': '6261',
      'an unfinished array': '8201',
      'a length beyond the message': '9affffffff',
      'lengths that add up beyond the message': '9a00ffffff'.repeat(1000),
      'a byte string of indefinite length': '5f4101ff',
      'an array of indefinite length': '9f01ff',
      'a half-precision number': 'f93c00',
      'a single-precision number': 'fa3f800000',
      'a value that says it is CBOR': 'd9d9f705',
      nothing: '',
      'a break': 'ff',
      'a map inside': '8181a0',
    }
    for (const [text, hex] of Object.entries(hostile)) assert.ok(refusal(fromHex(hex)), text)
  })

  it('never crashes on rubbish, and reads the next message all the same', () => {
    const good = encode(['tenant', 'blue', new Uint8Array(3)])
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), bytes => {
        refusal(bytes)
        assert.deepEqual(decode(good, limit), ['tenant', 'blue', new Uint8Array(3)])
      }),
      { numRuns: 500 },
    )
  })

  it('never crashes on a message with one byte changed', () => {
    fc.assert(
      fc.property(plains, fc.nat(), fc.nat(255), (value, at, byte) => {
        const bytes = encode(value)
        bytes[at % bytes.length] = byte
        refusal(bytes)
      }),
    )
  })

  it('gives hashes as hex, and no texts, which could be taken for some', () => {
    const hash = new Uint8Array([0, 0xab, 255])
    assert.deepEqual(decodeHashes(encode([1, hash, [hash]]), limit), [1, '00abff', ['00abff']])
    assert.deepEqual(decodeHashes(encode([1, '00abff', 2]), limit), [1, null, 2])
    assert.throws(() => decodeHashes(encode([1, hash]), 4), /exceeds the limit/)
  })

  it('gives byte strings that do not share memory with the message', () => {
    const bytes = encode([new Uint8Array([1, 2, 3])])
    const [copy] = decode(bytes, limit) as [Uint8Array]
    bytes.fill(0)
    assert.deepEqual(copy, new Uint8Array([1, 2, 3]))
  })
})
