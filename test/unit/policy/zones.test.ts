import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { zoneFor } from '../../../src/policy/index.ts'

describe('policy: zones', () => {
  it('I4: gives each domain its own, and the same again', () => {
    const taken = new Map<string, number>()
    for (let n = 0; n < 2_000; n++) taken.set(`skb${n}`, zoneFor(`skb${n}`, taken))
    assert.equal(new Set(taken.values()).size, 2_000)
    assert.ok([...taken.values()].every(zone => zone >= 1 && zone <= 65_535))
    assert.equal(zoneFor('skb7', taken), taken.get('skb7'))
  })

  it('gives the next one where it is taken, also at the end of the numbers', () => {
    const alone = zoneFor('skb7', new Map())
    assert.equal(zoneFor('skb7', new Map([['other', alone]])), (alone % 65_535) + 1)
  })
})
