/** Random records of tenants and networks. */
import fc from 'fast-check'
import type { DockerPair } from '../../../../src/crdt/leaves.ts'
import type { NetworkSpec } from '../../../../src/model/network.ts'
import { type Fields, few, record, text } from './fields.ts'
import type { Arbitraries } from './kinds.ts'

export const pairs = few(fc.tuple(text(40), text(100)) as fc.Arbitrary<DockerPair>)

export function networkArbitraries(
  fields: Fields,
): Arbitraries<
  | 'tenant'
  | 'tenant-rm'
  | 'network'
  | 'network-rm'
  | 'network-rename'
  | 'network-drain'
  | 'network-docker'
  | 'network-hold'
> {
  const { name, networkName, network, dot, hash, generation, subnet } = fields
  const spec = record<NetworkSpec>({
    ...{ subnet, encap: fc.constantFrom('vxlan', 'vlan'), type: fc.constantFrom('data', 'infra') },
    ...{ pktTag: fc.oneof(fc.constantFrom(0, 7), fc.nat(0xffffff)) },
    ...{ gateway: fc.oneof(fc.constant(''), fc.ipV4()), subnet6: fc.constantFrom('', 'fd00:6::/64') },
    gateway6: fc.constantFrom('', 'fd00:6::fe'),
  })
  const birth = { id: network, tenant: name, name: networkName, generation }
  return {
    tenant: record({ name }),
    'tenant-rm': record({ name, seen: few(dot) }),
    network: record({ tenant: name, name: networkName, generation, spec, roster: hash }),
    'network-rm': record({ ...birth, seen: few(dot) }),
    'network-rename': record({ ...birth, newName: networkName }),
    'network-drain': record({ id: network, into: fc.oneof(network, fc.constant('')) }),
    'network-docker': record({ network, labels: pairs, options: pairs, internal: fc.boolean() }),
    'network-hold': record({ network, isHeld: fc.boolean() }),
  }
}
