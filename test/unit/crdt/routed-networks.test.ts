import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { createNetworkLeaves, removeNetworkLeaves } from '../../../src/crdt/acts.ts'
import { routedNetworks } from '../../../src/crdt/routed-networks.ts'
import { formatIp } from '../../../src/model/ip.ts'
import { collide, type NetworkSpec } from '../../../src/model/network.ts'
import { contains, parseSubnet, prefixText } from '../../../src/model/subnet.ts'
import { World } from './writer.ts'

const specOf = (subnet: string, gateway: string, encap: NetworkSpec['encap'] = 'vxlan', ipv6 = {}): NetworkSpec => {
  return { subnet: parseSubnet(subnet), encap, type: 'data', pktTag: 0, gateway, subnet6: '', gateway6: '', ...ipv6 }
}
const networkOf = (id: string, ms: number, spec: NetworkSpec) => ({ id, created: [ms, 0] as const, spec })
const ids = (networks: readonly { id: string }[]) => networks.map(({ id }) => id)

describe('routed networks', () => {
  it('are those with a gateway, the oldest first', () => {
    const networks = [
      networkOf('c', 3, specOf('10.1.3.0/24', '10.1.3.1')),
      networkOf('a', 1, specOf('10.1.1.0/24', '10.1.1.254')),
      networkOf('b', 2, specOf('10.1.2.0/24', '')),
    ]
    assert.deepEqual(ids(routedNetworks(networks)), ['a', 'c'])
  })

  it('are not those whose record names a gateway that cannot be theirs', () => {
    const specs = [
      specOf('10.1.1.0/24', '10.1.2.1'),
      specOf('10.1.1.0/24', '10.1.1.0'),
      specOf('10.1.1.0/24', '10.1.1.255'),
      specOf('10.1.1.0/24', 'x'),
      specOf('10.1.1.0/24', '10.1.1.1', 'vlan'),
    ]
    for (const spec of specs) assert.deepEqual(routedNetworks([networkOf('a', 1, spec)]), [], spec.gateway)
  })

  it('leave out whose prefix is within, around or equal to that of an older one, by act and then id', () => {
    const old = networkOf('b', 1, specOf('10.1.0.0/16', '10.1.0.1'))
    const others = [
      networkOf('a', 2, specOf('10.1.7.0/24', '10.1.7.1')),
      networkOf('c', 1, specOf('10.1.0.0/16', '10.1.255.254')),
      networkOf('d', 3, specOf('10.0.0.0/8', '10.2.0.1')),
      networkOf('e', 4, specOf('10.2.0.0/16', '10.2.0.1')),
    ]
    assert.deepEqual(ids(routedNetworks([...others, old])), ['b', 'e'])
    assert.deepEqual(ids(routedNetworks(others.slice(0, 1))), ['a'], 'until the older is gone')
  })

  it('leave out whose IPv6 prefix overlaps that of an older one that is routed by it', () => {
    const dual = (id: string, ms: number, n: number, subnet6: string, gateway6 = `${subnet6.split('/')[0]}1`) =>
      networkOf(id, ms, specOf(`10.1.${n}.0/24`, `10.1.${n}.1`, 'vxlan', { subnet6, gateway6 }))
    const all = [
      dual('a', 1, 1, 'fd00:6::/64'),
      dual('b', 2, 2, 'fd00:6::/56'),
      dual('c', 3, 3, 'fd00:6:0:1::/64'),
      dual('d', 4, 4, 'fd00:6::/64', ''),
      dual('e', 5, 5, 'fd00:6:0:1::/100'),
    ]
    assert.deepEqual(ids(routedNetworks(all)), ['a', 'c', 'd'])
  })

  it('never overlap, and none is left out without an older one in its way', () => {
    const arbitrary = fc.array(
      fc.record({ base: fc.nat(63), length: fc.integer({ min: 26, max: 30 }), ms: fc.nat(3) }),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(arbitrary, list => {
        const all = list.map(({ base, length, ms }, at) => {
          const size = 2 ** (32 - length)
          const first = 0x0a010000 + Math.floor((base * 4) / size) * size
          const spec = specOf(`${formatIp(first)}/${length}`, formatIp(first + 1))
          return networkOf(`n${String(at).padStart(2, '0')}`, ms, spec)
        })
        const routed = routedNetworks(all)
        for (const a of routed) for (const b of routed) assert.ok(a === b || !collide(a.spec, b.spec))
        for (const left of all.filter(network => !routed.includes(network))) {
          const isOlder = (other: typeof left) =>
            other.created[0] < left.created[0] || (other.created[0] === left.created[0] && other.id < left.id)
          assert.ok(routed.some(other => isOlder(other) && collide(other.spec, left.spec)))
        }
      }),
    )
  })

  it('collide by their whole prefixes where both are routed, else by what they hand out', () => {
    const low = specOf('10.1.1.10-10.1.1.50/24', '10.1.1.1')
    const high = specOf('10.1.1.60-10.1.1.90/24', '10.1.1.2')
    assert.ok(contains(low.subnet, high.subnet.base))
    assert.equal(prefixText(low.subnet), prefixText(high.subnet))
    assert.ok(collide(low, high))
    assert.equal(collide({ ...low, gateway: '' }, high), false)
  })

  describe('that came to overlap on two sides of a split', () => {
    const world = () => {
      const made = new World(2).settleAll()
      const create = (writer: number, name: string, subnet: string, gateway: string, ms: number) => {
        const spec = specOf(subnet, gateway)
        made.at(writer).write(createNetworkLeaves(made.all, { tenant: 'default', name, spec }), [ms, 0])
      }
      create(2, 'young', '10.1.0.10-10.1.0.20/16', '10.1.0.1', 9002)
      create(1, 'old', '10.1.2.0/24', '10.1.2.1', 9001)
      return made
    }
    const use = (made: World, name: string, ip: number) => {
      const network = made.all.networkByName('default', name)?.id ?? ''
      const place = { network, ip, mac: '02:02:00:00:00:01', container: 'c', containerName: 'c' }
      made.at(2).write([{ kind: 'endpoint', id: `e-${name}`, ...place }])
      return network
    }
    const conflict = (made: World) => made.all.conditions().find(({ kind }) => kind === 'gateway-overlap')

    it('leave the younger out, and say so until it is removed', () => {
      const made = world()
      const { text, remedy, since } = conflict(made) ?? {}
      assert.match(
        text ?? '',
        /^default\/young is not routed: 10\.1\.0\.0\/16 overlaps 10\.1\.2\.0\/24 of default\/old, which is older/,
      )
      assert.equal(remedy, 'remove it, to create it with another subnet, with: skein net rm young')
      assert.deepEqual(since, [9002, 0])
      made.at(1).write(removeNetworkLeaves(made.all, made.all.networkByName('default', 'young')?.id ?? ''))
      assert.equal(conflict(made), undefined)
    })

    it('are told in the family in which they do', () => {
      const made = new World(2).settleAll()
      for (const [writer, name, n] of [
        [1, 'old', 1],
        [2, 'young', 2],
      ] as const) {
        const ipv6 = { subnet6: 'fd00:6::/64', gateway6: 'fd00:6::1' }
        const spec = specOf(`10.1.${n}.0/24`, `10.1.${n}.1`, 'vxlan', ipv6)
        const leaves = createNetworkLeaves(made.all, { tenant: 'default', name, spec })
        made.at(writer).write(leaves, [9000 + n, 0])
      }
      assert.match(
        conflict(made)?.text ?? '',
        /^default\/young is not routed: fd00:6::\/64 overlaps fd00:6::\/64 of default\/old, which is older/,
      )
    })

    it('are resolved by a drain, or by the end of the older', () => {
      const made = world()
      use(made, 'young', 0x0a01000b)
      assert.deepEqual(conflict(made)?.commands, ['skein net drain young --into old'])
      const old = use(made, 'old', 0x0a010205)
      made.at(1).write(removeNetworkLeaves(made.all, old))
      assert.match(
        conflict(made)?.remedy ?? '',
        /^move its containers to a network with a subnet of its own, with: skein net create/,
      )
      made.at(2).write([{ kind: 'endpoint-rm', id: 'e-old', network: old }])
      assert.equal(conflict(made), undefined)
    })
  })
})
