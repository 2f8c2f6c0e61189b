import assert from 'node:assert/strict'
import { netctl, tryNetctl } from '../acceptance/cli.ts'
import { endpointsOf } from '../like-docker/mesh.ts'
import {
  assertReaches,
  docker,
  eventually,
  inspect,
  meshNetworks,
  networksAppear,
  runContainer,
} from '../support/index.ts'
import {
  assertReaches6,
  born,
  type DualContainer,
  ping6,
  read6,
  refusal,
  runDual,
  serves6,
  useTwoHosts,
} from './scene.ts'

/** The IPv6 address that goes with an IPv4 address of a /24. */
const beside = (prefix: string, ip: string) => `${prefix}::${Number(ip.split('.')[3]).toString(16)}`

describe('IPv6: networks with both', function () {
  this.timeout(90_000)
  const { lab, hosts } = useTwoHosts()

  async function createWeb(): Promise<void> {
    const [one] = hosts()
    await netctl(one, 'net', 'create', '-s', '10.6.0.0/24', '--subnetv6', 'FD00:6:0::/64', 'web')
    await networksAppear(hosts(), 'web')
  }

  it('born in Skein: Docker shows both subnets, containers reach each other by both', async () => {
    const [one, two] = hosts()
    await createWeb()
    for (const host of [one, two]) {
      const shown = await inspect(host, 'network', 'web')
      assert.equal(shown.EnableIPv6, true)
      assert.deepEqual(shown.IPAM?.Config, [{ Subnet: '10.6.0.0/24' }, { Subnet: 'fd00:6::/64' }])
    }
    const aa = await runDual(one, 'web', 'aa')
    const bb = await runDual(two, 'web', 'bb', { command: serves6('served') })
    const cc = await runDual(one, 'web', 'cc')
    for (const { ip, ip6 } of [aa, bb, cc]) assert.equal(ip6, beside('fd00:6', ip))
    await eventually(() => assertReaches(aa, bb.ip))
    await assertReaches6(aa, bb.ip6)
    await assertReaches6(bb, aa.ip6)
    await assertReaches6(aa, cc.ip6)
    await eventually(async () => assert.equal(await read6(aa, bb.ip6), 'served'))
    assert.deepEqual((await ping6(aa, 'fd00:6::f9', 2)).lost, [0, 1], 'nobody has it')
  })

  it('is shown: net ls, endpoints, ps, names', async () => {
    const [one, two] = hosts()
    await createWeb()
    await netctl(one, 'net', 'create', '-s', '10.7.0.0/24', 'plain')
    await networksAppear(hosts(), 'plain')
    const aa = await runDual(one, 'web', 'aa')
    const bb = await runDual(two, 'web', 'bb')
    const listed = await netctl(two, 'net', 'ls')
    assert.match(listed, /^Tenant +Network .* Gateway +IPv6Subnet +IPv6Gateway *$/m)
    assert.match(listed, /^default +web +data +vxlan +0 +10\.6\.0\.0\/24 +fd00:6::\/64 *$/m)
    const seen = async () => (await endpointsOf(one, 'web')).map(({ ipAddress }) => ipAddress.join(' ')).sort()
    await eventually(async () => assert.deepEqual(await seen(), [`${aa.ip} ${aa.ip6}`, `${bb.ip} ${bb.ip6}`].sort()))
    const ps = await one.exec(['skein', 'ps'])
    assert.ok(ps.stdout.includes(`${bb.ip} `) && ps.stdout.includes(` ${bb.ip6} `), ps.stdout)
    await eventually(() => assertReaches6(aa, 'bb'))
    await assertReaches6(aa, 'bb.web')
    const [dd, ee] = [await runContainer(one, 'plain', 'dd'), await runContainer(two, 'plain', 'ee')]
    await eventually(() => assertReaches(dd, 'ee'))
    await assert.rejects(ping6(dd, 'ee', 1), /bad address/)
    const overlap = await tryNetctl(one, 'net', 'create', '-s', '10.8.0.0/24', '--subnetv6', 'fd00:6::/56', 'more')
    assert.match(overlap.stderr, /network web conflicts with subnetv6 fd00:6::\/56: it has fd00:6::\/64/)
    assert.equal(ee.ip.startsWith('10.7.0.'), true)
  })

  it('born in Docker: on every host, also with a subnet that Skein chooses, and for a group', async () => {
    const [one, two] = hosts()
    await docker(one, ...born, '--ipv6', '--subnet', 'fd00:8::/64', '--subnet', '10.8.0.0/24', 'app')
    await docker(two, ...born, '--ipv6', '--subnet', 'FD00:9::/112', 'chosen')
    await networksAppear(hosts(), 'app', 'chosen')
    assert.deepEqual((await inspect(two, 'network', 'app')).IPAM?.Config, [
      { Subnet: '10.8.0.0/24' },
      { Subnet: 'fd00:8::/64' },
    ])
    const [aa, bb] = [await runDual(one, 'app', 'aa'), await runDual(two, 'app', 'bb')]
    const [cc, dd] = [await runDual(one, 'chosen', 'cc'), await runDual(two, 'chosen', 'dd')]
    for (const { ip, ip6 } of [aa, bb]) assert.equal(ip6, beside('fd00:8', ip))
    for (const { ip, ip6 } of [cc, dd]) assert.equal(ip6, beside('fd00:9', ip))
    await eventually(() => assertReaches6(aa, bb.ip6))
    await eventually(() => assertReaches6(cc, dd.ip6))
    await netctl(one, 'group', 'create', 'app', 'db')
    await networksAppear(hosts(), 'db.app')
    const ee = await runDual(two, 'db.app', 'ee')
    assert.equal(ee.ip6, beside('fd00:8', ee.ip))
    await eventually(() => assertReaches6(aa, ee.ip6))
    await docker(two, 'rm', '-f', 'dd')
    await docker(one, 'rm', '-f', 'cc')
    await docker(two, 'network', 'rm', 'chosen')
    await eventually(async () => assert.deepEqual(await meshNetworks(one), ['app', 'db.app']))
  })

  it('refuses what does not fit, in one line', async () => {
    const [one] = hosts()
    await createWeb()
    const create = (...args: string[]) => refusal(one, ...born, ...args)
    assert.match(
      await create('--ipv6', '--subnet', '10.9.0.0/24', 'xx'),
      /add --subnet fd00:6::\/64, or leave out --ipv6/,
    )
    assert.match(
      await create('--ipv6', '--subnet', '10.9.0.0/24', '--subnet', 'fd00:6::/64', 'xx'),
      /network web conflicts with subnetv6 fd00:6::\/64/,
    )
    assert.match(
      await create('--ipv6', '--subnet', '10.9.0.0/24', '--subnet', 'fd00:9::/121', 'xx'),
      /must have a length of 48 to 120/,
    )
    assert.match(
      await create('--ipv6', '--subnet', '10.9.0.0/24', '--subnet', 'fe80::/64', 'xx'),
      /neither a global .* nor a unique local/,
    )
    const two = ['--ipv6', '--subnet', '10.9.0.0/24', '--subnet', 'fd00:a::/64', '--subnet', 'fd00:b::/64']
    assert.match(await create(...two, 'xx'), /one IPv6 subnet/)
    const run = (...args: string[]) => refusal(one, 'run', '--rm', '--net', 'web', ...args, 'alpine', 'true')
    assert.match(
      await run('--ip6', 'fd00:6::50'),
      /fd00:6::50 is the IPv6 address of 10\.6\.0\.80: add --ip 10\.6\.0\.80/,
    )
    assert.match(await run('--ip', '10.6.0.81', '--ip6', 'fd00:6::50'), /add --ip 10\.6\.0\.80/)
    assert.match(await run('--ip6', 'fd00:6::1:50'), /cannot be used in this network: leave out --ip6/)
    const given = await runDual(one, 'web', 'given', { args: ['--ip', '10.6.0.80', '--ip6', 'fd00:6::50'] })
    assert.deepEqual([given.ip, given.ip6], ['10.6.0.80', 'fd00:6::50'])
    assert.equal((await endpointsOf(one, 'web')).length, 1)
  })

  it('gives each of many that start at once both of its addresses, on network and group', async () => {
    const [one, two] = hosts()
    await createWeb()
    await netctl(one, 'group', 'create', 'web', 'db')
    await networksAppear(hosts(), 'db.web')
    const starts = Array.from({ length: 16 }, (_, n) =>
      runDual(n % 2 ? one : two, n % 4 < 2 ? 'web' : 'db.web', `many${n}`),
    )
    const all = await Promise.all(starts)
    for (const { ip, ip6 } of all) assert.equal(ip6, beside('fd00:6', ip))
    assert.equal(new Set(all.map(({ ip6 }) => ip6)).size, all.length)
  })

  it('loses nothing when skeind is restarted, and comes back with Docker', async () => {
    const [one, two] = hosts()
    await createWeb()
    const aa = await runDual(one, 'web', 'aa', { args: ['--restart', 'always'] })
    const bb = await runDual(two, 'web', 'bb')
    await eventually(() => assertReaches6(bb, aa.ip6))
    const pings = ping6(bb, aa.ip6, 60)
    await one.stopPeer()
    await one.startPeer()
    assert.deepEqual((await pings).lost, [])
    const cc = await runDual(one, 'web', 'cc')
    await eventually(() => assertReaches6(bb, cc.ip6))
    await one.killEngine()
    await one.startEngine()
    const again = async () => {
      const { NetworkSettings } = await inspect(one, 'container', 'aa')
      return NetworkSettings?.Networks.web?.GlobalIPv6Address ?? ''
    }
    await eventually(async () => assertReaches6(bb, await again()), { timeoutMs: 20_000 })
  })

  it('works on both sides of a split, and is one after it', async () => {
    const [one, two] = hosts()
    await createWeb()
    const aa = await runDual(one, 'web', 'aa')
    await lab().split(['1', '2'])
    const create = ['net', 'create', '-s', '10.7.0.0/24', '--subnetv6', 'fd00:7::/64', 'both']
    for (const host of [one, two]) await netctl(host, ...create)
    await networksAppear(hosts(), 'both')
    const sides: DualContainer[] = []
    for (const host of [one, two]) {
      for (const network of ['web', 'both']) sides.push(await runDual(host, network, `${network}-${host.name}`))
    }
    const [web1, both1, web2, both2] = sides
    assert.ok(web1 && both1 && web2 && both2)
    await assertReaches6(aa, web1.ip6)
    await lab().heal()
    await eventually(() => assertReaches6(aa, web2.ip6), { timeoutMs: 20_000 })
    await eventually(() => assertReaches6(both1, both2.ip6), { timeoutMs: 20_000 })
    assert.equal(new Set(sides.map(({ ip6 }) => ip6)).size, 4)
  })

  it('is in no other network, and leaves nothing behind', async () => {
    const [one, two] = hosts()
    await createWeb()
    await netctl(one, 'net', 'create', '-s', '10.7.0.0/24', 'plain')
    await networksAppear(hosts(), 'plain')
    const aa = await runDual(one, 'web', 'aa')
    const bb = await runDual(two, 'web', 'bb')
    const plain = [await runDual(one, 'plain', 'cc'), await runDual(two, 'plain', 'dd')]
    assert.deepEqual(
      plain.map(({ ip6 }) => ip6),
      ['', ''],
    )
    await eventually(() => assertReaches6(aa, bb.ip6))
    // as if the containers of the plain network had taken addresses for themselves
    for (const [at, { host, id }] of plain.entries()) {
      const pid = (await docker(host, 'inspect', '-f', '{{.State.Pid}}', id)).trim()
      const inside = async (...argv: string[]) => {
        const { code, stderr } = await host.exec(['nsenter', '-t', pid, '-n', ...argv])
        assert.equal(code, 0, `${argv.join(' ')}: ${stderr}`)
      }
      await inside('sysctl', '-q', '-w', 'net.ipv6.conf.eth0.disable_ipv6=0')
      await inside('ip', 'addr', 'add', `fd00:7::${at + 1}/64`, 'dev', 'eth0', 'nodad')
      await inside('ip', 'neigh', 'replace', `fd00:7::${2 - at}`, 'lladdr', plain[1 - at]?.mac ?? '', 'dev', 'eth0')
    }
    const [cc, dd] = plain
    assert.ok(cc && dd)
    await assertReaches(cc, dd.ip)
    assert.deepEqual((await ping6(cc, 'fd00:7::2', 3)).lost, [0, 1, 2])
    for (const { host, name } of [aa, bb, cc, dd]) await docker(host, 'rm', '-f', name)
    for (const name of ['web', 'plain']) await netctl(one, 'net', 'rm', name)
    for (const host of [one, two]) {
      await eventually(
        async () => assert.doesNotMatch((await host.exec(['ip', 'netns', 'list'])).stdout, /skein-default/),
        {
          timeoutMs: 15_000,
        },
      )
    }
  })
})
