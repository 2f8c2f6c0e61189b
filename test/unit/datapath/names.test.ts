import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import {
  bridgeEnd,
  bridgeMac,
  bridgeName,
  containerEnd,
  isBridgeEnd,
  isOurDevice,
  tenantNamespace,
  tenantOfNamespace,
  vlanName,
  vxlanName,
} from '../../../src/datapath/names.ts'

const id = fc.stringMatching(/^[0-9a-f]{64}$/)

describe('datapath names', () => {
  it('fit the kernel (15 characters), differ by kind and are recognised as ours', () => {
    fc.assert(
      fc.property(id, fc.string({ minLength: 1 }), (network, endpoint) => {
        const names = [bridgeName, vxlanName, vlanName].map(nameOf => nameOf(network))
        names.push(bridgeEnd(endpoint), containerEnd(endpoint))
        assert.equal(new Set(names).size, 5)
        for (const name of names) assert.match(name, /^sk[bxlvc][0-9a-f]{12}$/)
        assert.deepEqual(names.map(isOurDevice), [true, true, true, true, false])
        assert.deepEqual(names.map(isBridgeEnd), [false, false, false, true, false])
      }),
    )
  })

  it('differ between networks and between endpoints', () => {
    assert.notEqual(bridgeName('a'.repeat(64)), bridgeName('b'.repeat(64)))
    assert.notEqual(containerEnd('a'), containerEnd('b'))
  })

  it("give a bridge a local unicast MAC outside the containers' 02:02", () => {
    assert.equal(bridgeMac('0123456789abcdef'), '06:01:23:45:67:89')
  })

  it('map a tenant to its namespace and back, and no foreign namespace to a tenant', () => {
    assert.equal(tenantNamespace('blue'), 'skein-blue')
    assert.equal(tenantOfNamespace('skein-blue'), 'blue')
    assert.equal(tenantOfNamespace('web'), undefined)
  })
})
