import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { firstChosenVni, probeVni, takenVnis, vniCandidates } from '../../../src/datapath/vni.ts'
import { network, otherNetwork, World } from './world.ts'

const none = new Map<number, string>()

describe('datapath VNI', () => {
  it('is what was published before, else what an earlier run left, else pkt-tag, else the hash of the id', () => {
    const [a, b, c, d] = vniCandidates(network, { recorded: 1, existing: 2, pktTag: 3 }, none)
    assert.deepEqual([a, b, c], [1, 2, 3])
    assert.equal(d, firstChosenVni + (0xabababab % 0x7fffff))
    assert.equal(vniCandidates(network, { pktTag: 0 }, none)[0], d)
  })

  it('is chosen from the upper half, the same for the same id, other numbers following', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-f]{64}$/), id => {
        const found = vniCandidates(id, { pktTag: 0 }, none)
        assert.deepEqual(vniCandidates(id, { pktTag: 0 }, none), found)
        assert.equal(new Set(found).size, 64)
        for (const vni of found) assert.ok(vni >= 0x800000 && vni < probeVni)
      }),
    )
  })

  it('I4: is never one that this host received another network on', () => {
    const first = firstChosenVni + (0xabababab % 0x7fffff)
    const taken = new Map([
      [77, otherNetwork],
      [first, otherNetwork],
    ])
    const found = vniCandidates(network, { recorded: 77, existing: first, pktTag: 77 }, taken)
    assert.equal(found[0], first + 1)
    assert.ok(!found.includes(77) && !found.includes(first))
    assert.equal(vniCandidates(otherNetwork, { recorded: 77, pktTag: 0 }, taken)[0], 77)
  })

  it('I4: counts every VNI of this host, also of a deleted network', () => {
    const world = new World()
    world.vtep(1, 501)
    world.vtep(1, 502)
    world.vtep(2, 503)
    assert.deepEqual([...takenVnis(world.registry, world.key(1), '192.168.2.1').keys()].sort(), [501, 502])
  })

  it('I4: counts what an earlier incarnation of this host, known by its address, received on', () => {
    const world = new World()
    world.vtep(1, 501, '192.168.2.1', otherNetwork)
    world.vtep(2, 502, '192.168.2.2', otherNetwork)
    const member = (n: number, vtepAddress: string) => ({
      key: world.key(n),
      name: '',
      settled: true,
      waitingFor: [],
      addresses: [],
      vtepAddress,
      mtu: 0,
      machine: '',
    })
    const view = {
      members: () => [member(1, '192.168.2.1'), member(2, '192.168.2.2'), member(3, '192.168.2.1')],
      vnisOf: (key: string) => world.registry.vnisOf(key),
    }
    assert.deepEqual([...takenVnis(view, world.key(3), '192.168.2.1')], [[501, otherNetwork]])
  })
})
