import assert from 'node:assert/strict'
import { addressTable } from '../../../cli/address.ts'
import { containersOf, containerTable } from '../../../cli/ps.ts'
import type { AddressesJson, EndpointInspect, ListedEndpointJson } from '../../../src/api/types.ts'
import { giveAddressLeaves } from '../../../src/crdt/addresses.ts'
import { transferLeaf } from '../../../src/crdt/blocks.ts'
import type { Network } from '../../../src/crdt/registry-view.ts'
import { usageOf } from '../../../src/ipam/core/usage.ts'
import { macOf, parseIp } from '../../../src/model/ip.ts'
import { type CliPeer, startCliPeer } from './fixture.ts'

describe('cli: listings', () => {
  let host: CliPeer

  beforeEach(async () => {
    host = await startCliPeer()
    await host.skein('tenant', 'create', 'blue')
    await host.skein('net', 'create', '-s', '10.1.2.0/24', 'web')
    await host.skein('net', 'create', '-s', '10.1.2.0/24', '-t', 'blue', 'web')
    await put('default', 'web', 'e1'.repeat(32), '10.1.2.9', 'c1'.repeat(32), 'web-server')
    await put('blue', 'web', 'e2'.repeat(32), '10.1.2.9', 'c1'.repeat(32), 'web-server')
    await put('blue', 'web', 'e3'.repeat(32), '10.1.2.8', '', '')
  })
  afterEach(() => host.stop())

  async function put(tenant: string, name: string, id: string, ip: string, container: string, containerName: string) {
    const network = host.peer.registry.networkByName(tenant, name)?.id as string
    const address = parseIp(ip) as number
    await host.peer.write([
      { kind: 'endpoint', id, network, ip: address, mac: macOf(address), container, containerName },
    ])
  }

  it('endpoint ls: of the tenant, of a network, of all; table, ids, JSON', async () => {
    assert.equal(
      (await host.skein('endpoint', 'ls')).stdout,
      [
        'CONTAINER   NETWORK  TENANT   IP        MAC                HOST',
        'web-server  web      default  10.1.2.9  02:02:0a:01:02:09  host1',
        '',
      ].join('\n'),
    )
    assert.equal(
      (await host.netctl('ep', 'list', '-a')).stdout,
      [
        'CONTAINER   NETWORK  TENANT   IP        MAC                HOST',
        '-           web      blue     10.1.2.8  02:02:0a:01:02:08  host1',
        'web-server  web      blue     10.1.2.9  02:02:0a:01:02:09  host1',
        'web-server  web      default  10.1.2.9  02:02:0a:01:02:09  host1',
        '',
      ].join('\n'),
    )
    assert.equal((await host.skein('ep', 'ls', '-t', 'blue', '-q')).stdout, 'e3e3e3e3e3e3\ne2e2e2e2e2e2\n')
    assert.equal((await host.skein('ep', 'ls', '-q', '--no-trunc', '-n', 'web')).stdout, `${'e1'.repeat(32)}\n`)
    const json = JSON.parse((await host.skein('ep', 'ls', '-aj')).stdout) as ListedEndpointJson[]
    assert.deepEqual(
      json.map(endpoint => [endpoint.tenantName, endpoint.networkName, endpoint.homingHost]),
      [
        ['blue', 'web', 'host1'],
        ['blue', 'web', 'host1'],
        ['default', 'web', 'host1'],
      ],
    )
    await host.skein('net', 'create', '-s', '10.9.0.0/24', 'empty')
    assert.equal((await host.skein('ep', 'ls', '-n', 'empty')).stdout.split('\n').length, 2)
    assert.match((await host.skein('ep', 'ls', '-n', 'nothing')).stderr, /^Error: network nothing does not exist/)
    assert.match((await host.skein('ep', 'ls', '-t', 'red')).stderr, /^Error: tenant red does not exist/)
  })

  it('endpoint inspect: by a part of any id or of the name, one at a time', async () => {
    for (const text of ['e1e1e1', 'e1'.repeat(32)]) {
      const { Oper } = JSON.parse((await host.netctl('endpoint', 'inspect', text)).stdout) as EndpointInspect
      assert.deepEqual([Oper.endpointID, Oper.containerName], ['e1'.repeat(32), 'web-server'])
    }
    await put('blue', 'web', 'e4'.repeat(32), '10.1.2.7', 'c4'.repeat(32), 'web')
    // the whole name beats a part of another
    assert.match((await host.skein('ep', 'inspect', 'web')).stdout, /"endpointID": "e4e4/)
    assert.match((await host.skein('ep', 'inspect', 'c4c4')).stdout, /"endpointID": "e4e4/)
    const several = await host.skein('ep', 'inspect', 'server')
    assert.equal(several.code, 5)
    assert.equal(
      several.stderr,
      'Error: server fits 2 endpoints: e2e2e2e2e2e2 (web-server on host1, web), e1e1e1e1e1e1 (web-server on host1, web); ' +
        'give more of the endpoint id (the 12 digits here)\n',
    )
    assert.deepEqual(await host.skein('ep', 'inspect', 'nobody'), {
      code: 4,
      stdout: '',
      stderr: 'Error: no endpoint or container has nobody in its id or name: see skein endpoint ls -a\n',
    })
  })

  it('ps: a line per container, host/name, in a stable order', async () => {
    assert.equal(
      (await host.skein('ps')).stdout,
      [
        'NAME              NETWORK       IP                 CONTAINER ID',
        'host1/-           web/blue      10.1.2.8           -',
        'host1/web-server  web/blue,web  10.1.2.9,10.1.2.9  c1c1c1c1c1c1',
        '',
      ].join('\n'),
    )
    assert.equal((await host.skein('ps', '-q')).stdout, 'host1/-\nhost1/web-server\n')
    assert.equal(JSON.parse((await host.skein('ps', '--json')).stdout)[1].networks.length, 2)
    assert.match((await host.skein('ps', '--no-trunc')).stdout, new RegExp(`  ${'c1'.repeat(32)}$`, 'm'))
    const endpoints = (await host.skein('ep', 'ls', '-aj')).stdout
    const list = JSON.parse(endpoints) as ListedEndpointJson[]
    const other = list.map(endpoint => ({ ...endpoint, homingHost: 'host0' }))
    assert.deepEqual(
      containerTable(containersOf([...list, ...other]), true)
        .split('\n')
        .slice(1, 3)
        .map(line => line.split(' ')[0]),
      ['host0/-', 'host0/web-server'],
    )
  })

  it('shows IPv6 addresses where some network has them', async () => {
    await host.skein('net', 'create', '-s', '10.6.0.0/24', '--s6', 'fd00:6::/64', 'dual')
    await put('default', 'dual', 'e6'.repeat(32), '10.6.0.10', 'c6'.repeat(32), 'six')
    const lines = (await host.skein('ps')).stdout.split('\n')
    assert.match(lines[0] ?? '', /IP +IPV6 +CONTAINER ID$/)
    assert.match(lines.find(line => line.includes('six')) ?? '', / 10\.6\.0\.10 +fd00:6::a +c6c6c6c6c6c6$/)
    assert.match(lines.find(line => line.includes('web-server')) ?? '', / 10\.1\.2\.9,10\.1\.2\.9 {2,}c1c1c1c1c1c1$/)
    assert.match(
      (await host.skein('ep', 'ls', '-n', 'dual')).stdout,
      /^six +dual +default +10\.6\.0\.10 +fd00:6::a +02:02:/m,
    )
    assert.doesNotMatch((await host.skein('ep', 'ls', '-n', 'web')).stdout, /IPV6/)
    const [six] = JSON.parse((await host.skein('ps', '--json')).stdout).filter(
      ({ name }: { name: string }) => name === 'host1/six',
    )
    assert.equal(six.networks[0].ipv6Address, 'fd00:6::a')
    const { Oper } = JSON.parse((await host.netctl('endpoint', 'inspect', 'six')).stdout) as EndpointInspect
    assert.deepEqual(Oper.ipAddress, ['10.6.0.10', 'fd00:6::a'])
  })

  it('ip ls: what each owner has, and who is out of reach', async () => {
    const { registry, deps } = host.peer
    deps.ipam.usage = id => usageOf(registry, registry.network(id) as Network)
    assert.equal(
      (await host.skein('ip', 'ls', '-t', 'blue', 'web')).stdout,
      ['OWNER  ADDRESSES  USED  FREE  STATE', 'host1  254        2     252   self', ''].join('\n'),
    )
    const json = JSON.parse((await host.skein('ip', 'ls', 'web', '-j')).stdout) as AddressesJson
    assert.equal(json.owners[0]?.ranges, '10.1.2.1-10.1.2.254')
    assert.deepEqual(json.quarantined, { addresses: 0, ranges: '' })
    const [host2, host3] = [await host.peer.admit('host2'), await host.peer.admit('host3')]
    host.peer.connected = [host3]
    deps.ipam.usage = () => [
      { owner: host2, addresses: 87, used: 87, reserved: 0 },
      { owner: host3, addresses: 80, used: 0, reserved: 0 },
    ]
    assert.equal(
      (await host.netctl('ip', 'ls', 'web')).stdout,
      [
        'OWNER  ADDRESSES  USED  FREE  STATE',
        'host2  87         87    0     out of reach',
        'host3  80         0     80    in reach',
        '',
      ].join('\n'),
    )
    assert.equal((await host.skein('ip', 'ls', 'nothing')).code, 4)
    const forked = { ...json, owners: [], quarantined: { addresses: 8, ranges: '10.1.2.8-10.1.2.15' } }
    assert.equal(addressTable(forked).split('\n')[1], '-      8          -     0     quarantined: see skein status')
  })

  it('ip ls: single addresses count for their own owner, and alone when they were given twice', async () => {
    const { registry, deps, signer } = host.peer
    deps.ipam.usage = id => usageOf(registry, registry.network(id) as Network)
    const id = registry.networkByName('default', 'web')?.id as string
    const [host2, host3] = [await host.peer.admit('host2'), await host.peer.admit('host3')]
    const ip = (last: number) => (parseIp('10.1.2.0') as number) + last
    const held = registry.held(signer.key)
    const twice = [host2, host3].map((to, i) => giveAddressLeaves(registry, signer, id, [ip(40)], to, held + 1 + i))
    // both build on the first carving
    await host.peer.write(twice[0] ?? [])
    await host.peer.write(twice[1]?.slice(1) ?? [])
    await host.peer.write((view, at) => giveAddressLeaves(view, signer, id, [ip(3), ip(4)], host2, at))
    // block 0 is given away twice as well, after two of its addresses
    const next = registry.held(signer.key) + 1
    for (const leaf of [host2, host3].map((to, i) => transferLeaf(registry, signer, id, 0, to, next + i)))
      await host.peer.write([leaf])
    const json = JSON.parse((await host.skein('ip', 'ls', 'web', '-j')).stdout) as AddressesJson
    assert.deepEqual(
      json.owners.map(({ owner, addresses, ranges }) => [owner, addresses, ranges]),
      [
        ['host1', 246, '10.1.2.8-10.1.2.39, 10.1.2.41-10.1.2.254'],
        ['host2', 2, '10.1.2.3-10.1.2.4'],
      ],
    )
    assert.deepEqual(json.quarantined, { addresses: 6, ranges: '10.1.2.1-10.1.2.2, 10.1.2.5-10.1.2.7, 10.1.2.40' })
  })

  it('ip ls of a /8 is there within a second', async () => {
    await host.skein('net', 'create', '-s', '11.0.0.0/8', 'huge')
    const { registry, deps } = host.peer
    deps.ipam.usage = id => usageOf(registry, registry.network(id) as Network)
    const begun = performance.now()
    assert.match((await host.skein('ip', 'ls', 'huge')).stdout, /^host1 {2}16777214 {3}0 {5}16777214 {2}self$/m)
    const tookMs = performance.now() - begun
    assert.ok(tookMs < 1500, `${tookMs} ms`)
  })
})
