import assert from 'node:assert/strict'
import { type Container, docker, eventually, inspect, networksAppear, runContainer } from '../support/index.ts'
import { assertReaches6, type DualContainer, ping6, runDual, useTwoHosts } from './scene.ts'

/** Serves its name on these ports by both families. */
const serving = (name: string, ...ports: number[]) => [
  'sh',
  '-c',
  `trap exit TERM; echo ${name} > /tmp/index.html; ${ports.map(port => `httpd -p [::]:${port} -h /tmp;`).join(' ')} while :; do sleep 1; done`,
]

describe('IPv6: policies', function () {
  this.timeout(90_000)
  const { hosts } = useTwoHosts()
  const skein = async (...argv: string[]) => {
    const { code, stdout, stderr } = await hosts()[0].exec(['skein', ...argv], { timeoutMs: 30_000 })
    assert.equal(code, 0, `skein ${argv.join(' ')}: ${stderr}`)
    return stdout
  }
  /** What the server at this address says, '' for silence. */
  const reads = async (from: Container, address: string, port: number) => {
    const host = address.includes(':') ? `[${address}]` : address
    const argv = ['docker', 'exec', from.id, 'wget', '-T', '1', '-qO', '-', `http://${host}:${port}/`]
    return (await from.host.exec(argv, { timeoutMs: 20_000 })).stdout.trim()
  }
  const both = (from: Container, to: DualContainer, port: number) =>
    Promise.all([to.ip, to.ip6].map(address => reads(from, address, port)))

  async function createWeb(): Promise<void> {
    await skein('net', 'create', '--subnet=10.6.0.0/24', '--subnetv6=fd00:6::/64', 'web')
    await skein('policy', 'create', 'p')
    await skein('group', 'create', 'web', 'db', '-p', 'p')
    await networksAppear(hosts(), 'web', 'db.web')
  }

  it('are of both families, on both hosts, and why says so', async () => {
    const [one, two] = hosts()
    await createWeb()
    await skein('policy', 'rule-add', 'p', '1', '-l', 'tcp', '-j', 'deny')
    await skein('policy', 'rule-add', 'p', '2', '-l', 'tcp', '-P', '80', '-p', '10')
    const db = await runDual(one, 'db.web', 'db1', { command: serving('db', 80, 81) })
    const callers = [await runDual(one, 'web', 'near'), await runDual(two, 'web', 'far')]
    for (const from of callers) {
      await eventually(async () => assert.deepEqual(await both(from, db, 80), ['db', 'db']))
      assert.deepEqual(await both(from, db, 81), ['', ''], from.name)
      await assertReaches6(from, db.ip6)
      assert.match(
        await skein('why', from.ip6, db.ip6, 'tcp/81'),
        /^fd00:6::\w+ to fd00:6::\w+, tcp\/81: does not pass$/m,
      )
      assert.match(await skein('why', '-6', from.name, 'db1', 'tcp/80'), /: passes\n.*from +\w+, fd00:6::/s)
    }
    const [near, far] = callers as [DualContainer, DualContainer]
    await skein('policy', 'rule-add', 'p', '3', '-i', far.ip6, '-p', '20', '-j', 'deny')
    await eventually(async () => assert.deepEqual(await both(far, db, 80), ['db', '']), { timeoutMs: 2_000 })
    assert.deepEqual((await ping6(far, db.ip6, 1)).lost, [0])
    assert.deepEqual(await both(near, db, 80), ['db', 'db'])
    assert.match(await skein('why', 'far', 'db1', 'tcp/80'), /but +over IPv6 the answer is no: ask with --ipv6/)
  })

  it('judge IPv6 of docker_gwbridge, also where Docker does not translate it', async () => {
    const [one, two] = hosts()
    // somebody made it with IPv6 before the first container
    await one.exec(['docker', 'network', 'rm', 'docker_gwbridge'])
    const options = ['bridge.name=docker_gwbridge', 'bridge.enable_icc=false', 'bridge.enable_ip_masquerade=true']
    await docker(
      one,
      ...['network', 'create', '-d', 'bridge', '--ipv6', '--subnet', '172.31.0.0/16', '--subnet', 'fd00:dead::/64'],
      ...options.flatMap(option => ['-o', `com.docker.network.${option}`]),
      'docker_gwbridge',
    )
    await createWeb()
    const args = ['-p', '8080:80', '-p', '8081:81']
    const db = await runContainer(one, 'db.web', 'db', { args, command: serving('db', 80, 81) })
    const { Containers } = await inspect(one, 'network', 'docker_gwbridge')
    const address = Containers?.[db.id]?.IPv6Address.split('/')[0] ?? ''
    assert.match(address, /^fd00:dead::/)
    const call = async (url: string) =>
      (
        await one.exec(['timeout', '3', 'busybox', 'wget', '-T', '1', '-qO', '-', url], { timeoutMs: 10_000 })
      ).stdout.trim()
    /** By its own address, and through docker-proxy by IPv6 and IPv4. */
    const calls = (own: number, port: number) =>
      Promise.all([`[${address}]:${own}`, `[::1]:${port}`, `127.0.0.1:${port}`].map(at => call(`http://${at}/`)))
    await eventually(async () => assert.deepEqual(await calls(80, 8080), ['db', 'db', 'db']))
    await skein('policy', 'rule-add', 'p', '1', '-l', 'tcp', '-P', '80', '-j', 'deny')
    await eventually(async () => assert.deepEqual(await calls(80, 8080), ['', '', '']), { timeoutMs: 5_000 })
    assert.deepEqual(await calls(81, 8081), ['db', 'db', 'db'])
    await skein('policy', 'rule-add', 'p', '2', '-l', 'tcp', '-i', 'fd00:dead::1', '-p', '20')
    await eventually(async () => assert.deepEqual(await calls(80, 8080), ['db', 'db', '']), { timeoutMs: 5_000 })
    await runContainer(two, 'web', 'other')
    await eventually(async () => assert.match(await db.exec('nslookup', 'other'), /10\.6\.0\./))
  })
})
