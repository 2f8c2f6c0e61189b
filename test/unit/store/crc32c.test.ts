import assert from 'node:assert/strict'
import { crc32c } from '../../../src/store/crc32c.ts'

describe('crc32c', () => {
  // check value of the CRC catalogue, and the examples of RFC 3720 B.4
  const known: [string, Uint8Array, number][] = [
    ['"123456789"', new TextEncoder().encode('123456789'), 0xe3069283],
    ['32 bytes of zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['nothing', new Uint8Array(), 0],
  ]
  for (const [name, bytes, expected] of known) {
    it(`gives the known value for ${name}`, () => assert.equal(crc32c(bytes), expected))
  }
})
