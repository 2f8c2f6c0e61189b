import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { formatIp, parseIp } from '../../../src/model/ip.ts'
import { call, type Host, newDockerId, newHost, restartHost } from './fixture.ts'

const gateway = { RequestAddressType: 'com.docker.network.gateway' }
const generic = (options: Record<string, string>) => ({ 'com.docker.network.generic': options })

describe('docker driver', () => {
  let host: Host
  let id: string

  beforeEach(async () => {
    host = await newHost()
    id = await host.create('contiv-net', '10.1.2.0/24')
  })
  afterEach(() => host.stop())

  /** What Docker calls for `network create`. */
  async function createInDocker(network = id): Promise<string> {
    const NetworkID = newDockerId()
    const { PoolID, Pool } = await host.ok('IpamDriver.RequestPool', { Pool: '', Options: { 'skein.id': network } })
    assert.equal(PoolID, network)
    const IPv4Data = [{ AddressSpace: 'skein', Pool, Gateway: '10.1.2.0/24', AuxAddresses: {} }]
    await host.ok('NetworkDriver.CreateNetwork', { NetworkID, Options: generic({ 'skein.id': network }), IPv4Data })
    return NetworkID
  }

  /** What Docker calls for `run`, and what it got. */
  async function run(NetworkID: string, given: { ip?: string; mac?: string } = {}, network = id) {
    const requested = await host.ok('IpamDriver.RequestAddress', {
      PoolID: network,
      Address: given.ip ?? '',
      Options: null,
    })
    const address = String(requested.Address)
    const EndpointID = newDockerId()
    const endpoint = { NetworkID, EndpointID }
    const Interface = { Address: address, AddressIPv6: '', MacAddress: given.mac ?? '' }
    const created = await host.ok('NetworkDriver.CreateEndpoint', { ...endpoint, Interface, Options: {} })
    const joined = await host.ok('NetworkDriver.Join', {
      ...endpoint,
      SandboxKey: '/var/run/docker/netns/x',
      Options: {},
    })
    return { endpoint, address, created, joined, ip: parseIp(address.split('/')[0] ?? '') ?? 0 }
  }

  async function stop({ endpoint, address }: Awaited<ReturnType<typeof run>>, network = id): Promise<void> {
    await host.ok('NetworkDriver.Leave', endpoint)
    await host.ok('NetworkDriver.DeleteEndpoint', endpoint)
    await host.ok('IpamDriver.ReleaseAddress', { PoolID: network, Address: address.split('/')[0] })
  }

  it('gives a pool whose gateway costs no address', async () => {
    const pool = await host.ok('IpamDriver.RequestPool', {
      Pool: '10.1.2.0/24',
      Options: { 'skein.id': id },
      V6: false,
    })
    const Data = { 'com.docker.network.gateway': '10.1.2.0/24' }
    assert.deepEqual(pool, { PoolID: id, Pool: '10.1.2.0/24', Data })
    const asked = await host.ok('IpamDriver.RequestAddress', { PoolID: id, Address: '', Options: gateway })
    assert.deepEqual(asked, { Address: '10.1.2.0/24', Data: {} })
    await host.ok('IpamDriver.ReleaseAddress', { PoolID: id, Address: '10.1.2.0' })
    assert.deepEqual(host.ipam.held(id), [])
  })

  it('runs a container: address, MAC, record, interface; and takes it down again', async () => {
    const NetworkID = await createInDocker()
    const container = await run(NetworkID)
    const { ip, endpoint } = container
    const mac = `02:02:0a:01:02:${(ip & 255).toString(16).padStart(2, '0')}`
    assert.match(container.address, /^10\.1\.2\.\d+\/24$/)
    assert.deepEqual(container.created, { Interface: { MacAddress: mac } })
    const SrcName = `c${endpoint.EndpointID.slice(0, 10)}`
    assert.deepEqual(container.joined, { InterfaceName: { SrcName, DstPrefix: 'eth' } })
    const { replica } = host.peer
    const record = {
      id: endpoint.EndpointID,
      network: id,
      owner: replica.self,
      ip,
      mac,
      container: '',
      containerName: '',
      aliases: [],
    }
    assert.deepEqual(replica.view.endpoints(id), [record])
    assert.deepEqual(await host.ok('NetworkDriver.EndpointOperInfo', endpoint), { Value: {} })
    await stop(container)
    assert.deepEqual([replica.view.endpoints(id), host.ipam.held(id), host.datapath.attached.size], [[], [], 0])
  })

  it('is idempotent: every repeat gives the same answer and changes nothing', async () => {
    const NetworkID = await createInDocker()
    const container = await run(NetworkID)
    const digest = host.peer.replica.view.digest()
    const Interface = { Address: container.address, MacAddress: '' }
    const repeat = await host.ok('NetworkDriver.CreateEndpoint', { ...container.endpoint, Interface })
    assert.deepEqual(repeat, container.created)
    assert.deepEqual(await host.ok('NetworkDriver.Join', container.endpoint), container.joined)
    assert.equal(host.peer.replica.view.digest(), digest)
    await stop(container)
    await stop(container)
    await host.ok('NetworkDriver.DeleteNetwork', { NetworkID })
    await host.ok('NetworkDriver.DeleteNetwork', { NetworkID })
  })

  it('keeps a MAC address that the user chose, and does not repeat it to Docker', async () => {
    const container = await run(await createInDocker(), { mac: '02:42:AC:11:00:07' })
    assert.deepEqual(container.created, { Interface: {} })
    assert.equal(host.peer.replica.view.endpoints(id)[0]?.mac, '02:42:ac:11:00:07')
  })

  it('gives the address of --ip, once; refuses one outside the range', async () => {
    const NetworkID = await createInDocker()
    assert.equal((await run(NetworkID, { ip: '10.1.2.77' })).address, '10.1.2.77/24')
    await host.refused('IpamDriver.RequestAddress', { PoolID: id, Address: '10.1.2.77' })
    for (const Address of ['10.1.3.1', '10.1.2.0', '10.1.2.255', 'x']) {
      const text = await host.refused('IpamDriver.RequestAddress', { PoolID: id, Address })
      assert.match(text, /cannot be used in this network: choose one from 10\.1\.2\.1 to 10\.1\.2\.254/)
    }
  })

  it('ignores the late release of an address that an endpoint holds', async () => {
    const container = await run(await createInDocker())
    await host.ok('IpamDriver.ReleaseAddress', { PoolID: id, Address: formatIp(container.ip) })
    assert.deepEqual(host.ipam.held(id), [container.ip])
  })

  it('knows its networks and endpoints after a restart: Docker never repeats CreateNetwork', async () => {
    const NetworkID = await createInDocker()
    const before = await run(NetworkID)
    host = await restartHost(host)
    const after = await run(NetworkID)
    assert.notEqual(after.ip, before.ip)
    await stop(before)
    assert.deepEqual(
      host.peer.replica.view.endpoints(id).map(endpoint => endpoint.ip),
      [after.ip],
    )
  })

  it('refuses networks without its addresses, or whose id or pool it does not know', async () => {
    const create = (AddressSpace: string, options: Record<string, string>) =>
      host.refused('NetworkDriver.CreateNetwork', {
        NetworkID: newDockerId(),
        Options: generic(options),
        IPv4Data: [{ AddressSpace, Pool: '10.1.2.0/24' }],
      })
    assert.match(await create('LocalDefault', { 'skein.id': id }), /--ipam-driver mesh/)
    assert.match(await create('skein', {}), /does not know the pool/)
    assert.match(
      await create('skein', { 'skein.id': 'f'.repeat(64) }),
      /not known to this host \(yet\): see "skein net ls"/,
    )
  })

  it('refuses what it does not support, and a subnet that is not the network’s', async () => {
    const pool = (request: object) =>
      host.refused('IpamDriver.RequestPool', { Options: { 'skein.id': id }, ...request })
    assert.match(await pool({ Pool: '10.1.3.0/24' }), /has the subnet 10\.1\.2\.0\/24/)
    assert.match(await pool({ Pool: '10.1.2.0/24', SubPool: '10.1.2.128/25' }), /leave out --ip-range/)
    assert.match(await pool({ V6: true }), /network contiv-net has no IPv6 subnet: leave out --ipv6/)
    assert.match(await pool({ V6: true, SubPool: 'fd00:6::/96' }), /leave out --ip-range/)
    const IPv4Data = [{ AddressSpace: 'skein', Pool: '10.1.2.0/24', AuxAddresses: { printer: '10.1.2.9/24' } }]
    const request = { NetworkID: newDockerId(), Options: generic({ 'skein.id': id }), IPv4Data }
    assert.match(await host.refused('NetworkDriver.CreateNetwork', request), /leave out --aux-address/)
  })

  it('takes no new endpoint on a network that is deleted, but for a host that still has some', async () => {
    const NetworkID = await createInDocker()
    const container = await run(NetworkID)
    await host.remove(id)
    assert.equal(host.peer.replica.view.network(id)?.status, 'draining')
    const second = await run(NetworkID)
    await stop(second)
    await stop(container)
    const address = await host.refused('IpamDriver.RequestAddress', { PoolID: id, Address: '' })
    assert.match(address, /was deleted: create it again with "skein net create"/)
    assert.match(await host.refused('IpamDriver.RequestPool', { Options: { 'skein.id': id } }), /was deleted/)
    const Interface = { Address: container.address, MacAddress: '' }
    await host.refused('NetworkDriver.CreateEndpoint', { ...container.endpoint, Interface })
  })

  it('tolerates endpoints and networks that it does not know, when they go', async () => {
    const unknown = { NetworkID: newDockerId(), EndpointID: newDockerId() }
    for (const method of ['Leave', 'DeleteEndpoint', 'DeleteNetwork']) {
      assert.deepEqual(await host.ok(`NetworkDriver.${method}`, unknown), {})
    }
    assert.deepEqual(await host.ok('IpamDriver.ReleaseAddress', { PoolID: 'f'.repeat(64), Address: '10.1.2.3' }), {})
    assert.deepEqual(await host.ok('IpamDriver.ReleasePool', { PoolID: 'f'.repeat(64) }), {})
    assert.match(await host.refused('NetworkDriver.Join', unknown), /start the container again/)
    const Interface = { Address: '10.1.2.3/24', MacAddress: '' }
    assert.match(
      await host.refused('NetworkDriver.CreateEndpoint', { ...unknown, Interface }),
      /try again in a few seconds/,
    )
  })

  it('answers the calls that need nothing done', async () => {
    for (const method of [
      'ProgramExternalConnectivity',
      'RevokeExternalConnectivity',
      'DiscoverNew',
      'DiscoverDelete',
    ]) {
      assert.deepEqual(await host.ok(`NetworkDriver.${method}`, { DiscoveryType: 1, DiscoveryData: {} }), {})
    }
  })

  it('R5: hands out nothing before the containers of this host have been registered', async () => {
    const fresh = await newHost(false)
    try {
      const network = await fresh.create('web', '10.1.2.0/24')
      const pending = call(fresh.socketPath, 'IpamDriver.RequestAddress', { PoolID: network, Address: '' })
      await call(fresh.socketPath, 'Plugin.Activate')
      assert.deepEqual(fresh.ipam.held(network), [])
      await fresh.driver.state.noteRegistered()
      assert.equal((await pending).status, 200)
    } finally {
      await fresh.stop()
    }
  })
})
