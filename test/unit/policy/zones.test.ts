import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { routedDomain, zoneFor, zonesOf } from '../../../src/policy/index.ts'

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

  const domains = (routed: string[], unknown: string[] = []) => {
    return (device: string) => {
      if (unknown.includes(device)) return undefined
      return routed.includes(device) ? routedDomain : device
    }
  }

  it('I4: are shared by the devices of one domain, and by no others', () => {
    const zones = zonesOf(['a', 'b', 'c', 'd'], domains(['b', 'd']), new Map())
    assert.equal(zones.get('b'), zones.get('d'))
    assert.equal(new Set(zones.values()).size, 3)
  })

  it('stay what they were, also of devices whose network is not known now', () => {
    const known = new Map([
      ['a', 7],
      ['b', 9],
      ['c', 9],
      ['x', 11],
    ])
    const zones = zonesOf(['a', 'b', 'd'], domains(['b', 'c', 'd'], ['c', 'x']), known)
    assert.deepEqual([zones.get('a'), zones.get('b'), zones.get('c'), zones.get('d')], [7, 9, 9, 9])
    assert.equal(zones.get('x'), 11)
  })

  it('I4: part when a network is no longer routed with the others, which keep theirs', () => {
    const known = new Map([
      ['a', 9],
      ['b', 9],
      ['c', 9],
    ])
    const zones = zonesOf(['a', 'b', 'c'], domains(['b', 'c']), known)
    assert.deepEqual([zones.get('b'), zones.get('c')], [9, 9])
    assert.notEqual(zones.get('a'), 9)
  })

  it('are joined when one comes to be routed', () => {
    const known = new Map([
      ['a', 5],
      ['b', 9],
      ['c', 9],
    ])
    const zones = zonesOf(['a', 'b', 'c'], domains(['a', 'b', 'c']), known)
    assert.equal(new Set(zones.values()).size, 1)
  })
})
