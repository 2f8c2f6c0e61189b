import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { assertStays, type Golden, golden } from './golden.ts'
import { envelopes, protocols } from './protocols.ts'

// If one of these fails, peers of the new version and of the old one no longer understand each other. That needs another
// version of the protocol (docs/reference/wire.md), not new golden bytes.
describe('formats that stay: protocols', () => {
  const messages = golden<Record<string, Golden>>('protocols')
  const around = golden('envelopes')

  for (const [protocol, forms] of Object.entries(protocols)) {
    it(`${protocol} is spoken as ever, and understood`, async () => {
      for (const [name, form] of Object.entries(forms)) await assertStays(form, messages[protocol]?.[name])
      assert.deepEqual(Object.keys(messages[protocol] ?? {}), Object.keys(forms))
    })
  }

  it('frames, answers and tokens are written as ever, and read', async () => {
    for (const [name, form] of Object.entries(envelopes)) await assertStays(form, around[name])
    assert.deepEqual(Object.keys(around), Object.keys(envelopes))
  })
})
