import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import { netctl } from '../acceptance/cli.ts'
import { assertReaches, type Container, docker, eventually, inspect, networksAppear } from '../support/index.ts'
import { assertReaches6, born, ping6, read6, runDual, serves6, useTwoHosts } from './scene.ts'

const routes6 = (container: Container) => container.exec('ip', '-6', 'route', 'show')

describe('IPv6: networks with a gateway', function () {
  this.timeout(90_000)
  const { hosts } = useTwoHosts()

  async function createBoth(): Promise<void> {
    const [one] = hosts()
    await netctl(
      one,
      'net',
      'create',
      '-s',
      '10.6.1.0/24',
      '-g',
      '10.6.1.1',
      '--s6',
      'fd00:6:1::/64',
      '--g6',
      'fd00:6:1::1',
      'app',
    )
    const data = ['--ipv6', '--subnet', '10.6.2.0/24', '--gateway', '10.6.2.254']
    await docker(one, ...born, ...data, '--subnet', 'fd00:6:2::/64', '--gateway', 'fd00:6:2::1:1', 'data')
    await networksAppear(hosts(), 'app', 'data')
  }

  it('are routed to each other, on every host', async () => {
    const [one, two] = hosts()
    await createBoth()
    assert.deepEqual((await inspect(two, 'network', 'data')).IPAM?.Config, [
      { Subnet: '10.6.2.0/24', Gateway: '10.6.2.254' },
      { Subnet: 'fd00:6:2::/64', Gateway: 'fd00:6:2::1:1' },
    ])
    assert.match(await netctl(two, 'net', 'ls'), / 10\.6\.2\.254 +fd00:6:2::\/64 +fd00:6:2::1:1 *$/m)
    const a1 = await runDual(one, 'app', 'a1')
    const d1 = await runDual(one, 'data', 'd1')
    const d2 = await runDual(two, 'data', 'd2', { command: serves6('served') })
    await eventually(() => assertReaches6(a1, 'fd00:6:1::1'))
    await eventually(() => assertReaches6(a1, d1.ip6))
    await eventually(() => assertReaches6(a1, d2.ip6))
    await assertReaches6(a1, 'fd00:6:2::1:1')
    assert.equal(await read6(a1, d2.ip6), 'served')
    await eventually(() => assertReaches6(d2, a1.ip6))
    await assertReaches(a1, d2.ip)
    assert.match(await routes6(d2), /^fd00:6:1::\/64 via fd00:6:2::1:1 dev eth0/m)
    await docker(one, 'network', 'connect', 'data', 'a1')
    await eventually(async () => assert.doesNotMatch(await routes6(a1), /^fd00:6:2::\/64 via/m))
    await assertReaches6(a1, d2.ip6)
  })

  it('and no others: neither a network without, nor one of IPv4 gateways alone', async () => {
    const [one, two] = hosts()
    await createBoth()
    await netctl(one, 'net', 'create', '-s', '10.6.3.0/24', '-g', '10.6.3.1', '--s6', 'fd00:6:3::/64', 'half')
    await netctl(one, 'net', 'create', '-s', '10.6.4.0/24', '--s6', 'fd00:6:4::/64', 'lonely')
    await networksAppear(hosts(), 'half', 'lonely')
    const a1 = await runDual(one, 'app', 'a1')
    const [h1, h2] = [await runDual(one, 'half', 'h1'), await runDual(two, 'half', 'h2')]
    const l1 = await runDual(one, 'lonely', 'l1')
    await eventually(() => assertReaches6(h1, h2.ip6))
    await eventually(() => assertReaches(h1, a1.ip))
    await eventually(() => assertReaches6(a1, 'fd00:6:1::1'))
    for (const [from, to, mac] of [
      [h1, a1, 'half'],
      [l1, a1, 'lonely'],
      [a1, h1, 'app'],
    ] as const) {
      // as if the container knew a way: by the MAC of its network's bridge
      const pid = (await docker(one, 'inspect', '-f', '{{.State.Pid}}', from.id)).trim()
      const bridge = await bridgeMacOf(one, mac)
      const prefix = from.ip6.replace(/::.*/, '')
      for (const line of [
        ['ip', 'neigh', 'replace', `${prefix}::f0f0`, 'lladdr', bridge, 'dev', 'eth0'],
        ['ip', '-6', 'route', 'replace', to.ip6, 'via', `${prefix}::f0f0`, 'dev', 'eth0'],
      ]) {
        const { code, stderr } = await one.exec(['nsenter', '-t', pid, '-n', ...line])
        assert.equal(code, 0, stderr)
      }
      assert.deepEqual((await ping6(from, to.ip6, 2)).lost, [0, 1], `${from.name} to ${to.name}`)
    }
  })

  it('are judged by the policies of their groups', async () => {
    const [one, two] = hosts()
    await createBoth()
    await netctl(one, 'policy', 'create', 'db')
    await netctl(one, 'policy', 'rule-add', 'db', '1', '-direction=in', '-protocol=tcp', '-action=deny')
    const open = ['-direction=in', '-protocol=tcp', '-port=80', '-action=allow', '-priority=10']
    await netctl(one, 'policy', 'rule-add', 'db', '2', ...open)
    await netctl(one, 'group', 'create', 'data', 'db', '-policy=db')
    await networksAppear(hosts(), 'db.data')
    const db = await runDual(two, 'db.data', 'db', { command: serves6('served') })
    const [near, far] = [await runDual(two, 'app', 'near'), await runDual(one, 'app', 'far')]
    for (const from of [near, far]) {
      await eventually(async () => assert.equal(await read6(from, db.ip6), 'served'))
      await assertReaches6(from, db.ip6)
      const why = await one.exec(['skein', 'why', from.ip6, db.ip6, 'tcp/80'])
      assert.match(why.stdout, /: passes$/m)
      assert.match(why.stdout, /routed from network app to data by their gateways/)
    }
    await netctl(one, 'policy', 'rule-rm', 'db', '2')
    for (const from of [near, far]) {
      await eventually(() => assert.rejects(read6(from, db.ip6)))
      await assertReaches6(from, db.ip6)
    }
  })

  it('lose nothing when skeind is restarted; no entry of the kernel goes meanwhile', async () => {
    const [one, two] = hosts()
    await createBoth()
    const a1 = await runDual(one, 'app', 'a1')
    const d2 = await runDual(two, 'data', 'd2')
    await eventually(() => assertReaches6(d2, a1.ip6))
    await eventually(() => assertReaches6(a1, d2.ip6))
    const watched = one.exec(['timeout', '6', 'ip', '-n', 'skein-default', 'monitor', 'neigh', 'address', 'route'], {
      timeoutMs: 10_000,
    })
    const pings = ping6(d2, a1.ip6, 50)
    await one.stopPeer()
    await one.startPeer()
    assert.deepEqual((await pings).lost, [])
    assert.doesNotMatch((await watched).stdout, /Deleted.*fd00:6/)
    await docker(one, 'rm', '-f', 'a1')
    await docker(two, 'rm', '-f', 'd2')
    for (const name of ['app', 'data']) await netctl(one, 'net', 'rm', name)
    for (const host of [one, two]) {
      await eventually(
        async () => assert.doesNotMatch((await host.exec(['ip', 'netns', 'list'])).stdout, /skein-default/),
        { timeoutMs: 15_000 },
      )
    }
  })
})

/** MAC of the network's bridge in the default tenant of this host. */
async function bridgeMacOf(host: LabHost, network: string): Promise<string> {
  const { Options } = await inspect(host, 'network', network)
  const id = Options?.['skein.id'] ?? ''
  const { stdout } = await host.exec(['ip', '-n', 'skein-default', '-j', 'link', 'show', `skb${id.slice(0, 12)}`])
  const [link] = JSON.parse(stdout) as { address: string }[]
  return link?.address ?? assert.fail('no bridge')
}
