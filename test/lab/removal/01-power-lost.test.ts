import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import { assertAgree, status, three } from '../acceptance/cli.ts'
import { createNetworks, places } from '../like-docker/mesh.ts'
import {
  type Container,
  docker,
  eventually,
  pingDuring,
  removeContainers,
  runContainer,
  useLab,
} from '../support/index.ts'
import { fillUp, meshConditions, outOfReach, removals, skein, trySkein } from './hosts.ts'

/** Every address of 10.1.2.0/29 that a container can have. */
const usable = [1, 2, 3, 4, 5, 6].map(last => `10.1.2.${last}`)

async function assertRemoval(hosts: readonly LabHost[], line: string, timeoutMs: number): Promise<void> {
  await eventually(
    async () => {
      for (const host of hosts) assert.ok((await removals(host)).includes(line), `${host.name}: ${line}`)
    },
    { timeoutMs },
  )
}

describe('removal: a host that lost its power for good, and one that may still run', function () {
  this.timeout(150_000)
  const lab = useLab({ own: true, hosts: 3, clean: false })
  let hosts: [LabHost, LabHost, LabHost]
  let four: LabHost
  let stays: Container[] = []
  let spare: Container
  let fourth: Container

  before(() => {
    hosts = three(lab().hosts())
  })

  it('is out within seconds: its endpoints and names go, and traffic between the others never stops', async () => {
    const [one, two, three3] = hosts
    await createNetworks(hosts, { small: '10.1.2.0/29' })
    stays = [await runContainer(one, 'small', 'stay1'), await runContainer(two, 'small', 'stay2')]
    await runContainer(three3, 'small', 'gone')
    const [stay1, stay2] = stays
    assert.ok(stay1 && stay2)
    await eventually(() => stay1.exec('nslookup', 'gone'))

    await three3.cutPower()
    await outOfReach(one, 'host3')
    await outOfReach(two, 'host3')
    const before = await trySkein(one, 'peer', 'rm', 'host2', '--host-is-down')
    assert.notEqual(before.code, 0)
    assert.match(before.stderr, /host2 is not down: host2 is connected/)
    const result = await pingDuring(stay1, stay2.ip, async () => {
      const begun = performance.now()
      await skein(one, 'peer', 'rm', 'host3', '--host-is-down')
      await assertRemoval([one, two], 'host3 removed', 10_000)
      process.stdout.write(`      effective everywhere after ${((performance.now() - begun) / 1000).toFixed(1)} s\n`)
      assert.ok(performance.now() - begun < 5_000, 'within seconds')
    })
    assert.ok(result.sent > 0)
    assert.deepEqual(result.lost, [])
    for (const host of [one, two]) {
      assert.deepEqual(await places(host, 'small'), stays.map(({ name, ip }) => `${name} ${ip}`).sort(), host.name)
      assert.deepEqual(await meshConditions(host), [])
      assert.match(await skein(host, 'peer', 'ls'), /^host3 +\S+ +removed /m)
    }
    const asked = await one.exec(['docker', 'exec', stay1.id, 'nslookup', 'gone'])
    assert.match(asked.stdout + asked.stderr, /NXDOMAIN/)
    await assertAgree([one, two], 5_000)
  })

  it('lets a new host in, and others have all its addresses', async () => {
    const [one, two] = hosts
    four = await lab().addHost({ via: '2' })
    await eventually(async () => assert.ok((await status(four)).self.settled))
    await eventually(() => docker(four, 'network', 'inspect', 'small'))
    fourth = await runContainer(four, 'small', 'on-four')
    const late = await fillUp([one, two, four], 'small', 'late')
    const ips = [...stays, fourth, ...late].map(({ ip }) => ip)
    assert.deepEqual(ips.sort(), usable)
    await assertAgree([one, two, four], 5_000)
    spare = late.at(-1) ?? assert.fail('a container more')
  })

  it('without an assertion its addresses are nobody’s, and a condition says so', async () => {
    const [one, two] = hosts
    await skein(one, 'peer', 'rm', 'host4')
    await assertRemoval([one, two], 'host4 quarantined', 10_000)
    for (const host of [one, two]) {
      assert.match(await skein(host, 'peer', 'ls'), /^host4 +\S+ +removed, may be running: addresses kept /m)
      assert.deepEqual(await meshConditions(host), [
        'removed-unasserted: host4 was removed and may still be running: nobody uses its addresses',
      ])
      assert.match(await skein(host, 'status'), /skein peer rm host4 --host-is-down/)
    }
    // its container runs on
    assert.equal(await docker(four, 'inspect', '-f', '{{.State.Running}}', fourth.id), 'true')
    const asked = await one.exec(
      ['docker', 'run', '-d', '--name', 'taken', '--net', 'small', '--ip', fourth.ip, 'alpine'],
      {
        timeoutMs: 20_000,
      },
    )
    assert.notEqual(asked.code, 0, `${fourth.ip} is not handed out: ${asked.stderr}`)
    await removeContainers(one, 'taken')
  })

  it('whoever asserts it later, on any host, sets them free', async () => {
    const [one, two] = hosts
    await four.cutPower()
    await skein(two, 'peer', 'rm', 'host4', '--host-is-down')
    await assertRemoval([one, two], 'host4 removed', 5_000)
    await eventually(async () => {
      for (const host of [one, two]) assert.deepEqual(await meshConditions(host), [])
    })
    if (spare.host.name !== 'host4') await removeContainers(spare.host, spare.name)
    // its heir lets it cool down (R7)
    const again = await eventually(
      () => runContainer(one, 'small', `again-${Date.now()}`, { args: ['--ip', fourth.ip] }),
      { timeoutMs: 45_000, intervalMs: 1000 },
    )
    assert.equal(again.ip, fourth.ip)
    await assertAgree([one, two], 5_000)
  })
})
