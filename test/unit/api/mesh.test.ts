import assert from 'node:assert/strict'
import type { NetworkJson, WriteJson } from '../../../src/api/types.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer } from '../../support/memory-peer.ts'
import { runCli } from '../cli/fixture.ts'
import { depsOf, startTestApi, type TestApi } from './fixture.ts'

const url = '/api/v1/networks/default:web/'
const body = { subnet: '10.1.2.0/24' }

describe('api: two peers', () => {
  const hub = new MemoryHub()
  let peers: MemoryPeer[] = []
  let apis: TestApi[] = []

  beforeEach(async () => {
    const first = await foundPeer(hub, 'host1')
    const second = await joinPeer(hub, 'host2', first)
    peers = [first, second]
    await Promise.all(
      peers.map(peer => peer.replica.waitFor(view => view.members().filter(m => m.settled).length === 2, 3000)),
    )
    apis = await Promise.all(
      peers.map(({ replica, mesh }) => startTestApi({ deps: depsOf(replica, { connected: () => mesh.connected() }) })),
    )
  })
  afterEach(async () => {
    hub.heal()
    await Promise.all(apis.map(api => api.stop()))
    await Promise.all(peers.map(peer => peer.stop()))
  })

  const on = (host: 1 | 2) => apis[host - 1] as TestApi

  it('shows on one what was created on the other, and who has the write', async () => {
    const created = await on(1).call('POST', url, { body })
    const dot = created.headers['skein-dot']
    const reach = (await on(1).call('GET', `/api/v1/writes/${dot}?waitMs=3000`)).json() as WriteJson
    assert.deepEqual(reach, { have: ['host1', 'host2'], missing: [], unreachable: [] })
    assert.deepEqual(
      ((await on(2).call('GET', '/api/v1/networks')).json() as NetworkJson[]).map(network => network.key),
      ['default:web'],
    )
    assert.equal(((await on(2).call('POST', url, { body })).json() as { existed: boolean }).existed, true)
  })

  it('makes one network of equal requests that arrive together', async () => {
    const answers = await Promise.all([1, 2, 1, 2].map(host => on(host as 1 | 2).call('POST', url, { body })))
    assert.deepEqual(
      answers.map(answer => answer.status),
      [200, 200, 200, 200],
    )
    await Promise.all(peers.map(peer => peer.replica.syncNow(1000)))
    for (const peer of peers) assert.equal(peer.replica.view.networks().length, 1)
  })

  it('says through the CLI who is out of reach', async () => {
    hub.split([peers[0]?.signer.key as string], [peers[1]?.signer.key as string])
    const { stdout, stderr } = await runCli('skein', ['tenant', 'create', '--wait', 'blue'], {
      SKEIN_HOST: on(1).socketPath,
    })
    assert.equal(stdout, 'tenant blue created\n')
    assert.equal(stderr, '1 of 2 members have it; out of reach: host2\n')
  })
})
