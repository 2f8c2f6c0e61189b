import assert from 'node:assert/strict'
import { createNetworkLeaves, removeNetworkLeaves } from '../../../src/crdt/acts.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { createTestPeer, startTestApi, type TestApi, type TestPeer } from './fixture.ts'

const contivNet = {
  key: 'default:contiv-net',
  encap: 'vxlan',
  networkName: 'contiv-net',
  nwType: 'data',
  subnet: '10.1.2.0/24',
  tenantName: 'default',
  'link-sets': {},
  links: { Tenant: { type: 'tenant', key: 'default' } },
}
/** What Contiv's netctl sends for `net create --subnet=10.1.2.0/24 contiv-net`. */
const request = {
  encap: 'vxlan',
  networkName: 'contiv-net',
  nwType: 'data',
  subnet: '10.1.2.0/24',
  tenantName: 'default',
  'link-sets': {},
  links: { Tenant: {} },
}
const url = '/api/v1/networks/default:contiv-net/'

describe('api: networks', () => {
  let peer: TestPeer
  let api: TestApi
  beforeEach(async () => {
    peer = await createTestPeer()
    api = await startTestApi({ deps: peer.deps })
  })
  afterEach(async () => {
    await api.stop()
    await peer.stop()
  })

  it("creates and shows a network in Contiv's JSON, after asking the members", async () => {
    const answer = await api.call('POST', url, { body: request })
    assert.equal(answer.status, 200, answer.text)
    assert.deepEqual(answer.json(), { ...contivNet, existed: false })
    assert.equal(peer.syncs, 1)
    assert.deepEqual((await api.call('GET', url)).json(), contivNet)
    assert.deepEqual((await api.call('GET', '/api/v1/networks/default%3Acontiv-net')).json(), contivNet)
    for (const list of ['/api/v1/networks', '/api/v1/networks/']) {
      assert.deepEqual((await api.call('GET', list)).json(), [contivNet])
    }
  })

  it('shows a configured tag', async () => {
    const { json } = await api.call('POST', url, { body: { ...request, pktTag: 77 } })
    assert.equal((json() as { pktTag: number }).pktTag, 77)
  })

  it('creates an equal network twice: the second succeeds, says so and writes nothing', async () => {
    await api.call('POST', url, { body: request })
    const before = peer.registry.digest()
    const answer = await api.call('POST', url, { body: request })
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json(), { ...contivNet, existed: true })
    assert.equal(answer.headers['skein-existed'], 'true')
    assert.equal(answer.headers['skein-dot'], undefined)
    assert.equal(peer.registry.digest(), before)
  })

  it('decides on what the members said just before', async () => {
    const spec = checkNetwork({ tenant: 'default', name: 'other', subnet: '10.1.2.128/25' })
    peer.onSync = () => peer.write(createNetworkLeaves(peer.registry, { tenant: 'default', name: 'other', spec }))
    const answer = await api.call('POST', url, { body: request })
    assert.equal(answer.status, 409)
    assert.match(answer.text, /^network other conflicts with subnet 10\.1\.2\.0\/24: it has 10\.1\.2\.128\/25;/)
  })

  it('allows the same name and subnet in another tenant, and disjoint ranges of one prefix', async () => {
    await api.call('POST', url, { body: { ...request, subnet: '10.1.2.10-10.1.2.20/24' } })
    await api.call('POST', '/api/v1/tenants/blue/')
    const blue = { ...request, tenantName: 'blue' }
    assert.equal((await api.call('POST', '/api/v1/networks/blue:contiv-net/', { body: blue })).status, 200)
    const range = { subnet: '10.1.2.21-10.1.2.30/24' }
    assert.equal((await api.call('POST', '/api/v1/networks/default:range/', { body: range })).status, 200)
  })

  it('deletes, and makes a new one under the same name', async () => {
    await api.call('POST', url, { body: request })
    const first = peer.registry.networkByName('default', 'contiv-net')?.id
    const deleted = await api.call('DELETE', url)
    assert.equal(deleted.status, 200)
    assert.ok(deleted.headers['skein-dot'])
    assert.equal((await api.call('GET', url)).status, 404)
    assert.equal((await api.call('POST', url, { body: request })).status, 200)
    assert.notEqual(peer.registry.networkByName('default', 'contiv-net')?.id, first)
  })

  it('hides a network that is being deleted, and takes a new one of its name', async () => {
    await api.call('POST', url, { body: request })
    const id = peer.registry.networkByName('default', 'contiv-net')?.id as string
    await peer.addEndpoint('default', 'contiv-net', '10.1.2.3')
    await peer.write(removeNetworkLeaves(peer.registry, id))
    assert.deepEqual((await api.call('GET', '/api/v1/networks')).json(), [])
    const status = (await api.call('GET', '/api/v1/status')).json() as { draining: string[]; networks: number }
    assert.deepEqual(status.draining, ['default:contiv-net'])
    assert.equal(status.networks, 0)
    assert.equal((await api.call('POST', url, { body: request })).status, 200)
  })

  it('refuses to delete a network with endpoints, naming container and host', async () => {
    await api.call('POST', url, { body: request })
    await peer.addEndpoint('default', 'contiv-net', '10.1.2.3', 'contiv-c1')
    for (let i = 10; i < 16; i++) await peer.addEndpoint('default', 'contiv-net', `10.1.2.${i}`)
    const before = peer.registry.digest()
    const answer = await api.call('DELETE', url)
    assert.equal(answer.status, 409)
    assert.equal(answer.headers['skein-code'], 'in-use')
    assert.match(answer.text, /active endpoints: contiv-c1 on host1, 10\.1\.2\.10 on host1, .*, and 2 more; stop them/)
    assert.equal(peer.registry.digest(), before)
  })

  const refused: [what: string, key: string, change: object, status: number, text: RegExp][] = [
    [
      'an unknown tenant',
      'blue:web',
      { tenantName: 'blue' },
      404,
      /^tenant blue does not exist: create it with: skein tenant create blue\n$/,
    ],
    ['a bad name', 'default:a_b', { networkName: 'a_b' }, 400, /network name "a_b" is invalid/],
    ['a key without a tenant', 'web', {}, 400, /write it as TENANT:NETWORK/],
    ['a key with three parts', 'a:b:c', {}, 400, /write it as TENANT:NETWORK/],
    ['a body for another network', 'default:web', { networkName: 'db' }, 400, /make them agree/],
    ['a body for another tenant', 'default:web', { tenantName: 'blue' }, 400, /make them agree/],
    ['no subnet', 'default:web', { subnet: '' }, 400, /subnet is required/],
    ['host bits', 'default:web', { subnet: '10.1.2.3/24' }, 400, /did you mean 10\.1\.2\.0\/24/],
    ['/31', 'default:web', { subnet: '10.1.2.0/31' }, 400, /length of 8 to 30/],
    ['a subnet that is none', 'default:web', { subnet: 'x' }, 400, /not an IPv4 prefix/],
    ['a bad encap', 'default:web', { encap: 'gre' }, 400, /encap "gre" is invalid/],
    ['a VLAN that none is', 'default:web', { encap: 'vlan', pktTag: 4095 }, 400, /VLAN 4095 is invalid/],
    ['a bad type', 'default:web', { nwType: 'x' }, 400, /nw-type "x" is invalid/],
    ['a tag out of range', 'default:web', { pktTag: 16777216 }, 400, /pkt-tag 16777216 is invalid/],
    ['a tag that is text', 'default:web', { pktTag: '7' }, 400, /^bad request body: pktTag/],
    ['a gateway elsewhere', 'default:web', { gateway: '10.9.3.1' }, 400, /use for example --gateway=/],
    ['a network tag', 'default:web', { cfgdTag: 'x' }, 501, /leave out --nw-tag/],
    [
      'another spec under a name in use',
      'default:contiv-net',
      { subnet: '10.9.0.0/24' },
      409,
      /exists with other parameters \(subnet 10\.1\.2\.0\/24\)/,
    ],
    [
      'an overlap',
      'default:web',
      { subnet: '10.1.0.0/16' },
      409,
      /^network contiv-net conflicts with subnet 10\.1\.0\.0\/16/,
    ],
  ]
  for (const [what, key, change, status, text] of refused) {
    it(`refuses ${what} and changes nothing`, async () => {
      await api.call('POST', url, { body: request })
      const before = peer.registry.digest()
      const { networkName: _, tenantName: __, ...rest } = request
      const answer = await api.call('POST', `/api/v1/networks/${key}/`, {
        body: { ...rest, subnet: '10.1.3.0/24', ...change },
      })
      assert.equal(answer.status, status, answer.text)
      assert.match(answer.text, text)
      assert.equal(answer.text.split('\n').length, 2)
      assert.equal(peer.registry.digest(), before)
    })
  }

  for (const method of ['GET', 'DELETE']) {
    it(`${method} of an unknown network or tenant is 404`, async () => {
      const network = await api.call(method, '/api/v1/networks/default:web/')
      assert.equal(network.status, 404)
      assert.equal(network.text, 'network web does not exist: see skein net ls\n')
      const tenant = await api.call(method, '/api/v1/networks/blue:web/')
      assert.equal(tenant.status, 404)
      assert.match(tenant.text, /^tenant blue does not exist/)
    })
  }

  it('inspects: ranges, endpoints, and the VNI of this host', async () => {
    await api.call('POST', url, { body: request })
    const id = peer.registry.networkByName('default', 'contiv-net')?.id as string
    peer.deps.ipam.held = () => [0x0a010202, 0x0a010206]
    for (const ip of ['10.1.2.2', '10.1.2.3', '10.1.2.4'])
      await peer.addEndpoint('default', 'contiv-net', ip, `c${ip.at(-1)}`)
    await peer.write([{ kind: 'vtep', network: id, address: '192.168.2.10', vni: 9_000_001 }])
    const { Config, Oper } = (await api.call('GET', '/api/v1/inspect/networks/default:contiv-net/')).json() as {
      Config: unknown
      Oper: Record<string, unknown> & { endpoints: object[] }
    }
    assert.deepEqual(Config, contivNet)
    const { endpoints, ...rest } = Oper
    assert.deepEqual(rest, {
      allocatedAddressesCount: 4,
      allocatedIPAddresses: '10.1.2.2-10.1.2.4, 10.1.2.6',
      availableIPAddresses: '10.1.2.1, 10.1.2.5, 10.1.2.7-10.1.2.254',
      externalPktTag: 9_000_001,
      networkTag: 'contiv-net.default',
      numEndpoints: 3,
      pktTag: 9_000_001,
    })
    assert.deepEqual(endpoints[1], {
      containerID: '',
      containerName: 'c3',
      endpointID: '10.1.2.3',
      homingHost: 'host1',
      ipAddress: ['10.1.2.3', ''],
      labels: 'map[]',
      macAddress: '02:02:0a:01:02:03',
      network: 'contiv-net.default',
      serviceName: '',
      vtepIP: '192.168.2.10',
    })
  })
})
