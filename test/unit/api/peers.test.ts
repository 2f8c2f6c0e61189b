import assert from 'node:assert/strict'
import type { PeerJson, StatusJson, WriteJson } from '../../../src/api/types.ts'
import { SkeinError } from '../../../src/lib/errors.ts'
import { createTestPeer, startTestApi, type TestApi, type TestPeer } from './fixture.ts'

describe('api: peers, joining, status and writes', () => {
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

  it('lists members, with whom a pending one waits for', async () => {
    await peer.admit('host2')
    const key = await peer.admit('host3')
    peer.connected = [key]
    const [first, , third] = (await api.call('GET', '/api/v1/peers')).json() as PeerJson[]
    assert.equal(first?.self, true)
    assert.equal(first?.settled, true)
    assert.equal(first?.admittedBy, '')
    assert.deepEqual(third, {
      name: 'host3',
      key,
      self: false,
      settled: false,
      waitingFor: ['host2'],
      addresses: ['192.168.2.11:7373'],
      vtepAddress: '',
      admittedBy: 'host1',
      succeeds: '',
      connected: true,
    })
  })

  it('invites for an hour unless told otherwise', async () => {
    const usual = await api.call('POST', '/api/v1/peers/invite')
    assert.deepEqual(usual.json(), { token: 'token-for-3600000' })
    const many = await api.call('POST', '/api/v1/peers/invite', { body: { ttlMs: 60_000, uses: 3 } })
    assert.deepEqual(many.json(), { token: 'token-for-60000-and-3' })
    for (const uses of [0, 1.5, 10_001, '2']) {
      assert.equal((await api.call('POST', '/api/v1/peers/invite', { body: { uses } })).status, 400, String(uses))
    }
    const short = await api.call('POST', '/api/v1/peers/invite', { body: { ttlMs: 60_000 } })
    assert.deepEqual(short.json(), { token: 'token-for-60000' })
    for (const ttlMs of [0, -1, 1.5, '1h', 31 * 24 * 3_600_000]) {
      assert.equal((await api.call('POST', '/api/v1/peers/invite', { body: { ttlMs } })).status, 400, String(ttlMs))
    }
  })

  it('joins, and passes on the reason of a refusal', async () => {
    const asked: string[] = []
    peer.deps.admission.join = async token => void asked.push(token)
    const joined = await api.call('POST', '/api/v1/join', { body: { token: ' abc\n' } })
    assert.deepEqual(joined.json(), { meshId: peer.registry.meshId, members: 1 })
    assert.deepEqual(asked, ['abc'])
    peer.deps.admission.join = async () => {
      throw new SkeinError('forbidden', 'host1 refused: the invitation has expired')
    }
    const refused = await api.call('POST', '/api/v1/join', { body: { token: 'abc' } })
    assert.equal(refused.status, 403)
    assert.equal(refused.text, 'host1 refused: the invitation has expired\n')
    assert.equal((await api.call('POST', '/api/v1/join', { body: {} })).status, 400)
  })

  it('tells the status', async () => {
    const key = await peer.admit('host2')
    const silent = await peer.admit('host3')
    peer.deps.replica.syncStatus = () => [
      { peer: key, behind: true, lastSyncMs: undefined },
      { peer: silent, behind: false, lastSyncMs: Date.now() - 4000 },
    ]
    peer.deps.hostStatus = () => ({
      docker: { reachable: false, error: 'no such file' },
      datapath: {
        repaired: 3,
        errors: ['bridge: not found'],
        unreachable: [{ member: silent, sinceMs: Date.now() - 9000 }],
      },
      conditions: [{ text: 'name taken', remedy: 'docker network rm web' }],
    })
    const status = (await api.call('GET', '/api/v1/status/')).json() as StatusJson
    assert.deepEqual(status.self, { name: 'host1', key: peer.deps.replica.self, settled: true, waitingFor: [] })
    assert.deepEqual(status.members[1], { name: 'host2', key, settled: false, connected: false, behind: true })
    assert.equal(status.digest, peer.registry.digest())
    assert.equal(status.records, peer.registry.size())
    assert.deepEqual(status.docker, { reachable: false, error: 'no such file' })
    const ago = status.members[2]?.syncedMsAgo ?? 0
    assert.ok(ago >= 3900 && ago < 5000, `${ago}`)
    const { unreachable, ...datapath } = status.datapath
    assert.deepEqual(datapath, { repaired: 3, errors: ['bridge: not found'] })
    assert.deepEqual([unreachable[0]?.name, unreachable[0]?.key], ['host3', silent])
    assert.ok((unreachable[0]?.forMs ?? 0) >= 8990)
    assert.deepEqual(status.conditions, [
      {
        ...{ scope: 'host', kind: 'host', text: 'name taken', remedy: 'docker network rm web' },
        ...{ objects: [], commands: [], since: '', host: 'host1' },
      },
    ])
  })

  it('tells who has a write, and waits for those within reach', async () => {
    const [host2, host3] = [await peer.admit('host2'), await peer.admit('host3')]
    const self = peer.deps.replica.self
    const url = `/api/v1/writes/${self}/1`
    peer.whoHas = [{ have: [], missing: [host2] }]
    assert.deepEqual((await api.call('GET', url)).json(), {
      have: ['host1'],
      missing: ['host2'],
      unreachable: ['host3'],
    })
    peer.whoHas = [
      { have: [], missing: [host2, host3] },
      { have: [host2, host3], missing: [] },
    ]
    const { have } = (await api.call('GET', `${url}?waitMs=5000`)).json() as WriteJson
    assert.deepEqual(have, ['host1', 'host2', 'host3'])
    assert.equal((await api.call('GET', `${url}?waitMs=8001`)).status, 400)
    assert.equal((await api.call('GET', `/api/v1/writes/${self}/0`)).status, 400)
    assert.equal((await api.call('GET', '/api/v1/writes/nobody/1')).status, 404)
  })
})
