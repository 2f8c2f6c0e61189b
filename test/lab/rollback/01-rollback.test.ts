import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import type { LabHost } from '../../../lab/index.ts'
import { status, three } from '../acceptance/cli.ts'
import { createNetworks, places } from '../like-docker/mesh.ts'
import { outOfReach, peers, skein, trySkein } from '../removal/hosts.ts'
import {
  assertReaches,
  type Container,
  docker,
  eventually,
  inspect,
  pingDuring,
  runContainer,
  useLab,
} from '../support/index.ts'
import { assertWhole, conditionsOf, copyData, fenced, refusedRun, restoreData, witnessOf } from './hosts.ts'

describe('rollback: an old data directory is restored', function () {
  this.timeout(120_000)
  const lab = useLab({ own: true, hosts: 3, clean: false })
  let hosts: [LabHost, LabHost, LabHost]
  let near: Container
  const running: Container[] = []

  const placed = () => [near, ...running].map(({ name, ip, host }) => `${name} ${ip} on ${host.name}`)
  const start = async (name: string) => running.push(await runContainer(hosts[2], 'web', name))

  before(async () => {
    hosts = three(lab().hosts())
    await createNetworks(hosts, { web: '10.1.2.0/24' })
    near = await runContainer(hosts[0], 'web', 'near')
    await start('before')
  })

  /** Copies the data directory of the third host while its peer is stopped for a moment. */
  async function backUp(): Promise<string> {
    await hosts[2].stopPeer()
    const copy = copyData(hosts[2])
    await hosts[2].startPeer()
    await eventually(
      async () =>
        assert.ok((await peers(hosts[0])).every(({ connected, self, removal }) => connected || self || removal)),
      { timeoutMs: 15_000 },
    )
    return copy
  }

  /** Each container's traffic with the first host, both ways, while something goes on: not one packet is lost. */
  async function undisturbed(work: () => Promise<void>): Promise<void> {
    const pings = running.flatMap(each => [
      (inner: () => Promise<void>) => pingDuring(near, each.ip, inner),
      (inner: () => Promise<void>) => pingDuring(each, near.ip, inner),
    ])
    const [first, second] = [pings.at(0), pings.at(-1)]
    assert.ok(first && second)
    const results: { sent: number; lost: number[] }[] = []
    results.push(
      await first(async () => {
        results.push(await second(work))
      }),
    )
    for (const { sent, lost } of results) {
      assert.ok(sent > 0)
      assert.deepEqual(lost, [], `lost of ${sent}`)
    }
  }

  /** The one command; afterwards everything is as if nothing had been. */
  async function comeBack(): Promise<void> {
    const [, , three3] = hosts
    const former = (await status(three3)).self.key
    const begun = performance.now()
    const said = await skein(three3, 'peer', 'rejoin')
    assert.match(said, /^back in mesh \S+ with the key [0-9a-f]{12}, \d members$/)
    await assertWhole(hosts, 'web', placed())
    process.stdout.write(`      whole again ${((performance.now() - begun) / 1000).toFixed(1)} s after the command\n`)
    for (const host of hosts) {
      const back = (await peers(host)).find(({ succeeds }) => succeeds === former)
      assert.ok(back?.settled, `${host.name}: settled under its new key`)
      assert.match(await skein(host, 'peer', 'ls'), new RegExp(`^host3 .* host[12], was ${former.slice(0, 12)} `, 'm'))
      const gone = (await peers(host)).find(({ key }) => key === former)
      assert.equal(gone?.removal?.state, 'removed', host.name)
    }
  }

  it('the note outside of it gives it away before it meets anybody', async () => {
    const [one, , three3] = hosts
    const copy = await backUp()
    await start('after')
    await eventually(async () => assert.ok((await places(one, 'web')).some(place => place.startsWith('after '))))
    await undisturbed(async () => {
      await three3.stopPeer()
      restoreData(three3, copy)
      await three3.startPeer()
      // had it met anybody before, it would say what they hold
      assert.match(
        await fenced(three3),
        /older than what was noted outside of it \(\d+ records\): run skein peer rejoin/,
      )
      assert.match(await refusedRun(three3, 'web'), /run skein peer rejoin/)
    })
  })

  it('comes back with one command: its containers keep addresses, names and every packet, and new ones start', async () => {
    await undisturbed(comeBack)
    await start('fresh')
    for (const each of running) await assertReaches(near, each.ip)
    await eventually(() => near.exec('nslookup', 'after'))
    // started again after that it gets an address as a new one does
    await docker(hosts[2], 'restart', 'fresh')
    const at = running.findIndex(({ name }) => name === 'fresh')
    const { NetworkSettings } = await inspect(hosts[2], 'container', 'fresh')
    running[at] = { ...(running[at] as Container), ip: NetworkSettings?.Networks.web?.IPAddress ?? '' }
    const second = await trySkein(hosts[2], 'peer', 'rejoin')
    assert.match(second.stderr, /^Error: this host works as it is and need not come back/)
  })

  it('without the note, cut off, it forks: fenced at its first contact, and every address is named on all hosts', async () => {
    const [one, two, three3] = hosts
    const copy = await backUp()
    await start('lost')
    await three3.stopPeer()
    restoreData(three3, copy)
    rmSync(witnessOf(three3), { recursive: true })
    await lab().split(['1 2', '3 outside'])
    await Promise.all([outOfReach(one, 'host3'), outOfReach(two, 'host3')])
    await three3.startPeer()
    await start('forked')
    await lab().heal()
    assert.match(await fenced(three3), /older than what other members hold of it/)
    await eventually(
      async () => {
        const [first, ...others] = await Promise.all(
          hosts.map(async host => (await conditionsOf(host)).filter(text => text.startsWith('writer-forked'))),
        )
        assert.equal(first?.length, 1)
        for (const { name, ip } of running) assert.ok(first[0]?.includes(`${ip} (${name})`), `${name}: ${first[0]}`)
        for (const other of others) assert.deepEqual(other, first)
      },
      { timeoutMs: 20_000 },
    )
    assert.match(await refusedRun(three3, 'web'), /run skein peer rejoin/)
  })

  it('and comes back from that with the same command', async () => {
    await undisturbed(comeBack)
    await start('last')
    for (const each of running) await assertReaches(near, each.ip)
    await assertWhole(hosts, 'web', placed())
  })

  it('its former directory stays fenced for ever', async () => {
    const [, , three3] = hosts
    await three3.stopPeer()
    const now = copyData(three3, 'now')
    restoreData(three3, `${three3.dataDir}-copy`)
    await three3.startPeer()
    const said = await fenced(three3)
    assert.match(said, /skein join TOKEN/)
    const refused = await trySkein(three3, 'peer', 'rejoin')
    assert.notEqual(refused.code, 0)
    assert.match(refused.stderr, /skein join TOKEN\n$/)
    await three3.stopPeer()
    restoreData(three3, now)
    await three3.startPeer()
    await assertWhole(hosts, 'web', placed())
  })
})
