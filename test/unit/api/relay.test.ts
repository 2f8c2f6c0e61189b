import assert from 'node:assert/strict'
import { findMember } from '../../../src/api/relay.ts'
import type { StatusJson } from '../../../src/api/types.ts'
import { decode, encode, type Plain } from '../../../src/lib/cbor.ts'
import { newSeed, signerOf } from '../../../src/lib/keys.ts'
import { MemoryHub, noWayBack } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer } from '../../support/memory-peer.ts'
import { runCli } from '../cli/fixture.ts'
import { depsOf, startTestApi, type TestApi } from './fixture.ts'

const protocol = '/skein/api/1'

describe('api: passing on', () => {
  const hub = new MemoryHub()
  let peers: MemoryPeer[] = []
  let apis: TestApi[] = []
  let joined: string[] = []
  let asked = 0

  beforeEach(async () => {
    const first = await foundPeer(hub, 'host1')
    peers = [first, await joinPeer(hub, 'host2', first)]
    await Promise.all(
      peers.map(peer => peer.replica.waitFor(view => view.members().filter(m => m.settled).length === 2, 3000)),
    )
    joined = []
    asked = 0
    apis = await Promise.all(
      peers.map(peer => startTestApi({ deps: undefined as never }).then(api => serve(peer, api))),
    )
  })
  afterEach(async () => {
    hub.heal()
    await Promise.all(apis.map(api => api.stop()))
    await Promise.all(peers.map(peer => peer.stop()))
  })

  function serve(peer: MemoryPeer, api: TestApi): TestApi {
    const { replica, mesh, name } = peer
    api.api.serve(
      depsOf(replica, {
        connected: () => mesh.connected(),
        relay: {
          ask(to, bytes, timeoutMs) {
            asked++
            return mesh.request(to, protocol, bytes, timeoutMs)
          },
          handle: answer => mesh.handle(protocol, answer),
        },
        admission: {
          invite: async ttlMs => `${name}-token-for-${ttlMs}`,
          leave: async () => undefined,
          rejoin: async () => undefined,
          join: async token => void joined.push(token),
        },
      }),
    )
    return api
  }

  const peer = (at: number) => peers[at] as MemoryPeer
  const skein = (...argv: string[]) => runCli('skein', argv, { SKEIN_HOST: (apis[0] as TestApi).socketPath })
  const call = (path: string, host: string, method = 'GET', body?: unknown) =>
    (apis[0] as TestApi).call(method, path, { headers: { 'Skein-Host': host }, ...(body ? { body } : {}) })

  it('asks the named member, by name or by key, and itself without the mesh', async () => {
    for (const host of ['host2', peer(1).signer.key.slice(0, 8), peer(1).signer.key]) {
      assert.equal(((await call('/api/v1/status', host)).json() as StatusJson).self.name, 'host2')
    }
    assert.equal(asked, 3)
    assert.equal(((await call('/api/v1/status', 'host1')).json() as StatusJson).self.name, 'host1')
    assert.equal(((await call('/api/v1/status', '')).json() as StatusJson).self.name, 'host1')
    assert.equal(asked, 3)
  })

  it('passes everything back as if asked there: writes, refusals, unknown paths', async () => {
    const created = await call('/api/v1/tenants/blue/', 'host2', 'POST', { tenantName: 'blue' })
    assert.equal(created.status, 200)
    assert.equal(
      created.headers['skein-dot'],
      `${peer(1).signer.key}/${String(created.headers['skein-dot']).split('/')[1]}`,
    )
    assert.match(String(created.headers['content-type']), /^application\/json/)
    const again = await call('/api/v1/tenants/blue/', 'host2', 'POST')
    assert.equal(again.headers['skein-existed'], 'true')
    const refused = await call('/api/v1/networks/blue:web/', 'host2', 'POST', { subnet: 'x' })
    assert.deepEqual([refused.status, refused.headers['skein-code']], [400, 'invalid'])
    assert.match(refused.text, /^subnet x is not an IPv4 prefix.*\n$/)
    assert.equal((await call('/api/v1/nothing', 'host2')).status, 404)
  })

  it('lets the command line do on any host what it does on another', async () => {
    assert.deepEqual(await skein('-H', 'host2', 'tenant', 'create', 'blue', '--wait'), {
      code: 0,
      stdout: 'tenant blue created\n',
      stderr: '2 of 2 members have it\n',
    })
    assert.equal((await skein('peer', 'invite', '--host=host2', '--ttl', '1m')).stdout, 'host2-token-for-60000\n')
    const status = await skein('-H', 'host2', 'status')
    assert.match(status.stdout, /^peer +host2 /)
  })

  it('takes no join from another host, on either side', async () => {
    const line = /^Error: host2 cannot be told from another host to join a mesh: run skein join on host2\n$/
    const { code, stderr } = await skein('-H', 'host2', 'join', 'token')
    assert.equal(code, 6)
    assert.match(stderr, line)
    assert.equal(asked, 0)
    const direct = await peer(0).mesh.request(
      peer(1).signer.key,
      protocol,
      message('POST', '/api/v1/join', '{"token":"x"}'),
      1,
    )
    assert.equal((decode(direct, 1e6) as Plain[])[1], 403)
    assert.deepEqual(joined, [])
  })

  it('says in one line why it cannot: unknown, ambiguous, out of reach', async () => {
    const unknown = await skein('-H', 'host9', 'status')
    assert.equal(unknown.code, 4)
    assert.match(unknown.stderr, /^Error: no member is called host9: see skein peer ls; .*\n$/)
    hub.split([peer(0).signer.key], [peer(1).signer.key])
    const away = await skein('-H', 'host2', 'status')
    assert.equal(away.code, 7)
    assert.equal(
      away.stderr,
      'Error: host2 is out of reach of host1: run this on host2, or see what is up with: skein peer ls\n',
    )
    const members = [
      { name: 'twin', key: 'abcd1'.padEnd(64, '0') },
      { name: 'twin', key: 'abcd2'.padEnd(64, '0') },
      { name: 'abcd1', key: 'f'.repeat(64) },
    ]
    const view = { members: () => members } as never
    assert.throws(() => findMember(view, 'twin'), {
      code: 'conflict',
      message: /2 .* -H abcd10000000 or -H abcd20000000$/,
    })
    assert.throws(() => findMember(view, 'abcd'), { code: 'conflict' })
    assert.throws(() => findMember(view, 'fff'), { code: 'not-found' })
    assert.equal(findMember(view, 'abcd1').key, 'f'.repeat(64))
    assert.equal(findMember(view, 'abcd2').name, 'twin')
  })

  it('answers members alone', async () => {
    const answer = peer(1).mesh.handler(protocol)
    await assert.rejects(
      async () => answer?.(signerOf(newSeed()).key, message('GET', '/api/v1/status', ''), noWayBack),
      {
        code: 'forbidden',
      },
    )
  })

  it('never passes on what was passed on', async () => {
    // the header has no place in a request; the third element is the whole address
    const bytes = encode([1, 'GET', '/api/v1/status', '', [['skein-host', 'host1']]])
    const [, status, , body] = decode(
      await peer(0).mesh.request(peer(1).signer.key, protocol, bytes, 1),
      1e6,
    ) as Plain[]
    assert.equal(status, 200)
    assert.equal((JSON.parse(body as string) as StatusJson).self.name, 'host2')
    assert.equal(asked, 0)
  })

  const malformed: [what: string, bytes: Uint8Array][] = [
    ['no CBOR', new Uint8Array([0xff])],
    ['another format', encode([2, 'GET', '/api/v1/status', ''])],
    ['another method', encode([1, 'TRACE', '/api/v1/status', ''])],
    ['no path', encode([1, 'GET', 'http://evil/', ''])],
    ['a long path', encode([1, 'GET', `/${'x'.repeat(3000)}`, ''])],
    ['no body', encode([1, 'GET', '/api/v1/status'])],
  ]
  for (const [what, bytes] of malformed) {
    it(`refuses a message with ${what}`, async () => {
      await assert.rejects(peer(0).mesh.request(peer(1).signer.key, protocol, bytes, 1), { code: 'invalid' })
    })
  }

  it('distrusts the answer too', async () => {
    const answers: Plain[] = [
      [1, 99, [], ''],
      [1, 200, [], 7],
      [2, 200, [], ''],
      [1, 200, [['set-cookie', 'x'], ['skein-dot', 'a\r\nb'], 'odd'], '{}'],
    ]
    for (const answer of answers) {
      peer(1).mesh.handle(protocol, async () => encode(answer))
      const { status, headers, text } = await call('/api/v1/status', 'host2')
      assert.deepEqual([headers['set-cookie'], headers['skein-dot']], [undefined, undefined])
      if (text !== '{}') assert.deepEqual([status, headers['skein-code']], [503, 'unavailable'])
    }
  })

  it('refuses an answer that is too large to be passed on, and says where to run it', async () => {
    const network = { kind: 'endpoint', network: '', mac: '02:02:00:00:00:01' } as const
    assert.equal((await call('/api/v1/networks/default:web/', 'host2', 'POST', { subnet: '10.0.0.0/16' })).status, 200)
    const id = peer(1).replica.view.networkByName('default', 'web')?.id as string
    for (let batch = 0; batch < 4; batch++) {
      await peer(1).replica.write(() =>
        Array.from({ length: 1000 }, (_, at) => {
          const ip = 0x0a000000 + batch * 1000 + at
          return { ...network, network: id, id: `${ip}`, ip, container: 'c'.repeat(64), containerName: '' }
        }),
      )
    }
    const large = await call('/api/v1/endpoints', 'host2')
    assert.deepEqual([large.status, large.headers['skein-code']], [501, 'unsupported'])
    assert.match(large.text, /^the answer of host2, \d+ bytes, is too large to be passed on: run this on host2\n$/)
  })
})

function message(method: string, url: string, body: string): Uint8Array {
  return encode([1, method, url, body])
}
