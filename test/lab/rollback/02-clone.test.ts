import assert from 'node:assert/strict'
import { cpSync, rmSync } from 'node:fs'
import type { LabHost } from '../../../lab/index.ts'
import { doubled, heldOn } from '../../soak/addresses.ts'
import { status, three } from '../acceptance/cli.ts'
import { createNetworks } from '../like-docker/mesh.ts'
import { peers, skein, trySkein } from '../removal/hosts.ts'
import {
  assertReaches,
  type Container,
  eventually,
  meshNetworks,
  pingDuring,
  runContainer,
  useLab,
} from '../support/index.ts'
import { assertWhole, conditionsOf, fenced, refusedRun } from './hosts.ts'

describe('rollback: a data directory is started on two machines', function () {
  this.timeout(120_000)
  const lab = useLab({ own: true, hosts: 3, clean: false })
  let hosts: [LabHost, LabHost, LabHost]
  let four: LabHost
  let near: Container
  const web: Container[] = []
  const db: Container[] = []

  const placed = (containers: readonly Container[]) =>
    containers.map(({ name, ip, host }) => `${name} ${ip} on ${host.name}`)

  before(async () => {
    hosts = three(lab().hosts())
    await createNetworks(hosts, { web: '10.1.2.0/24', db: '10.1.3.0/24' })
    near = await runContainer(hosts[0], 'web', 'near')
    for (const name of ['kept', 'other']) web.push(await runContainer(hosts[2], 'web', name))
    web.push(near)
    four = await lab().addHost({ peer: false })
  })

  /** Gives the fourth host what is in the directory of the third, whose peer stops for that. Then splits the hosts, if asked to. */
  async function copyOver(groups?: readonly string[]): Promise<void> {
    const [, , three3] = hosts
    await three3.stopPeer()
    rmSync(four.dataDir, { recursive: true, force: true })
    cpSync(three3.dataDir, four.dataDir, { recursive: true })
    if (groups) await lab().split(groups)
    await three3.startPeer()
    await eventually(async () =>
      assert.ok((await peers(three3)).some(({ name, connected }) => connected && name === 'host1')),
    )
  }

  /** Traffic of the original's containers with each other and with another host: not one packet is lost. */
  async function undisturbed(work: () => Promise<void>): Promise<void> {
    const [kept, other] = web
    assert.ok(kept && other)
    const results: { sent: number; lost: number[] }[] = []
    results.push(
      await pingDuring(kept, other.ip, async () => {
        results.push(await pingDuring(near, kept.ip, work))
      }),
    )
    for (const { sent, lost } of results) {
      assert.ok(sent > 0)
      assert.deepEqual(lost, [], `lost of ${sent}`)
    }
  }

  it('on a machine with another id it writes nothing from the start, and the original works on', async () => {
    const [one, , three3] = hosts
    await copyOver()
    await undisturbed(async () => {
      await four.startPeer()
      assert.match(await fenced(four), /data directory was copied from another machine: .*skein join TOKEN/)
      const refused = await trySkein(four, 'peer', 'rejoin')
      assert.match(refused.stderr, /skein join TOKEN\n$/)
      web.push(await runContainer(three3, 'web', 'beside'))
    })
    await assertReaches(near, web.at(-1)?.ip ?? '')
    await four.stopPeer()
    await assertWhole(hosts, 'web', placed(web))
    assert.deepEqual(await conditionsOf(one), [])
  })

  it('with the same id and on the other side of a split, both are fenced after it, and all hosts name every address', async () => {
    const [, , three3] = hosts
    await copyOver(['1 3', '2 4'])
    await undisturbed(async () => {
      await four.startPeer({ arguments: ['--name', 'host3', '--machine-id', 'host3'] })
      await eventually(async () => assert.ok((await meshNetworks(four)).includes('db')))
      db.push(await runContainer(four, 'db', 'copied'))
      web.push(await runContainer(three3, 'web', 'original'))
      await lab().heal()
      await Promise.all([fenced(three3), fenced(four)])
      await eventually(
        async () => {
          const all = [...hosts, four]
          const [first, ...others] = await Promise.all(
            all.map(async host => (await conditionsOf(host)).filter(text => text.startsWith('writer-forked'))),
          )
          assert.equal(first?.length, 1)
          for (const { name, ip, host } of [...web, ...db]) {
            if (host !== near.host) assert.ok(first[0]?.includes(`${ip} (${name})`), `${name}: ${first[0]}`)
          }
          for (const other of others) assert.deepEqual(other, first)
        },
        { timeoutMs: 20_000 },
      )
    })
    for (const host of [three3, four]) assert.match(await refusedRun(host, 'web'), /skein join TOKEN/)
  })

  it('the commands that the condition names make two hosts of it', async () => {
    const [one, , three3] = hosts
    const remedy = /on each of the two: skein join TOKEN, and then: skein (peer rm \S+ --host-is-down)/
    const said = await skein(one, 'status')
    const [, removal = ''] = remedy.exec(said) ?? assert.fail(said)
    // what an administrator does with a copied machine
    await four.stopPeer()
    await four.startPeer()
    const token = await skein(one, 'peer', 'invite', '--uses', '2')
    for (const host of [three3, four]) await skein(host, 'join', token)
    for (const host of [three3, four]) {
      await eventually(async () => assert.ok((await status(host)).self.settled), { timeoutMs: 15_000 })
    }
    await skein(one, ...removal.split(' '))
    const all = [...hosts, four]
    await assertWhole(all, 'web', placed(web))
    await assertWhole(all, 'db', placed(db))
    web.push(await runContainer(three3, 'web', 'fresh3'), await runContainer(four, 'web', 'fresh4'))
    await assertWhole(all, 'web', placed(web))
    const held = await Promise.all(all.map(heldOn))
    assert.deepEqual(doubled(held.flatMap(each => each ?? [])), [])
    for (const { host, ip } of web) if (host !== near.host) await eventually(() => assertReaches(near, ip))
  })
})
