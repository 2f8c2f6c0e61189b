import assert from 'node:assert/strict'
import type Docker from 'dockerode'
import { describe, it } from 'mocha'
import { insideOf } from '../../../src/driver/docker-answers.ts'

/** What `docker network inspect` says of pools (26.1.5). */
const inside = (...Config: { Subnet: string; IPRange?: string; Gateway?: string }[]) =>
  insideOf({ IPAM: { Driver: 'default', Config } } as unknown as Docker.NetworkInspectInfo)

describe("driver: Docker's answers", () => {
  const chosen = { Subnet: '172.18.0.0/16', Gateway: '172.18.0.1' }
  for (const [what, gateway, ...config] of [
    ['of the subnet that Docker chose', '172.18.0.1', chosen],
    [
      'of the subnet that Docker chose beside an IPv6 one that it was told',
      '172.18.0.1',
      { Subnet: 'fd00::/64' },
      chosen,
    ],
    ['of a subnet that Docker was told, the first address', '172.31.0.1', { Subnet: '172.31.0.0/16' }],
    ['of a range, its first address', '172.31.5.0', { Subnet: '172.31.0.0/16', IPRange: '172.31.5.0/24' }],
    [
      'of a range at the beginning, the first address',
      '172.31.0.1',
      { Subnet: '172.31.0.0/16', IPRange: '172.31.0.0/24' },
    ],
    ['none without IPv4', '', { Subnet: 'fd00::/64' }],
    ['none of a network without pools', ''],
  ] as const) {
    it(`tell the gateway: ${what}`, () => assert.equal(inside(...config).gateway, gateway))
  }

  it('tell the addresses of both families of whom they list', () => {
    const Containers = {
      a: { EndpointID: '1', IPv4Address: '172.18.0.2/16', IPv6Address: 'fd00:ffff::2/64' },
      b: { EndpointID: '2', IPv4Address: '172.18.0.3/16', IPv6Address: '' },
    }
    const { endpoints } = insideOf({ Containers } as unknown as Docker.NetworkInspectInfo)
    assert.deepEqual(
      endpoints.map(({ container, addresses }) => [container, ...addresses]),
      [
        ['a', '172.18.0.2', 'fd00:ffff::2'],
        ['b', '172.18.0.3'],
      ],
    )
  })
})
