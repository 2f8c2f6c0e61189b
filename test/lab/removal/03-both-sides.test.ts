import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import { assertAgree } from '../acceptance/cli.ts'
import { createNetworks } from '../like-docker/mesh.ts'
import { assertReaches, eventually, runContainer, useLab } from '../support/index.ts'
import { meshConditions, outOfReach, peers, removals, skein, trySkein } from './hosts.ts'

/** Whom the removal of this host waits for, as the host's peer sees it. */
async function waitsFor(host: LabHost, name: string): Promise<string[]> {
  const removal = (await peers(host)).find(peer => peer.name === name)?.removal
  assert.equal(removal?.state, 'pending', `${host.name}: ${name} is to leave`)
  return [...removal.waitingFor].sort()
}

describe('removal: from both sides of a split', function () {
  this.timeout(150_000)
  const lab = useLab({ own: true, hosts: 4, clean: false })
  let hosts: [LabHost, LabHost, LabHost, LabHost]

  before(async () => {
    const [one, two, three, four] = lab().hosts()
    assert.ok(one && two && three && four)
    hosts = [one, two, three, four]
    await createNetworks(hosts, { web: '10.1.2.0/24' })
    await lab().split(['1 2', '3 4'])
    await Promise.all([
      outOfReach(one, 'host3', 'host4'),
      outOfReach(two, 'host3', 'host4'),
      outOfReach(three, 'host1', 'host2'),
      outOfReach(four, 'host1', 'host2'),
    ])
  })

  it('is lifted on the host where it was started, and only there', async () => {
    const [one, two] = hosts
    await skein(one, 'peer', 'rm', 'host4')
    await eventually(async () => assert.deepEqual(await waitsFor(two, 'host4'), ['host3']))
    assert.match(await skein(one, 'status'), /removal of host4 was started on host1, and waits for host3/)
    assert.match(await skein(two, 'peer', 'ls'), /^host4 +\S+ +leaving: waits for host3 /m)
    const elsewhere = await trySkein(two, 'peer', 'rm', '--cancel', 'host4')
    assert.match(elsewhere.stderr, /started on host1: run there: skein peer rm --cancel host4$/m)
    const second = await trySkein(two, 'peer', 'rm', 'host3')
    assert.match(second.stderr, /the removal of host4 is not decided yet/)
    await skein(one, 'peer', 'rm', '--cancel', 'host4')
    await eventually(async () => {
      for (const host of [one, two]) assert.deepEqual([await removals(host), await meshConditions(host)], [[], []])
    })
    await assertAgree([one, two], 5_000)
  })

  it('two that name each other’s starter: neither is effective before the heal, one after it, on all', async () => {
    const [one, two, three, four] = hosts
    await skein(one, 'peer', 'rm', 'host3', '--host-is-down')
    await skein(three, 'peer', 'rm', 'host1', '--host-is-down')
    await eventually(async () => {
      for (const host of [one, two]) assert.deepEqual(await waitsFor(host, 'host3'), ['host4'])
      for (const host of [three, four]) assert.deepEqual(await waitsFor(host, 'host1'), ['host2'])
    })
    for (const host of hosts) {
      assert.ok(!(await removals(host)).some(line => line.endsWith(' removed')), `${host.name}: nobody is out yet`)
    }
    await lab().heal()
    const [gone] = await eventually(
      async () => {
        const [line, ...more] = await removals(two)
        assert.deepEqual([line?.replace(/^\S+ /, ''), more], ['removed', []])
        return [line?.replace(/ .*/, '')]
      },
      { timeoutMs: 30_000 },
    )
    // host1 asserted first, so that host3 is out, whatever it asserted itself
    assert.equal(gone, 'host3')
    const staying = [one, two, four]
    await eventually(
      async () => {
        for (const host of staying) {
          assert.deepEqual(await removals(host), ['host3 removed'], host.name)
          assert.deepEqual(await meshConditions(host), [], host.name)
        }
      },
      { timeoutMs: 20_000 },
    )
    await assertAgree(staying, 10_000)
    const [from, to] = [await runContainer(four, 'web', 'c4'), await runContainer(two, 'web', 'c2')]
    await eventually(() => assertReaches(from, to.ip))
  })
})
