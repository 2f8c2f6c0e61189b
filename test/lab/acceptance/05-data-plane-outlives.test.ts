import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import { assertReaches, docker, eventually, meshNetworks, pingDuring, runContainer, useLab } from '../support/index.ts'
import { netctl, three } from './cli.ts'

/** What a restarted peer must leave as it is: devices by index, so that one made anew is seen. */
async function kernelState(host: LabHost): Promise<string> {
  const { stdout } = await host.exec(['ip', '-n', 'skein-default', '-o', 'link'])
  return stdout
    .split('\n')
    .map(line => line.split(':').slice(0, 2).join(':'))
    .join('\n')
}

async function twoContainers(hosts: readonly LabHost[]) {
  const [one, two] = three(hosts)
  await netctl(one, 'net', 'create', '--subnet=10.1.2.0/24', 'contiv-net')
  await eventually(async () => assert.deepEqual(await meshNetworks(two), ['contiv-net']))
  await eventually(async () => assert.deepEqual(await meshNetworks(one), ['contiv-net']))
  return [await runContainer(one, 'contiv-net', 'c1'), await runContainer(two, 'contiv-net', 'c2')] as const
}

describe('acceptance 5: the data plane outlives the peer', function () {
  this.timeout(120_000)
  const lab = useLab({ own: true })

  it('loses no packet when a peer is killed, and the restarted peer takes over without flushing', async () => {
    const [one] = three(lab().hosts())
    const [c1, c2] = await twoContainers(lab().hosts())
    const before = await kernelState(one)
    const result = await pingDuring(c1, c2.ip, async () => {
      await one.killPeer()
      // the redirect of names expires by itself
      await eventually(async () => assert.match(await c1.exec('nslookup', 'outside.lab'), /192\.168\.2\.254/), {
        timeoutMs: 6_000,
      })
      await one.startPeer()
      await eventually(async () => assert.equal((await one.exec(['skein', 'status'])).code, 0))
      await runContainer(one, 'contiv-net', 'c3')
    })
    assert.ok(result.sent > 10, `${result.sent} packets sent`)
    assert.deepEqual(result.lost, [])
    const after = await kernelState(one)
    for (const line of before.split('\n')) assert.ok(after.includes(line), `${line} is still there`)
    await assertReaches(c2, (await runContainer(one, 'contiv-net', 'c4')).ip)
  })

  it('removes nothing when a peer starts with an empty data directory', async () => {
    const [one] = three(lab().hosts())
    const [c1, c2] = await twoContainers(lab().hosts())
    await one.stopPeer()
    one.wipePeer()
    const before = await kernelState(one)
    const result = await pingDuring(c1, c2.ip, async () => {
      await one.startPeer()
      await eventually(async () => assert.equal((await one.exec(['skein', 'status'])).code, 0))
      // a network born in Docker is adopted by a pass over Docker, which has seen the leftovers too
      await docker(one, 'network', 'create', '-d', 'mesh', '--ipam-driver', 'mesh', '--subnet', '10.9.9.0/24', 'probe')
      await eventually(async () => assert.match(await netctl(one, 'net', 'ls'), /probe/))
    })
    assert.deepEqual(result.lost, [])
    const after = await kernelState(one)
    for (const line of before.split('\n')) assert.ok(after.includes(line), `${line} is still there`)
    assert.deepEqual(await meshNetworks(one), ['contiv-net', 'probe'])
    assert.match(await docker(one, 'ps', '--format', '{{.Names}}'), /c1/)
  })
})
