import assert from 'node:assert/strict'
import { cpSync, rmSync } from 'node:fs'
import type { LabHost } from '../../../lab/index.ts'
import { three } from '../acceptance/cli.ts'
import { createNetworks, endpointsOf } from '../like-docker/mesh.ts'
import { peers } from '../removal/hosts.ts'
import {
  assertReaches,
  type Container,
  eventually,
  meshNetworks,
  pingDuring,
  runContainer,
  useLab,
} from '../support/index.ts'
import { conditionsOf, fenced, refusedRun } from './hosts.ts'

describe('rollback: a copy with the same machine id, cut off from all', function () {
  this.timeout(180_000)
  const lab = useLab({ own: true, hosts: 3, clean: false })
  let hosts: [LabHost, LabHost, LabHost]
  let four: LabHost
  let near: Container
  let kept: Container
  const ofBoth: Container[] = []
  let far: Container

  const forks = async (host: LabHost) =>
    (await conditionsOf(host)).filter(condition => condition.startsWith('writer-forked'))

  const names = async (host: LabHost) => (await endpointsOf(host, 'web')).map(({ containerName }) => containerName)

  before(async () => {
    hosts = three(lab().hosts())
    await createNetworks(hosts, { web: '10.1.2.0/24', db: '10.1.3.0/24' })
    near = await runContainer(hosts[0], 'web', 'near')
    kept = await runContainer(hosts[2], 'web', 'kept')
    four = await lab().addHost({ peer: false })
  })

  it('all hosts learn of both histories, both machines are fenced, and no packet to the original is lost', async () => {
    const [one, , three3] = hosts
    await three3.stopPeer()
    rmSync(four.dataDir, { recursive: true, force: true })
    cpSync(three3.dataDir, four.dataDir, { recursive: true })
    await lab().split(['1 2 3', '4'])
    await three3.startPeer()
    const isBack = async () => (await peers(three3)).some(({ name, connected }) => connected && name === 'host1')
    await eventually(async () => assert.ok(await isBack()))
    const { sent, lost } = await pingDuring(near, kept.ip, async () => {
      await four.startPeer({ arguments: ['--name', 'host3', '--machine-id', 'host3'] })
      await eventually(async () => assert.ok((await meshNetworks(four)).includes('db')))
      ofBoth.push(kept, await runContainer(three3, 'web', 'original'))
      // both machines may hand the same address out first
      ofBoth.push(await runContainer(four, 'web', 'copied'), await runContainer(four, 'db', 'apart'))
      far = await runContainer(four, 'web', 'far')
      ofBoth.push(far)
      // its Docker lacks the container: half a minute later it takes it for gone
      await eventually(async () => assert.ok(!(await names(four)).includes('kept')), { timeoutMs: 60_000 })
      assert.ok((await names(one)).includes('kept'))
      assert.deepEqual(await forks(one), [], 'nobody knows yet')
      await lab().heal()
      await Promise.all([fenced(three3), fenced(four)])
      await eventually(async () => {
        const [first, ...others] = await Promise.all([...hosts, four].map(forks))
        assert.equal(first?.length, 1)
        for (const { name, ip } of ofBoth) assert.ok(first[0]?.includes(`${ip} (${name})`), `${name}: ${first[0]}`)
        for (const other of others) assert.deepEqual(other, first)
      })
      for (const host of [...hosts, four]) assert.ok((await names(host)).includes('kept'), host.name)
    })
    assert.ok(sent > 0)
    assert.deepEqual(lost, [], `lost of ${sent}`)
    for (const host of [three3, four]) assert.match(await refusedRun(host, 'web'), /skein join TOKEN/)
  })

  it('containers of both are reached from everywhere, from the other one too', async () => {
    const [, original] = ofBoth
    assert.ok(original && original.ip !== far.ip)
    for (const { ip } of [kept, original, far]) await eventually(() => assertReaches(near, ip))
    await eventually(() => assertReaches(far, near.ip))
    await eventually(() => assertReaches(kept, far.ip))
    await eventually(() => assertReaches(far, kept.ip))
  })
})
