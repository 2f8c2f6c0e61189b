import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import type { LabHost } from '../../../lab/index.ts'
import { doubled, heldOn } from '../../soak/addresses.ts'
import { status } from '../acceptance/cli.ts'
import { createNetworks } from '../like-docker/mesh.ts'
import { assertWhole } from '../rollback/hosts.ts'
import { assertReaches, type Container, eventually, runContainer, useLab } from '../support/index.ts'
import { fillUp, outOfReach, peers, skein, small, trySkein } from './hosts.ts'

describe('removal: one of two hosts that is made anew without its data directory', function () {
  this.timeout(120_000)
  const lab = useLab({ own: true, hosts: 2, clean: false })
  let one: LabHost
  let two: LabHost
  let old = ''
  let near: Container
  let kept: Container

  before(async () => {
    const hosts = lab().hosts()
    assert.ok(hosts[0] && hosts[1])
    ;[one, two] = [hosts[0], hosts[1]]
    await createNetworks(hosts, { small: small.subnet })
    near = await runContainer(one, 'small', 'near')
    kept = await runContainer(two, 'small', 'kept')
    old = (await peers(one)).find(({ name }) => name === 'host2')?.key.slice(0, 12) ?? ''
  })

  it('waits for its former key; whatever is tried names the commands, and changes nothing', async () => {
    await two.stopPeer()
    rmSync(two.dataDir, { recursive: true })
    await outOfReach(one, 'host2')
    await two.startPeer()
    await skein(two, 'join', await skein(one, 'peer', 'invite'))
    await eventually(async () => assert.match(await skein(one, 'peer', 'ls'), /pending: waits for host2/))
    const command = `skein peer rm ${old} --host-is-down --and-who-joined-through-it`
    const way = `stop skeind on host2, on a settled host: ${command}, then start skeind on host2 again`
    for (const [host, flag] of [
      [two, '--key-is-lost'],
      [one, '--host-is-down'],
    ] as const) {
      const { code, stderr } = await trySkein(host, 'peer', 'rm', old, flag)
      assert.equal(code, 5)
      assert.ok(stderr.includes(way), stderr)
    }
    // two bear the name now
    assert.ok((await trySkein(one, 'peer', 'rm', old)).stderr.includes(command))
    assert.ok((await peers(one)).every(({ removal }) => !removal))
  })

  it('is settled once that is carried out; its container runs on, all addresses can be used, none twice', async () => {
    await two.stopPeer()
    await outOfReach(one, 'host2')
    await skein(one, 'peer', 'rm', old, '--host-is-down', '--and-who-joined-through-it')
    // nobody uses what its container has before it has said what runs there
    assert.match(await skein(one, 'peer', 'ls'), /leaving: waits for host2/)
    await two.startPeer()
    await eventually(async () => assert.ok((await status(two)).self.settled), { timeoutMs: 15_000 })
    await eventually(() => assertReaches(near, kept.ip))
    const running = [near, kept, ...(await fillUp([one, two], 'small', 'new'))]
    assert.deepEqual(running.map(({ ip }) => ip).sort(), small.usable)
    const placed = running.map(({ name, ip, host }) => `${name} ${ip} on ${host.name}`)
    await assertWhole([one, two], 'small', placed)
    const held = await Promise.all([one, two].map(heldOn))
    assert.deepEqual(doubled(held.flatMap(each => each ?? [])), [])
  })
})
