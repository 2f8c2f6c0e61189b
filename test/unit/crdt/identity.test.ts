import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import { admissionProof, genesisVersion, joinProof, meshIdOf, networkIdOf } from '../../../src/crdt/identity.ts'
import { fromHex, sha256, toHex } from '../../../src/lib/bytes.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { checkNetwork, type NetworkSpec, specToPlain } from '../../../src/model/network.ts'
import { parseSubnet } from '../../../src/model/subnet.ts'
import { sampleLeaves, sampleSpec } from './sample-leaves.ts'
import { World } from './writer.ts'

const act = sampleLeaves.network
const withSpec = (change: Partial<NetworkSpec>) => ({ ...act, spec: { ...sampleSpec, ...change } })

const others: [field: string, leaf: typeof act][] = [
  ['tenant', { ...act, tenant: 'red' }],
  ['name', { ...act, name: 'db' }],
  ['generation', { ...act, generation: 3 }],
  ['roster', { ...act, roster: 'ce'.repeat(32) }],
  ['subnet', withSpec({ subnet: parseSubnet('10.1.3.0/24') })],
  ['prefix length', withSpec({ subnet: parseSubnet('10.1.2.0/25') })],
  ['range', withSpec({ subnet: parseSubnet('10.1.2.1-10.1.2.254/24') })],
  ['encap', withSpec({ encap: 'vlan' })],
  ['type', withSpec({ type: 'infra' })],
  ['pkt-tag', withSpec({ pktTag: 0 })],
  ['gateway', withSpec({ gateway: '10.1.2.254' })],
  ['IPv6 subnet', withSpec({ subnet6: 'fd00::/64' })],
  ['IPv6 gateway', withSpec({ gateway6: 'fd00::1' })],
]

describe('crdt: identity of a network', () => {
  it('is the same for the same act', () => {
    assert.equal(networkIdOf({ ...act, spec: { ...sampleSpec } }), networkIdOf(act))
    assert.match(networkIdOf(act), /^[0-9a-f]{64}$/)
  })

  for (const [field, leaf] of others) {
    it(`is another with another ${field}`, () => assert.notEqual(networkIdOf(leaf), networkIdOf(act)))
  }

  it('H5: is another with another genesis, which would deal the blocks to others', () => {
    const { tenant, name, spec, generation, roster } = act
    const hashOf = (genesis: number) => {
      const fields = ['skein network 1', genesis, tenant, name, specToPlain(spec), fromHex(roster), generation]
      return toHex(sha256(encode(fields)))
    }
    assert.equal(networkIdOf(act), hashOf(genesisVersion))
    assert.notEqual(networkIdOf(act), hashOf(genesisVersion + 1))
  })

  it('does not run fields into each other', () => {
    const names = fc.stringMatching(/^[a-z]{1,6}$/)
    fc.assert(
      fc.property(names, names, names, names, (t1, n1, t2, n2) => {
        const same = t1 === t2 && n1 === n2
        const ids = [networkIdOf({ ...act, tenant: t1, name: n1 }), networkIdOf({ ...act, tenant: t2, name: n2 })]
        assert.equal(ids[0] === ids[1], same)
      }),
    )
  })

  it('is the same on both sides of a split, and another when somebody had settled on one side only', () => {
    const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.2.0/24' })
    const idIn = (world: World) => {
      const leaf = createNetworkLeaves(world.all, { tenant: 'default', name: 'web', spec }).at(-1)
      return leaf?.kind === 'network' ? networkIdOf(leaf) : undefined
    }
    const [a, b, fewer] = [new World(3).settleAll(), new World(3).settleAll(), new World(2).settleAll()]
    a.at(1).write([{ kind: 'tenant', name: 'only-here' }])
    assert.equal(idIn(a), idIn(b))
    assert.notEqual(idIn(a), idIn(fewer))
  })
})

describe('crdt: other ids and proofs', () => {
  it('names a mesh by its founder and nonce', () => {
    const [a, b] = ['aa'.repeat(32), 'bb'.repeat(32)]
    const nonce = new Uint8Array(16)
    const ids = [meshIdOf(a, nonce), meshIdOf(b, nonce), meshIdOf(a, new Uint8Array(16).fill(1))]
    assert.equal(new Set(ids).size, 3)
    assert.match(ids[0] as string, /^[0-9a-f]{32}$/)
  })

  it('makes no proof that stands for another purpose, mesh, key or name', () => {
    const [mesh, key] = ['ab'.repeat(16), 'aa'.repeat(32)]
    const proofs = [
      admissionProof(mesh, key, 'host1'),
      joinProof(mesh, key, 'host1'),
      admissionProof('ac'.repeat(16), key, 'host1'),
      admissionProof(mesh, 'bb'.repeat(32), 'host1'),
      admissionProof(mesh, key, 'host2'),
    ]
    assert.equal(new Set(proofs.map(toHex)).size, proofs.length)
  })
})
