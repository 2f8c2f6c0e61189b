/** Contiv's paths and field names, of everything that has them: as Contiv's own client sends and reads it. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'mocha'
import { macOf, parseIp } from '../../../src/model/ip.ts'
import { createTestPeer, startTestApi, type TestApi, type TestPeer } from './fixture.ts'

/** What Contiv's client posts, in this order. Links of objects that are not made yet are sent empty. */
const posts: [path: string, body: object][] = [
  ['tenants/blue/', { tenantName: 'blue', 'link-sets': {} }],
  [
    'networks/blue:web/',
    { encap: 'vlan', networkName: 'web', nwType: 'data', pktTag: 112, subnet: '10.1.2.0/24', tenantName: 'blue' },
  ],
  ['policys/blue:p/', { policyName: 'p', tenantName: 'blue', 'link-sets': {}, links: { Tenant: {} } }],
  ['netprofiles/blue:gold/', { DSCP: 3, bandwidth: '10 mbps', burst: 100, profileName: 'gold', tenantName: 'blue' }],
  [
    'endpointGroups/blue:db/',
    {
      ...{ groupName: 'db', networkName: 'web', policies: ['p'], netProfile: 'gold', tenantName: 'blue' },
      ...{ ipPool: '10.1.2.10-10.1.2.20', 'link-sets': {}, links: { Tenant: {}, Network: {}, NetProfile: {} } },
    },
  ],
  [
    'rules/blue:p:1/',
    {
      ...{ action: 'deny', direction: 'in', fromEndpointGroup: 'db', policyName: 'p', port: 80, priority: 7 },
      ...{ protocol: 'tcp', ruleId: '1', tenantName: 'blue', toIpAddress: '10.1.2.0/28', 'link-sets': {}, links: {} },
    },
  ],
  ['globals/global/', { name: 'global', vlans: '100-200' }],
]

const link = (type: string, key: string) => ({ [key]: { type, key } })
const tenant = { type: 'tenant', key: 'blue' }
const config = {
  tenant: {
    ...{ key: 'blue', tenantName: 'blue' },
    'link-sets': {
      EndpointGroups: link('endpointGroup', 'blue:db'),
      NetProfiles: link('netprofile', 'blue:gold'),
      Networks: link('network', 'blue:web'),
      Policies: link('policy', 'blue:p'),
    },
  },
  network: {
    ...{ key: 'blue:web', encap: 'vlan', networkName: 'web', nwType: 'data', pktTag: 112, subnet: '10.1.2.0/24' },
    ...{
      tenantName: 'blue',
      'link-sets': { EndpointGroups: link('endpointGroup', 'blue:db') },
      links: { Tenant: tenant },
    },
  },
  policy: {
    ...{ key: 'blue:p', policyName: 'p', tenantName: 'blue', links: { Tenant: tenant } },
    'link-sets': { EndpointGroups: link('endpointGroup', 'blue:db'), Rules: link('rule', 'blue:p:1') },
  },
  netprofile: {
    ...{ key: 'blue:gold', DSCP: 3, bandwidth: '10Mbps', burst: 100, profileName: 'gold', tenantName: 'blue' },
    ...{ 'link-sets': { EndpointGroups: link('endpointGroup', 'blue:db') }, links: { Tenant: tenant } },
  },
  group: {
    ...{ key: 'blue:db', groupName: 'db', ipPool: '10.1.2.10-10.1.2.20', netProfile: 'gold', networkName: 'web' },
    ...{ policies: ['p'], tenantName: 'blue', 'link-sets': { Policies: link('policy', 'blue:p') } },
    links: {
      NetProfile: { type: 'netprofile', key: 'blue:gold' },
      Network: { type: 'network', key: 'blue:web' },
      Tenant: tenant,
    },
  },
  rule: {
    ...{ key: 'blue:p:1', action: 'deny', direction: 'in', fromEndpointGroup: 'db', policyName: 'p', port: 80 },
    ...{ priority: 7, protocol: 'tcp', ruleId: '1', tenantName: 'blue', toIpAddress: '10.1.2.0/28' },
    ...{
      'link-sets': { Policies: link('policy', 'blue:p') },
      links: { MatchEndpointGroup: { type: 'endpointGroup', key: 'blue:db' } },
    },
  },
  global: {
    ...{ key: 'global', arpMode: 'proxy', fwdMode: 'bridge', name: 'global', networkInfraType: 'default' },
    ...{ pvtSubnet: '172.19.0.0/16', vlans: '100-200', vxlans: '8388608-16777214' },
  },
}

