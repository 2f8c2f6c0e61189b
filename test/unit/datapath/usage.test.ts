import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { bridgeEnd, bridgeName, vxlanName } from '../../../src/datapath/names.ts'
import { usedNetworks } from '../../../src/datapath/usage.ts'
import { checkSpec } from '../../../src/model/network.ts'

const networkOf = (first: string, subnet: string, gateway = '') => {
  const names = { tenant: 'blue', name: first, bornName: first, givenName: first }
  const at = { named: [1, 0], created: [1, 0], generation: 0, roster: [], status: 'live' } as const
  return { id: first.repeat(64), ...names, ...at, spec: checkSpec({ subnet, gateway }) }
}

const plain = networkOf('a', '10.1.1.0/24')
const other = networkOf('b', '10.1.2.0/24')
const routed = networkOf('c', '10.1.3.0/24', '10.1.3.1')
const routedToo = networkOf('d', '10.1.4.0/24', '10.1.4.1')
const networks = [plain, other, routed, routedToo]

/** A namespace with the devices of all networks, and a container on each of `busy`. */
const devices = (busy: readonly { id: string }[]) => {
  const own = networks.flatMap(({ id }) => [
    { name: bridgeName(id), master: '' },
    { name: vxlanName(id), master: bridgeName(id) },
  ])
  const ports = busy.map(({ id }) => ({ name: bridgeEnd(`endpoint of ${id}`), master: bridgeName(id) }))
  return new Map([...own, ...ports].map(link => [link.name, link]))
}

const used = (recorded: readonly { id: string }[], attached: readonly { id: string }[]) => {
  const own = recorded.map(({ id }) => ({ network: id }))
  return networks.filter(({ id }) => usedNetworks(networks, own, devices(attached)).has(id)).map(({ name }) => name)
}

describe('networks that a host needs forwarding entries of', () => {
  it('has none without a container, whatever devices there are', () => {
    assert.deepEqual(used([], []), [])
  })

  it('has those with a container of its own, recorded or attached', () => {
    assert.deepEqual(used([plain], []), ['a'])
    assert.deepEqual(used([], [other]), ['b'])
    assert.deepEqual(used([plain], [other, plain]), ['a', 'b'])
  })

  it('has all that have a gateway as soon as a container may be routed to them', () => {
    assert.deepEqual(used([routed], []), ['c', 'd'])
    assert.deepEqual(used([], [routedToo]), ['c', 'd'])
  })

  it('I5: has the network of a container of which nothing is recorded, and all it may be routed to where its network is not known', () => {
    assert.deepEqual(used([], [plain]), ['a'])
    assert.deepEqual(used([], [{ id: 'e'.repeat(64) }]), ['c', 'd'])
  })

  it('passes over endpoints on networks of other tenants', () => {
    const elsewhere = [{ network: 'f'.repeat(64) }]
    assert.equal(usedNetworks(networks, elsewhere, devices([])).size, 0)
  })
})
