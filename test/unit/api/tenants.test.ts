import assert from 'node:assert/strict'
import { createTenantLeaves } from '../../../src/crdt/acts.ts'
import { createTestPeer, startTestApi, type TestApi, type TestPeer } from './fixture.ts'

const names = (list: unknown) => (list as { tenantName: string }[]).map(tenant => tenant.tenantName)

describe('api: tenants', () => {
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

  it('creates, lists with default first, and deletes; slash or no slash', async () => {
    for (const name of ['red', 'blue']) {
      const answer = await api.call('POST', `/api/v1/tenants/${name}/`, { body: { tenantName: name, 'link-sets': {} } })
      assert.equal(answer.status, 200, answer.text)
      assert.deepEqual(answer.json(), { key: name, tenantName: name, 'link-sets': {}, existed: false })
      assert.match(String(answer.headers['skein-dot']), new RegExp(`^${peer.deps.replica.self}/\\d+$`))
    }
    for (const path of ['/api/v1/tenants', '/api/v1/tenants/']) {
      assert.deepEqual(names((await api.call('GET', path)).json()), ['default', 'blue', 'red'])
    }
    assert.equal((await api.call('DELETE', '/api/v1/tenants/red')).status, 200)
    assert.deepEqual(names((await api.call('GET', '/api/v1/tenants')).json()), ['default', 'blue'])
    assert.equal((await api.call('GET', '/api/v1/tenants/red/')).status, 404)
  })

  it('succeeds a second time and says so, also when another member made it', async () => {
    peer.onSync = () => peer.write(createTenantLeaves(peer.registry, 'blue'))
    const answer = await api.call('PUT', '/api/v1/tenants/blue/')
    assert.equal(answer.status, 200)
    assert.equal((answer.json() as { existed: boolean }).existed, true)
    assert.equal(answer.headers['skein-existed'], 'true')
    assert.equal(answer.headers['skein-dot'], undefined)
  })

  it('shows its networks in the links and in inspect', async () => {
    await api.call('POST', '/api/v1/networks/default:web/', { body: { subnet: '10.1.2.0/24' } })
    await peer.addEndpoint('default', 'web', '10.1.2.3')
    const { Config, Oper } = (await api.call('GET', '/api/v1/inspect/tenants/default/')).json() as {
      Config: unknown
      Oper: { totalNetworks: number; totalEndpoints: number }
    }
    const link = { type: 'network', key: 'default:web' }
    assert.deepEqual(Config, {
      key: 'default',
      tenantName: 'default',
      'link-sets': { Networks: { 'default:web': link } },
    })
    assert.equal(Oper.totalNetworks, 1)
    assert.equal(Oper.totalEndpoints, 1)
  })

  const refused: [what: string, method: string, key: string, body: unknown, status: number, text: RegExp][] = [
    ['a name with _', 'POST', 'a_b', {}, 400, /tenant name "a_b" is invalid/],
    ['a long name', 'POST', 'x'.repeat(65), {}, 400, /at most 64 characters/],
    ['a name with /', 'POST', 'a%2Fb', {}, 400, /tenant name "a\/b" is invalid/],
    ['a body for another tenant', 'POST', 'a', { tenantName: 'b' }, 400, /make them agree/],
    ['a key of another tenant', 'POST', 'a', { key: 'b' }, 400, /make them agree/],
    ['an unknown field', 'POST', 'a', { color: 'blue' }, 400, /^bad request body: .*color/],
    ['a field of the wrong type', 'POST', 'a', { tenantName: 7 }, 400, /^bad request body: tenantName/],
    ['a body that is no object', 'POST', 'a', [1], 400, /^bad request body/],
    ['a default network', 'POST', 'a', { defaultNetwork: 'web' }, 501, /leave out defaultNetwork/],
    ['deleting the default tenant', 'DELETE', 'default', undefined, 403, /cannot be deleted/],
    ['deleting an unknown tenant', 'DELETE', 'red', undefined, 404, /tenant red does not exist: create it with: skein/],
    ['inspecting an unknown tenant', 'GET', 'red', undefined, 404, /tenant red does not exist/],
  ]
  for (const [what, method, key, body, status, text] of refused) {
    it(`refuses ${what} and changes nothing`, async () => {
      const before = peer.registry.digest()
      const answer = await api.call(method, `/api/v1/tenants/${key}/`, { body })
      assert.equal(answer.status, status, answer.text)
      assert.match(answer.text, text)
      assert.equal(answer.text.split('\n').length, 2)
      assert.equal(peer.registry.digest(), before)
    })
  }

  it('refuses broken JSON and bodies over 64 KiB', async () => {
    const broken = await api.call('POST', '/api/v1/tenants/a/', { raw: '{"tenantName":' })
    assert.equal(broken.status, 400)
    assert.match(broken.text, /is not JSON/)
    const large = await api.call('POST', '/api/v1/tenants/a/', { raw: `{"tenantName":"${'x'.repeat(70_000)}"}` })
    assert.equal(large.status, 400)
    assert.match(large.text, /larger than 64 KiB/)
    assert.deepEqual(peer.registry.tenants(), ['default'])
  })

  it('refuses to delete a tenant with networks, naming them and the command', async () => {
    await api.call('POST', '/api/v1/tenants/blue/')
    await api.call('POST', '/api/v1/networks/blue:web/', { body: { subnet: '10.1.2.0/24' } })
    const before = peer.registry.digest()
    const answer = await api.call('DELETE', '/api/v1/tenants/blue/')
    assert.equal(answer.status, 409)
    assert.equal(
      answer.text,
      'cannot delete blue has 1 networks (web): remove them first with: skein net rm -t blue web\n',
    )
    assert.equal(peer.registry.digest(), before)
  })
})
