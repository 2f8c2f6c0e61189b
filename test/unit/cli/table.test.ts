import assert from 'node:assert/strict'
import { parseDuration } from '../../../cli/duration.ts'
import { networkTable } from '../../../cli/network.ts'
import { statusText } from '../../../cli/status.ts'
import { table } from '../../../cli/table.ts'

describe('cli: tables and texts', () => {
  it('pads like tabwriter: the longest cell of the column and two blanks, the last cell not at all', () => {
    assert.equal(
      table([
        ['a', 'b'],
        ['long', ''],
      ]),
      'a     b\nlong  \n',
    )
    assert.equal(table([['a'], ['long']], { padLast: true }), 'a     \nlong  \n')
    assert.equal(
      table([
        ['ä', 'x'],
        ['bc', 'y'],
      ]),
      'ä   x\nbc  y\n',
    )
  })

  it('shows the configured tag and a gateway', () => {
    const network = {
      key: 'default:contiv-vlan',
      encap: 'vlan',
      networkName: 'contiv-vlan',
      nwType: 'data',
      pktTag: 112,
      subnet: '10.1.3.0/24',
      gateway: '10.1.3.254',
      tenantName: 'default',
      'link-sets': {},
      links: { Tenant: { type: 'tenant', key: 'default' } },
    }
    const row = networkTable([network]).split('\n')[2]
    assert.equal(row, 'default  contiv-vlan  data     vlan        112         10.1.3.0/24  10.1.3.254')
    assert.equal(networkTable([]).split('\n')[1], '------  -------  -------  ----------  ----------  -------  ------')
    const dual = { ...network, ipv6Subnet: 'fd00:6::/64', ipv6Gateway: 'fd00:6::fe' }
    const rows = networkTable([dual, network]).split('\n')
    assert.match(rows[0] ?? '', / {2}Gateway {5}IPv6Subnet {3}IPv6Gateway$/)
    assert.match(rows[1] ?? '', / {2}------ {6}---------- {3}-----------$/)
    assert.match(rows[2] ?? '', / {2}10\.1\.3\.254 {2}fd00:6::\/64 {2}fd00:6::fe$/)
    assert.match(rows[3] ?? '', / {2}10\.1\.3\.254 *$/)
  })

  it('tells everything that is wrong on one screen', () => {
    const text = statusText({
      self: { name: 'host3', key: 'c'.repeat(64), settled: false, waitingFor: ['host1', 'host2'] },
      meshId: 'm'.repeat(32),
      version: '0.1.0',
      members: [
        { name: 'host1', key: 'a'.repeat(64), settled: true, connected: true, behind: true, syncedMsAgo: 61_000 },
        { name: 'host2', key: 'b'.repeat(64), settled: true, connected: false, behind: false, syncedMsAgo: 7_300_000 },
        { name: 'host3', key: 'c'.repeat(64), settled: false, connected: false, behind: false },
      ],
      digest: 'd'.repeat(64),
      records: 9,
      networks: 1,
      draining: ['default:web'],
      collectionWaitsFor: [{ name: 'host3', key: 'cc'.repeat(32), forMs: 7_200_000 }],
      conditions: [
        {
          scope: 'host',
          kind: 'host',
          commands: [],
          since: '',
          host: 'host1',
          text: 'name web is taken',
          remedy: 'docker network rm web',
          objects: [],
        },
      ],
      docker: { reachable: false, error: 'no such file' },
      datapath: {
        repaired: 2,
        errors: ['bridge: not found'],
        unreachable: [
          { name: 'host1', key: 'a'.repeat(64), forMs: 34_999 },
          { name: 'host2', key: 'b'.repeat(64), forMs: 200_000 },
        ],
      },
    })
    assert.equal(
      text,
      [
        'peer      host3 (cccccccccccc), pending: waits for host1, host2, version 0.1.0',
        `mesh      ${'m'.repeat(32)}: 3 members, out of reach: host2`,
        'registry  digest dddddddddddddddd, 9 records, 1 networks',
        'draining  default:web: deleted, but a container is still on it',
        'kept      deleted records, until host3 is back or removed: away for 2 h',
        'docker    not reachable: no such file',
        'datapath  with errors',
        '          bridge: not found',
        'no path   host3 <-> host1: VXLAN is not answered for 34 s: let it pass both ways (UDP port 7374 unless --vxlan-port is set), then run this on host1',
        'no path   host3 <-> host2: VXLAN is not answered for 3 m, and the mesh does not reach it: see that host2 is up',
        '',
        'MEMBER  KEY           STATE    CONNECTED  SYNC',
        'host1   aaaaaaaaaaaa  settled  yes        behind (1 m ago)',
        'host2   bbbbbbbbbbbb  settled  no         unknown (2 h ago)',
        'host3   cccccccccccc  pending  self       -',
        '',
        '! name web is taken (host)',
        '  docker network rm web',
        '',
      ].join('\n'),
    )
  })

  it('reads times', () => {
    assert.deepEqual(
      ['90s', '30m', '1h', '7d'].map(text => parseDuration('--ttl', text)),
      [90e3, 18e5, 36e5, 6048e5],
    )
    for (const text of ['', '0h', '1', 'h', '1.5h', '-1h', '1w'])
      assert.throws(() => parseDuration('--ttl', text), { code: 'usage' })
  })
})
