import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { type LabHost, membersReady } from '../../../lab/index.ts'
import { three } from '../acceptance/cli.ts'
import { createNetworks } from '../like-docker/mesh.ts'
import { peers, skein } from '../removal/hosts.ts'
import { type Container, eventually, meshNetworks, runContainer, useLab } from '../support/index.ts'
import { assertWhole, conditionsOf, copyData, fenced, refusedRun, restoreData, statusOf, witnessOf } from './hosts.ts'

describe('rollback: two hosts of three, to before they knew the third', function () {
  this.timeout(120_000)
  const lab = useLab({ own: true, hosts: 3, peers: false, clean: false })
  let hosts: [LabHost, LabHost, LabHost]
  let copies: string[]
  const running: Container[] = []

  before(async () => {
    hosts = three(lab().hosts())
    const [one, two, last] = hosts
    await one.startPeer()
    await two.startPeer({ join: await one.invite() })
    await createNetworks([one, two], { web: '10.1.2.0/24' })
    await Promise.all([one, two].map(host => host.stopPeer()))
    copies = [one, two].map(host => copyData(host))
    await Promise.all([one, two].map(host => host.startPeer()))
    await last.startPeer({ join: await one.invite() })
    await membersReady(['host1', 'host2', 'host3'], 30_000)
    await eventually(async () => assert.ok((await meshNetworks(last)).includes('web')))
    running.push(await runContainer(last, 'web', 'third'))
  })

  it('they are told by the third, whom neither of them knows, and know it again', async () => {
    const [one, two] = hosts
    await Promise.all([one, two].map(host => host.stopPeer()))
    ;[one, two].forEach((host, i) => {
      restoreData(host, copies[i] ?? '')
      rmSync(witnessOf(host), { recursive: true })
    })
    await lab().split(['1 2 outside', '3'])
    await Promise.all([one, two].map(host => host.startPeer()))
    await eventually(async () =>
      assert.ok((await peers(one)).some(({ name, connected }) => name === 'host2' && connected)),
    )
    running.push(await runContainer(one, 'web', 'first'))
    assert.deepEqual(
      (await peers(one)).map(({ name }) => name),
      ['host1', 'host2'],
    )
    await lab().heal()
    for (const host of [one, two]) {
      assert.match(await fenced(host), /older than what other members hold of it/)
      await eventually(async () => assert.ok((await peers(host)).some(({ name }) => name === 'host3')))
      assert.match(await refusedRun(host, 'web'), /run skein peer rejoin/)
    }
    await eventually(async () => {
      const [first, ...others] = await Promise.all(
        hosts.map(async host => (await conditionsOf(host)).filter(text => text.startsWith('writer-forked'))),
      )
      assert.ok(
        first?.some(text => text.includes(`${running[1]?.ip} (first)`)),
        first?.join(),
      )
      for (const other of others) assert.deepEqual(other, first)
    })
  })

  it('and come back, by what the conditions say: the third alone is no majority', async () => {
    const [one, two, last] = hosts
    const remedyOf = (kind: string) =>
      eventually(async () => {
        const { conditions } = await statusOf(last)
        const found = conditions.find(condition => condition.kind === kind)
        return found?.remedy ?? assert.fail(`${kind} is not shown: ${conditions.map(each => each.text).join('; ')}`)
      })
    const [former = '', other = ''] = await Promise.all(
      [one, two].map(async host => (await statusOf(host)).self.key.slice(0, 12)),
    )
    for (const host of [one, two]) assert.match(await skein(host, 'peer', 'rejoin'), /^back in mesh /)
    const [, cancel = ''] = /on host3: skein (peer rm --cancel [^ ;]+)/.exec(await remedyOf('removal-pending')) ?? []
    assert.equal(cancel, `peer rm --cancel ${former}`)
    await skein(last, ...cancel.split(' '))
    const remedy = `skein peer rm ${[former, other].sort().join(' ')} --host-is-down --and-who-joined-through-it`
    assert.equal(await remedyOf('succeeded'), remedy)
    await skein(last, ...remedy.split(' ').slice(1))
    await membersReady(['host1', 'host2', 'host3'], 30_000)
    await assertWhole(
      hosts,
      'web',
      running.map(({ name, ip, host }) => `${name} ${ip} on ${host.name}`),
    )
    running.push(await runContainer(two, 'web', 'second'))
  })
})
