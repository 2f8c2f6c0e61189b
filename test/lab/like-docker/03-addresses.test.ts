import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import { formatIp, parseIp } from '../../../src/model/ip.ts'
import { assertAgree, netctl, three } from '../acceptance/cli.ts'
import {
  assertPrompt,
  assertReaches,
  type Container,
  docker,
  eventually,
  meshNetworks,
  refusalsUntil,
  refusedRun,
  removeContainers,
  runContainer,
  useLab,
} from '../support/index.ts'

/** As promised for what the other side of a split holds. */
const limitMs = 6000

/** What Docker says when it does not run a container on `web`, and how long that took. */
const refused = (host: LabHost, ...args: string[]) => refusedRun(host, 'web', ...args)

async function createWeb(hosts: readonly LabHost[], subnet: string): Promise<void> {
  await netctl(hosts[0] as LabHost, 'net', 'create', `--subnet=${subnet}`, 'web')
  for (const host of hosts) await eventually(async () => assert.deepEqual(await meshNetworks(host), ['web']))
}

const next = (ip: string, offset: number) => formatIp((parseIp(ip) ?? 0) + offset)

const addressOf = (host: LabHost, name: string) =>
  docker(host, 'inspect', '-f', '{{.NetworkSettings.Networks.web.IPAddress}}', name)

describe('like Docker 3: addresses', function () {
  this.timeout(90_000)
  const lab = useLab()

  it('gives --ip out of another host’s block, keeps it there for restarts, and says why when it cannot', async () => {
    const hosts = lab().hosts()
    const [one, two, three3] = three(hosts)
    await createWeb(hosts, '10.1.2.0/24')
    // blocks have 8 addresses: those that follow host2's first one are in its block too
    const first = await runContainer(two, 'web', 'first')
    const far = await runContainer(three3, 'web', 'far')
    const ip = next(first.ip, 1)
    const named = await runContainer(one, 'web', 'named', { args: ['--ip', ip] })
    assert.equal(named.ip, ip)
    for (const from of [first, far]) await eventually(() => assertReaches(from, ip, { count: 1 }))
    await assertAgree(hosts, 5000)

    const held = await refused(one, '--ip', first.ip)
    assert.match(held.text, /is held by first on host2/)
    const stolen = await refused(two, '--ip', ip)
    assert.match(stolen.text, /is held by named on host1/)

    await lab().split(['1', '2 3'])
    const away = next(first.ip, 2)
    const gone = await refusalsUntil(/which is out of reach/, () => refused(one, '--ip', away))
    assertPrompt(
      gone,
      limitMs,
      new RegExp(`${away} of default/web belongs to host2, which (is out of reach|does not answer)`),
    )
    await docker(one, 'stop', 'named')
    await docker(one, 'start', 'named')
    await docker(one, 'restart', 'named')
    assert.equal(await addressOf(one, 'named'), ip)
    await lab().heal()
    await eventually(async () => {
      await one.exec(['docker', 'rm', '-f', 'late'])
      assert.equal((await runContainer(one, 'web', 'late', { args: ['--ip', away] })).ip, away)
    })
    await eventually(() => assertReaches(first, away, { count: 1 }))
  })

  it('goes on in a full network: restarts and crash loops work, and what is freed is used again', async () => {
    const hosts = lab().hosts()
    const [one, two] = three(hosts)
    await createWeb(hosts, '10.1.3.0/29')
    const running: Container[] = []
    for (const host of hosts) running.push(await runContainer(host, 'web', `a-${host.name}`))
    running.push(await runContainer(one, 'web', 'b-1'), await runContainer(two, 'web', 'b-2'))
    running.push(await runContainer(one, 'web', 'last'))
    for (const host of hosts) {
      const full = await refused(host)
      assert.match(full.text, /no free address for default\/web on host\d: every address is in use/)
      assert.ok(full.ms < 8000, `took ${full.ms} ms`)
    }
    for (const { host, name, ip } of running) {
      await docker(host, 'restart', name)
      assert.equal(await addressOf(host, name), ip)
    }

    // freed on another host: it may move after a while, and meanwhile the rest goes on here
    const [freed] = running.filter(({ name }) => name === 'b-2')
    await removeContainers(two, 'b-2')
    await eventually(async () => {
      const { text } = await refused(one)
      assert.match(text, /host2 holds 1 \(freed lately, may move in \d+ s\); try again in \d+ s/)
    })
    const left = running.filter(({ name }) => name === 'a-host2' || name === 'a-host3')

    await removeContainers(one, 'last')
    await docker(one, 'run', '-d', '--name', 'loop', '--net', 'web', '--restart', 'always', 'alpine', 'false')
    const restarts = async () => Number(await docker(one, 'inspect', '-f', '{{.RestartCount}}', 'loop'))
    const restartsReach = (count: number) =>
      eventually(async () => assert.ok((await restarts()) >= count, `${count} restarts`), { timeoutMs: 20_000 })
    await restartsReach(3)
    // the loop's address is free for moments only: a restart beside it may swap the two, and neither fails
    await docker(one, 'restart', 'a-host1')
    await restartsReach((await restarts()) + 1)
    assert.equal(await docker(one, 'inspect', '-f', '{{.State.Error}}', 'loop'), '')

    // at once on the host that freed them
    await removeContainers(one, 'loop', 'b-1')
    await runContainer(one, 'web', 'c-1')
    await runContainer(one, 'web', 'c-2')
    const moved = await eventually(
      async () => {
        await one.exec(['docker', 'rm', '-f', 'd-1'])
        return runContainer(one, 'web', 'd-1')
      },
      { timeoutMs: 40_000, intervalMs: 1000 },
    )
    assert.equal(moved.ip, freed?.ip)
    const names = ['a-host1', 'c-1', 'c-2', 'd-1'].map(name => addressOf(one, name))
    assert.equal(new Set([...(await Promise.all(names)), ...left.map(({ ip }) => ip)]).size, 6)
  })

  it('names who is out of reach when the small side of a split has no address left, and goes on when one is freed', async () => {
    const hosts = lab().hosts()
    const [, , three3] = three(hosts)
    await createWeb(hosts, '10.1.4.0/29')
    await lab().split(['1 2', '3'])
    const own = [await runContainer(three3, 'web', 's-1'), await runContainer(three3, 'web', 's-2')]
    const away = /on host3: host[12] holds 2 \(out of reach\), host[12] holds 2 \(out of reach\); wait for/
    // the others count as connected still
    const small = await refusalsUntil(away, () => refused(three3))
    const why = String.raw`\((out of reach|does not answer)\)`
    const named = new RegExp(`on host3: (?=.*host1 holds 2 ${why})(?=.*host2 holds 2 ${why}).*; wait for`)
    assertPrompt(small, limitMs, named)
    await docker(three3, 'restart', 's-2')
    await removeContainers(three3, 's-1')
    assert.equal((await runContainer(three3, 'web', 's-3')).ip, own[0]?.ip)
  })
})
