import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { runCli } from '../cli/fixture.ts'
import { agree, createWeb, type Host, ipOf, meshOf } from '../ipam/fixture.ts'
import { depsOf, startTestApi, type TestApi } from './fixture.ts'

const protocol = '/skein/api/1'

describe('api: reservations for any host, asked of any host', () => {
  const hub = new MemoryHub()
  let hosts: Host[] = []
  let apis: TestApi[] = []
  let web = ''

  beforeEach(async () => {
    hosts = await meshOf(hub, 3)
    web = await createWeb(hosts, '10.1.2.0/28')
    apis = await Promise.all(
      hosts.map(async ({ replica, mesh, ipam }) => {
        const ask = (to: string, bytes: Uint8Array, limitMs: number) => mesh.request(to, protocol, bytes, limitMs)
        const relay = { ask, handle: (answer: Parameters<typeof mesh.handle>[1]) => mesh.handle(protocol, answer) }
        const api = await startTestApi()
        api.api.serve(depsOf(replica, { ipam, relay, connected: () => mesh.connected() }))
        return api
      }),
    )
  })
  afterEach(async () => {
    hub.heal()
    await Promise.all(apis.map(api => api.stop()))
    await Promise.all(hosts.map(host => host.stop()))
  })

  const at = (n: number) => hosts[n - 1] as Host
  const skein = (n: number, line: string) => runCli('skein', line.split(' '), { SKEIN_HOST: apis[n - 1]?.socketPath })

  it('moves the address to the named host, says so twice, lists it, and releases it from a third', async () => {
    const ip = '10.1.2.5'
    assert.deepEqual(await skein(1, `ip reserve web ${ip} --peer host3`), {
      code: 0,
      stdout: `${ip} of default:web is reserved for host3\n`,
      stderr: '3 of 3 members have it\n',
    })
    await agree(hosts)
    for (const host of hosts) assert.equal(host.replica.view.reservedBy(web, ipOf(ip)), at(3).signer.key)
    const key = at(3).signer.key.slice(0, 12)
    assert.match((await skein(2, `ip reserve web ${ip} --peer ${key}`)).stdout, /is already reserved for host3/)
    assert.match((await skein(2, 'ip ls web')).stdout, /^reserved: 10\.1\.2\.5 for host3$/m)
    assert.match((await skein(2, `ip release web ${ip}`)).stdout, /is reserved for host3 no longer/)
    await agree(hosts)
    assert.match((await skein(1, `ip release web ${ip}`)).stdout, /is not reserved/)
    assert.deepEqual(at(1).replica.view.reserved(web), [])
  })

  it('in a split says whom it cannot reach, and reserves nothing', async () => {
    hub.split([at(1).signer.key, at(2).signer.key], [at(3).signer.key])
    const { code, stderr } = await skein(1, 'ip reserve web 10.1.2.5 --peer host3')
    assert.match(stderr, /^Error: host3 is out of reach of host1: .*skein peer ls\n$/)
    assert.notEqual(code, 0)
    assert.deepEqual(at(1).replica.view.reserved(web), [])
  })

  it('refuses what is no address, no network, no host, none of the network', async () => {
    for (const [line, text] of [
      ['ip reserve web 10.1.2 --peer host3', /is invalid: write it like 10\.1\.2\.3/],
      ['ip reserve nets 10.1.2.5 --peer host3', /nets/],
      ['ip reserve web 10.1.2.5 --peer host9', /no member is called host9/],
      ['ip reserve web 10.9.9.9 --peer host3', /10\.9\.9\.9/],
    ] as const) {
      const { code, stderr } = await skein(1, line)
      assert.notEqual(code, 0, line)
      assert.match(stderr, text)
      assert.equal(stderr.trim().split('\n').length, 1)
    }
    assert.deepEqual(at(3).replica.view.reserved(web), [])
  })
})
