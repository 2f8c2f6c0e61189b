import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { ask, type LabHost } from '../../../lab/index.ts'
import { pathInNode } from '../../../lab/node.ts'
import { assertReaches, docker, eventually, meshNetworks, runContainer, useLab } from '../support/index.ts'
import { netctl, status, three } from './cli.ts'

/** Milliseconds until the plugin answers, from the start of the process on. */
async function pluginAnswers(host: LabHost): Promise<number> {
  const begun = performance.now()
  const started = host.startPeer()
  const socket = pathInNode(host.name, '/run/docker/plugins/mesh.sock')
  await eventually(
    async () => {
      const { text } = await ask(socket, 'POST', '/Plugin.Activate')
      assert.match(text, /"NetworkDriver","IpamDriver"/)
    },
    { intervalMs: 10 },
  )
  const ms = performance.now() - begun
  await started
  return ms
}

describe('the peer: start, stop, sockets', function () {
  this.timeout(120_000)
  const lab = useLab({ own: true })

  it('starts without Docker and without neighbours, and its plugin answers within 1 s', async () => {
    const [one, two, three3] = three(lab().hosts())
    await Promise.all([one, two, three3].map(host => host.stopPeer()))
    await one.stopEngine()
    const ms = await pluginAnswers(one)
    assert.ok(ms < 1000, `answered after ${Math.round(ms)} ms`)
    await netctl(one, 'net', 'create', '--subnet=10.1.2.0/24', 'contiv-net')
    await one.startEngine()
    await eventually(async () => assert.deepEqual(await meshNetworks(one), ['contiv-net']))
    await Promise.all([two, three3].map(host => host.startPeer()))
    await eventually(async () => assert.deepEqual(await meshNetworks(three3), ['contiv-net']))
    const c1 = await runContainer(one, 'contiv-net', 'c1')
    const c3 = await runContainer(three3, 'contiv-net', 'c3')
    await assertReaches(c1, c3.ip)
  })

  it('leaves the data path running on SIGTERM, and takes its sockets away', async () => {
    const [one, two] = three(lab().hosts())
    await netctl(one, 'net', 'create', '--subnet=10.1.2.0/24', 'contiv-net')
    for (const host of [one, two])
      await eventually(async () => assert.deepEqual(await meshNetworks(host), ['contiv-net']))
    const c1 = await runContainer(one, 'contiv-net', 'c1')
    const c2 = await runContainer(two, 'contiv-net', 'c2')
    await Promise.all([one.stopPeer(), two.stopPeer()])
    await assertReaches(c1, c2.ip)
    assert.notEqual((await one.exec(['test', '-e', '/run/docker/plugins/mesh.sock'])).code, 0)
    const { code, stderr } = await one.exec(['netctl', 'net', 'ls'])
    assert.equal(code, 7)
    assert.match(stderr, /cannot reach skeind/)
    await Promise.all([one.startPeer(), two.startPeer()])
  })

  it('serves its API to root and its group alone, and over HTTP on loopback only', async () => {
    const [one] = three(lab().hosts())
    assert.equal(statSync(one.apiSocket).mode & 0o777, 0o660)
    const refused = await one.exec([
      'skeind',
      '--api-listen',
      `${one.address}:9999`,
      '--vxlan-port',
      'x',
      '--data-dir',
      '/tmp/no',
    ])
    assert.equal(refused.code, 2)
    assert.match(refused.stderr, /loopback/)
    assert.match(refused.stderr, /vxlan-port/)
    await one.stopPeer()
    await one.startPeer({ arguments: ['--api-listen', '127.0.0.1:9999'] })
    assert.match((await one.exec(['netctl', '--netmaster', 'http://127.0.0.1:9999', 'net', 'ls'])).stdout, /^Tenant/)
    assert.match(
      (await one.exec(['env', 'NETMASTER=http://127.0.0.1:9999', 'netctl', 'version'])).stdout,
      /Server Version/,
    )
  })

  it('speaks HTTP as Contiv does: paths, JSON, status codes', async () => {
    const [one] = three(lab().hosts())
    const send = (method: string, path: string, body?: object) => ask(one.apiSocket, method, path, body ? { body } : {})
    const created = await send('POST', '/api/v1/networks/default:web/', {
      key: 'default:web',
      tenantName: 'default',
      networkName: 'web',
      nwType: 'data',
      encap: 'vxlan',
      subnet: '10.8.0.0/24',
    })
    assert.equal(created.status, 200)
    const [network] = JSON.parse((await send('GET', '/api/v1/networks/')).text) as Record<string, unknown>[]
    assert.deepEqual(
      [network?.key, network?.subnet, network?.encap, network?.pktTag ?? 0],
      ['default:web', '10.8.0.0/24', 'vxlan', 0],
    )
    const inspected = JSON.parse((await send('GET', '/api/v1/inspect/networks/default:web/')).text) as {
      Oper: Record<string, unknown>
    }
    assert.equal(inspected.Oper.availableIPAddresses, '10.8.0.1-10.8.0.254')
    assert.equal((await send('GET', '/api/v1/networks/default:ghost/')).status, 404)
    assert.equal(
      (
        await send('POST', '/api/v1/networks/default:bad/', {
          key: 'default:bad',
          tenantName: 'default',
          networkName: 'bad',
          subnet: '10.8.0.0/16',
        })
      ).status,
      409,
    )
    assert.equal(
      (
        await send('POST', '/api/v1/networks/blue:bad/', {
          key: 'blue:bad',
          tenantName: 'blue',
          networkName: 'bad',
          subnet: '10.9.0.0/16',
        })
      ).status,
      404,
    )
  })

  it('says how many of the members have a write, and waits for those within reach', async () => {
    const [one, , three3] = three(lab().hosts())
    const waited = await one.exec(['skein', 'tenant', 'create', 'blue', '--wait'])
    assert.equal(waited.code, 0, waited.stderr)
    assert.match(waited.stderr, /3 of 3 members have it/)
    await three3.stopPeer()
    await eventually(async () => {
      const seen = (await status(one)).members.find(member => member.name === 'host3')
      assert.equal(seen?.connected, false)
    })
    const { stderr } = await one.exec(['skein', 'tenant', 'create', 'red'])
    assert.match(stderr, /2 of 3 members have it; out of reach: host3/)
    assert.equal(
      (await one.exec(['netctl', 'tenant', 'create', 'green'])).stderr,
      `INFO[0000] ${'Creating tenant: green'.padEnd(41)}\n`,
    )
    await three3.startPeer()
    await docker(one, 'network', 'ls')
  })
})