const id = 'e1'.repeat(32)
const endpoint = {
  ...{ containerID: 'c1'.repeat(32), containerName: 'db1', endpointGroupKey: 'blue:db', endpointID: id },
  ...{ homingHost: 'host1', ipAddress: ['10.1.2.11', ''], labels: 'map[]', macAddress: '02:02:0a:01:02:0b' },
  ...{ network: 'web.blue', serviceName: 'db', vtepIP: '' },
}
const tags = { externalPktTag: 112, pktTag: 112 }
const oper = {
  network: {
    ...{ allocatedAddressesCount: 1, allocatedIPAddresses: '10.1.2.11' },
    ...{ availableIPAddresses: '10.1.2.1-10.1.2.10, 10.1.2.12-10.1.2.254' },
    ...{ endpoints: [endpoint], ...tags, networkTag: 'web.blue', numEndpoints: 1 },
  },
  group: {
    ...{ allocatedIPAddresses: '10.1.2.11', availableIPAddresses: '10.1.2.10, 10.1.2.12-10.1.2.20' },
    ...{ endpoints: [endpoint], ...tags, groupTag: 'db.blue', numEndpoints: 1 },
  },
  policy: { endpoints: [endpoint], numEndpoints: 1 },
  global: { clusterMode: 'docker', numNetworks: 1, vlansInUse: '112', vxlansInUse: '' },
}
const tenantOper = {
  ...{ totalEPGs: 1, totalEndpoints: 1, totalNetprofiles: 1, totalNetworks: 1, totalPolicies: 1 },
  ...{ endpointGroups: [oper.group], endpoints: [endpoint], networks: [oper.network], policies: [oper.policy] },
}

const kinds: [collection: string, key: string, config: object, oper?: object][] = [
  ['tenants', 'blue', config.tenant, tenantOper],
  ['networks', 'blue:web', config.network, oper.network],
  ['policys', 'blue:p', config.policy, oper.policy],
  ['netprofiles', 'blue:gold', config.netprofile],
  ['endpointGroups', 'blue:db', config.group, oper.group],
  ['rules', 'blue:p:1', config.rule],
  ['globals', 'global', config.global, oper.global],
]

describe("api: Contiv's objects", () => {
  let peer: TestPeer
  let api: TestApi
  const get = async (path: string) => (await api.call('GET', `/api/v1/${path}`)).json()

  before(async () => {
    peer = await createTestPeer()
    api = await startTestApi({ deps: peer.deps })
    for (const [path, body] of posts) {
      const answer = await api.call('POST', `/api/v1/${path}`, { body })
      assert.equal(answer.status, 200, `${path}: ${answer.text}`)
    }
    const network = peer.registry.networkByName('blue', 'web')?.id as string
    const group = peer.registry.objects.groupByName('blue', 'db')?.id as string
    const ip = parseIp('10.1.2.11') as number
    const names = { container: 'c1'.repeat(32), containerName: 'db1' }
    await peer.write([{ kind: 'endpoint', id, network, ip, mac: macOf(ip), ...names, group }])
  })
  after(async () => {
    await api.stop()
    await peer.stop()
  })

  for (const [collection, key, config, oper] of kinds) {
    it(`${collection}: lists, shows and inspects`, async () => {
      const listed = (await get(`${collection}/`)) as { key: string }[]
      assert.deepEqual(
        listed.find(each => each.key === key),
        config,
      )
      assert.deepEqual(await get(`${collection}/${key}/`), config)
      const inspected = { Config: config, ...(oper ? { Oper: oper } : {}) }
      assert.deepEqual(await get(`inspect/${collection}/${key}/`), inspected)
    })
  }

  it('endpoints: inspects by a part of id or name', async () => {
    for (const text of [id, 'db1', 'c1c1c1']) {
      assert.deepEqual(await get(`inspect/endpoints/${text}/`), {
        Oper: { ...endpoint, tenantName: 'blue', networkName: 'web' },
      })
    }
  })

  it('takes each once more, as it shows it, without a change', async () => {
    const digest = peer.registry.digest()
    for (const [collection, key, config] of kinds) {
      const answer = await api.call('PUT', `/api/v1/${collection}/${key}/`, { body: config })
      assert.equal(answer.status, 200, `${collection}: ${answer.text}`)
      assert.equal(answer.headers['skein-dot'], undefined, collection)
    }
    assert.equal(peer.registry.digest(), digest)
  })

  it('info: says of itself what Contiv said of its leader, and who else is there', async () => {
    const address = '192.168.2.10'
    await peer.admit('host2') // which has not said where it is reached
    await peer.write([{ kind: 'peer', name: 'host1', addresses: [`${address}:7373`], vtepAddress: address, mtu: 1500 }])
    const answer = await api.call('GET', '/info')
    assert.deepEqual(answer.json(), {
      ...{ 'local-ip': address, 'leader-ip': address, 'current-state': 'leader' },
      ...{ 'netplugin-nodes': [address], 'netmaster-nodes': [address] },
    })
  })

  it('what Skein has not: lists nothing, and refuses the rest', async () => {
    for (const kind of [
      'appProfiles',
      'extContractsGroups',
      'serviceLBs',
      'Bgps',
      'aciGws',
      'volumes',
      'volumeProfiles',
    ]) {
      assert.deepEqual(await get(`${kind}/`), [])
      for (const [method, path] of [
        ['GET', `${kind}/x/`],
        ['GET', `inspect/${kind}/x/`],
        ['POST', `${kind}/x/`],
        ['DELETE', `${kind}/x/`],
      ] as const) {
        const answer = await api.call(method, `/api/v1/${path}`)
        assert.equal(answer.status, 501, path)
        assert.match(answer.text, /^Skein has no .*: leave them out\n$/)
      }
    }
  })
})
