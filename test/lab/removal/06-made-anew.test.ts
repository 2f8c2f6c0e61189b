import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import type { LabHost } from '../../../lab/index.ts'
import { doubled, heldOn } from '../../soak/addresses.ts'
import { status, three } from '../acceptance/cli.ts'
import { assertWhole, copyData, fenced, refusedRun, restoreData } from '../rollback/hosts.ts'
import { assertReaches, type Container, eventually, pingDuring, useLab } from '../support/index.ts'
import { fillUp, meshConditions, outOfReach, peers, removals, skein, small, startSmall, trySkein } from './hosts.ts'

describe('removal: without an assertion, of a host that is made anew without its data directory', function () {
  this.timeout(120_000)
  const lab = useLab({ own: true, hosts: 3, clean: false })
  let hosts: [LabHost, LabHost, LabHost]
  let old = ''
  let copy = ''
  const running: Container[] = []

  before(async () => {
    hosts = three(lab().hosts())
    running.push(...(await startSmall(hosts)))
  })

  it('joins under its old name; nobody uses what its former key had, and all hosts name the command', async () => {
    const [one, two, three3] = hosts
    old = (await peers(one)).find(({ name }) => name === 'host3')?.key.slice(0, 12) ?? ''
    await three3.stopPeer()
    copy = copyData(three3)
    rmSync(three3.dataDir, { recursive: true })
    await Promise.all([outOfReach(one, 'host3'), outOfReach(two, 'host3')])
    await skein(one, 'peer', 'rm', 'host3')
    await eventually(async () => assert.deepEqual(await removals(two), ['host3 quarantined']))
    await three3.startPeer()
    await skein(three3, 'join', await skein(one, 'peer', 'invite'))
    await eventually(async () => assert.ok((await status(three3)).self.settled), { timeoutMs: 15_000 })
    for (const host of hosts) {
      await eventually(async () =>
        assert.deepEqual(await meshConditions(host), [
          `removed-unasserted: host3 (key ${old}) was removed and may still be running: nobody uses its addresses`,
        ]),
      )
      const remedy = `if no machine has its data directory any more, on host3: skein peer rm ${old} --key-is-lost`
      assert.ok((await skein(host, 'status')).includes(remedy), host.name)
    }
    const refused = await trySkein(one, 'peer', 'rm', old, '--host-is-down')
    assert.match(refused.stderr, new RegExp(`on host3: skein peer rm ${old} --key-is-lost$`, 'm'))
  })

  it('says itself that its former key is lost: its containers run on, all addresses can be used, none twice', async () => {
    const [one, two, three3] = hosts
    const [near, kept] = running
    assert.ok(near && kept)
    // settled comes first, the records of what runs there (R5) a moment later
    await eventually(() => assertReaches(near, kept.ip))
    const { sent, lost } = await pingDuring(near, kept.ip, async () => {
      await skein(three3, 'peer', 'rm', old, '--key-is-lost')
      for (const host of hosts) await eventually(async () => assert.deepEqual(await meshConditions(host), []))
    })
    assert.ok(sent > 0)
    assert.deepEqual(lost, [], `lost of ${sent}`)
    running.push(...(await fillUp([one, two, three3], 'small', 'new')))
    assert.deepEqual(running.map(({ ip }) => ip).sort(), small.usable)
    const placed = running.map(({ name, ip, host }) => `${name} ${ip} on ${host.name}`)
    await assertWhole(hosts, 'small', placed)
    const held = await Promise.all(hosts.map(heldOn))
    assert.deepEqual(doubled(held.flatMap(each => each ?? [])), [])
    await eventually(() => assertReaches(near, kept.ip))
  })

  it('a copy of the former data directory that turns up there hands out nothing, also cut off from all', async () => {
    const [, , three3] = hosts
    await lab().split(['1 2', '3'])
    await three3.stopPeer()
    restoreData(three3, copy)
    await three3.startPeer()
    assert.match(await fenced(three3), /another key since this data directory was copied/)
    assert.match(await refusedRun(three3, 'small'), /skein/)
  })
})
