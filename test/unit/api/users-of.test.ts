/** What is not deleted because others need it: in which order, and that nothing changes. */
import assert from 'node:assert/strict'
import { removeGroupLeaves } from '../../../src/crdt/object-acts.ts'
import { macOf, parseIp } from '../../../src/model/ip.ts'
import { createTestPeer, startTestApi, type TestApi, type TestPeer } from './fixture.ts'

describe('api: deletions of what is in use', () => {
  let peer: TestPeer
  let api: TestApi
  beforeEach(async () => {
    peer = await createTestPeer()
    api = await startTestApi({ deps: peer.deps })
    for (const [path, body] of [
      ['tenants/blue', {}],
      ['networks/blue:web', { subnet: '10.1.2.0/24' }],
      ['policys/blue:p', {}],
      ['rules/blue:p:1', { fromNetwork: 'web', action: 'deny' }],
      ['netprofiles/blue:gold', { bandwidth: '10mbps' }],
      ['endpointGroups/blue:app', { networkName: 'web', policies: ['p'], netProfile: 'gold' }],
      ['endpointGroups/blue:db', { networkName: 'web' }],
    ] as const) {
      const answer = await api.call('POST', `/api/v1/${path}/`, { body })
      assert.equal(answer.status, 200, `${path}: ${answer.text}`)
    }
  })
  afterEach(async () => {
    await api.stop()
    await peer.stop()
  })

  async function refuses(path: string, text: string): Promise<void> {
    const before = peer.registry.digest()
    const answer = await api.call('DELETE', `/api/v1/${path}/`)
    assert.deepEqual([answer.status, answer.text], [409, `${text}\n`])
    assert.equal(peer.registry.digest(), before)
  }
  async function deletes(path: string): Promise<void> {
    const answer = await api.call('DELETE', `/api/v1/${path}/`)
    assert.equal(answer.status, 200, `${path}: ${answer.text}`)
  }

  it("refuses a tenant in Contiv's order: groups, policies, profiles, networks", async () => {
    const first = (verb: string, name: string) => `remove them first with: skein ${verb} rm -t blue ${name}`
    await refuses('tenants/blue', `cannot delete blue has 2 endpoint groups (app, db): ${first('group', 'app')}`)
    await deletes('endpointGroups/blue:app')
    await refuses('tenants/blue', `cannot delete blue has 1 endpoint groups (db): ${first('group', 'db')}`)
    await deletes('endpointGroups/blue:db')
    await refuses('tenants/blue', `cannot delete blue has 1 policies (p): ${first('policy', 'p')}`)
    await deletes('policys/blue:p')
    await refuses('tenants/blue', `cannot delete blue has 1 netprofiles (gold): ${first('netprofile', 'gold')}`)
    await deletes('netprofiles/blue:gold')
    await refuses('tenants/blue', `cannot delete blue has 1 networks (web): ${first('net', 'web')}`)
    await deletes('networks/blue:web')
    await deletes('tenants/blue')
    assert.deepEqual(peer.registry.tenants(), ['default'])
  })

  it('refuses a network for its groups first, then for the rules that name it', async () => {
    const groups = 'cannot delete web has 2 endpoint groups (app, db)'
    await refuses('networks/blue:web', `${groups}: remove them first with: skein group rm -t blue app`)
    for (const group of ['app', 'db']) await deletes(`endpointGroups/blue:${group}`)
    const rules = 'cannot delete network web in tenant blue, 1 rules name it'
    await refuses('networks/blue:web', `${rules}: remove them first with: skein policy rule-rm -t blue p 1`)
    await deletes('rules/blue:p:1')
    await deletes('networks/blue:web')
  })

  it('counts a group that was deleted elsewhere while a container of it runs, and says what ends it', async () => {
    const network = peer.registry.networkByName('blue', 'web')?.id ?? assert.fail('no network')
    const group = peer.registry.objects.groupByName('blue', 'db') ?? assert.fail('no group')
    const ip = parseIp('10.1.2.3') ?? 0
    const endpoint = {
      kind: 'endpoint',
      id: 'e1',
      network,
      ip,
      mac: macOf(ip),
      container: '',
      containerName: 'db1',
    } as const
    await peer.write([{ ...endpoint, group: group.id }])
    await peer.write(view => removeGroupLeaves(view.objects, group))
    await deletes('endpointGroups/blue:app')
    const remedy = 'they are deleted but still have endpoints: stop those containers first, see skein conditions'
    await refuses('tenants/blue', `cannot delete blue has 1 endpoint groups (db): ${remedy}`)
    await refuses('networks/blue:web', `cannot delete web has 1 endpoint groups (db): ${remedy}`)
    await peer.write([{ kind: 'endpoint-rm', id: 'e1', network }])
    await refuses(
      'tenants/blue',
      'cannot delete blue has 1 policies (p): remove them first with: skein policy rm -t blue p',
    )
  })
})
