import assert from 'node:assert/strict'
import fc from 'fast-check'
import { toHex } from '../../../src/lib/bytes.ts'
import { SkeinError } from '../../../src/lib/errors.ts'
import { decodeToken, encodeToken } from '../../../src/mesh/token.ts'
import type { Invitation } from '../../../src/mesh/transport.ts'

const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
const anInvitation: fc.Arbitrary<Invitation> = fc.record(
  {
    meshId: fc.string({ minLength: 1, maxLength: 64 }),
    issuer: key.map(toHex),
    seed: key,
    addresses: fc.array(
      fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 65535 })).map(([host, port]) => `${host}:${port}`),
      { minLength: 1, maxLength: 8 },
    ),
    expiresMs: fc.integer({ min: 0, max: 4e12 }),
  },
  { noNullPrototype: true },
)

const isRefusal = (error: unknown) =>
  error instanceof SkeinError &&
  error.code === 'invalid' &&
  /^not a token of Skein \(/.test(error.message) &&
  !error.message.includes('\n')

const example: Invitation = {
  meshId: 'f00d',
  issuer: '0123456789abcdef'.repeat(4),
  seed: new Uint8Array(32).fill(9),
  addresses: ['10.0.0.1:7373'],
  expiresMs: 1_800_000_000_000,
}

describe('token', () => {
  it('gives back the invitation, also with blanks around it', () =>
    fc.assert(
      fc.property(anInvitation, invitation => {
        const token = encodeToken(invitation)
        assert.match(token, /^skein1\.[A-Za-z0-9_-]+$/)
        assert.deepEqual(decodeToken(`  ${token}\n`), invitation)
      }),
    ))

  it('is refused with any character changed, added or removed', () => {
    const token = encodeToken(example)
    for (let at = 0; at < token.length; at++) {
      const other = token[at] === 'A' ? 'B' : 'A'
      assert.throws(() => decodeToken(token.slice(0, at) + other + token.slice(at + 1)), isRefusal, `at ${at}`)
      assert.throws(() => decodeToken(token.slice(0, at)), isRefusal)
    }
    for (const more of ['A', '=', '!', ' x', '\u0000']) assert.throws(() => decodeToken(token + more), isRefusal)
  })

  it('refuses garbage', () => {
    fc.assert(fc.property(fc.string(), garbage => assert.throws(() => decodeToken(garbage), isRefusal)))
    const afterPrefix = fc.base64String({ maxLength: 400 })
    fc.assert(fc.property(afterPrefix, garbage => assert.throws(() => decodeToken(`skein1.${garbage}`), isRefusal)))
    assert.throws(() => decodeToken(`skein1.${'A'.repeat(100_000)}`), isRefusal)
  })

  it('carries no invitation that cannot be used', () => {
    const wrong: Partial<Invitation>[] = [
      { meshId: '' },
      { issuer: 'abc' },
      { seed: new Uint8Array(31) },
      { addresses: [] },
      { addresses: Array(9).fill('10.0.0.1:7373') },
      { addresses: ['host.example:7373'] },
      { addresses: ['10.0.0.1:0'] },
      { addresses: ['10.0.0.1:65536'] },
      { expiresMs: -1 },
      { expiresMs: 0.5 },
    ]
    for (const change of wrong) assert.throws(() => encodeToken({ ...example, ...change }), { code: 'invalid' })
  })
})
