/** Networks that are created with `docker network create` on one host, and compose, on real engines. */
import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import { installMissing } from '../../../lab/packages.ts'
import { assertAgree, netctl, networkNames, status, three, tryNetctl } from '../acceptance/cli.ts'
import { assertReaches, docker, eventually, inspect, meshNetworks, runContainer, useLab } from '../support/index.ts'

const mesh = ['network', 'create', '-d', 'mesh', '--ipam-driver', 'mesh']

/** What Docker says to a command that it refuses, in one line. */
async function refusal(host: LabHost, ...args: string[]): Promise<string> {
  const { code, stderr } = await host.exec(['docker', ...args], { timeoutMs: 30_000 })
  assert.notEqual(code, 0, `docker ${args.join(' ')}`)
  return stderr.trim().replaceAll('\n', ' ')
}

async function everywhere(hosts: readonly LabHost[], names: string[]): Promise<void> {
  await eventually(async () => {
    for (const host of hosts) assert.deepEqual(await meshNetworks(host), names, host.name)
  })
}

async function condition(host: LabHost, text: RegExp): Promise<void> {
  await eventually(async () => {
    const { conditions } = await status(host)
    assert.ok(
      conditions.some(found => text.test(found.text)),
      `${text}: ${JSON.stringify(conditions)}`,
    )
  })
}

describe('like Docker 2: networks born in Docker', function () {
  this.timeout(90_000)
  const lab = useLab()

  it('is everywhere with its labels; its rm deletes it where it was born, and nowhere else', async () => {
    const hosts = lab().hosts()
    const [one, two] = three(hosts)
    await docker(one, ...mesh, '--subnet', '10.7.1.0/24', '--label', 'team=a', '-o', 'foo=bar', '--internal', 'web_1')
    const first = await runContainer(one, 'web_1', 'first')
    assert.match(first.ip, /^10\.7\.1\.\d+$/)
    await everywhere(hosts, ['web_1'])
    const copy = await inspect(two, 'network', 'web_1')
    assert.equal(copy.Labels?.team, 'a')
    assert.equal(copy.Options?.foo, 'bar')
    assert.equal((copy as { Internal?: boolean }).Internal, true)
    assert.deepEqual(await networkNames(two), ['default/web_1'])
    await netctl(two, 'net', 'inspect', 'web_1')
    const second = await runContainer(two, 'web_1', 'second')
    await assertReaches(second, first.ip)
    assert.doesNotMatch(await second.exec('ip', 'route'), /default|eth1/, '--internal: no way out on any host')
    await docker(one, 'rm', '-f', 'first')

    await docker(one, 'network', 'rm', 'web_1')
    await condition(
      one,
      /web_1 was removed from this host's Docker and is created again: it is used by second on host2/,
    )
    await docker(two, 'rm', '-f', 'second')
    await docker(two, 'network', 'rm', 'web_1')
    await condition(two, /web_1 was removed .* it was created in the Docker of host1/)
    await everywhere(hosts, ['web_1'])

    await docker(one, 'network', 'rm', 'web_1')
    await everywhere(hosts, [])
    assert.deepEqual(await networkNames(two), [])
  })

  it('is one network when both sides of a split create it, in its tenant, with a subnet chosen from the name', async () => {
    const hosts = lab().hosts()
    const [one, , three_] = three(hosts)
    await netctl(one, 'tenant', 'create', 'blue')
    await assertAgree(hosts, 5000)
    await lab().split(['1 2', '3'])
    const tenant = ['-o', 'tenant=blue', '--ipam-opt', 'tenant=blue']
    await docker(one, ...mesh, ...tenant, 'shared')
    await docker(three_, ...mesh, ...tenant, 'shared')
    await docker(three_, ...mesh, ...tenant, 'other')
    const a = await runContainer(one, 'shared', 'aa')
    const b = await runContainer(three_, 'shared', 'bb')
    assert.equal(a.ip.split('.').slice(0, 3).join(), b.ip.split('.').slice(0, 3).join())
    await lab().heal()
    await assertAgree(hosts, 20_000)
    assert.deepEqual(await networkNames(one), ['blue/other', 'blue/shared'])
    await eventually(() => assertReaches(a, b.ip))
    await everywhere([one], ['other/blue', 'shared'])
    await one.stopPeer()
    await one.startPeer()
    await assertReaches(await runContainer(one, 'shared', 'cc'), b.ip)
  })

  it('is refused with the reason, at once or after it was created', async () => {
    const hosts = lab().hosts()
    const [one, two] = three(hosts)
    await netctl(one, 'net', 'create', '--subnet=10.7.1.0/24', 'old')
    await everywhere(hosts, ['old'])
    const create = (...args: string[]) => refusal(two, ...mesh, ...args)
    assert.match(await create('--subnet', '10.7.1.128/25', 'x'), /network old conflicts with subnet 10\.7\.1\.128\/25/)
    assert.match(await create('--ipam-opt', 'tenant=red', 'x'), /tenant red does not exist/)
    assert.match(await create('--subnet', '10.8.1.0/24', '-o', 'encap=ipsec', 'x'), /encap/)
    assert.match(await create('--subnet', '10.8.1.0/24', '--gateway', '10.8.1.0', 'x'), /no address of a host/)
    assert.match(await create('--subnet', '10.8.1.0/24', '--aux-address', 'a=10.8.1.9', 'x'), /leave out --aux-address/)
    assert.match(await refusal(two, 'network', 'create', '-d', 'mesh', 'x'), /add --ipam-driver mesh/)
    await docker(two, ...mesh, '--subnet', '10.8.1.0/24', 'a b')
    assert.match(await refusal(two, 'run', '--rm', '--net', 'a b', 'alpine', 'true'), /name "a b" is invalid|not found/)
    await condition(
      two,
      /network a b was created in this host's Docker and removed again: network name "a b" is invalid/,
    )
    await everywhere(hosts, ['old'])
  })

  it('survives docker network prune; a local network of the name is left alone, with a condition', async () => {
    const hosts = lab().hosts()
    const [one, two] = three(hosts)
    await docker(two, 'network', 'create', 'web')
    const theirs = (await inspect(two, 'network', 'web')).Id
    await docker(one, ...mesh, '--subnet', '10.7.1.0/24', 'web')
    await condition(two, /another network of this host's Docker is called web, so Skein's network web is called web~/)
    assert.equal((await inspect(two, 'network', 'web')).Id, theirs)
    const [copy = ''] = await meshNetworks(two)
    assert.match((await runContainer(two, copy, 'cc')).ip, /^10\.7\.1\./)
    await docker(two, 'rm', '-f', 'cc')

    const { Id } = await inspect(one, 'network', 'web')
    await docker(one, 'network', 'prune', '-f')
    await condition(one, /web was removed .* "docker network prune" deletes no network of Skein/)
    await everywhere([one], ['web'])
    assert.notEqual((await inspect(one, 'network', 'web')).Id, Id)
    await docker(two, 'network', 'rm', 'web')
    await netctl(one, 'net', 'rm', 'web')
    await everywhere(hosts, [])
  })

  describe('compose', () => {
    before(async function () {
      this.timeout(300_000)
      await installMissing(() => {}, { 'docker-compose': 'docker-compose' })
    })

    const service = (name: string) => `
services:
  ${name}:
    image: alpine
    pull_policy: never
    command: sh -c 'trap exit TERM; sleep 86400 & wait'
`
    const own = (name: string) => `${service(name)}
networks:
  default:
    driver: mesh
    ipam:
      driver: mesh
`
    const external = (name: string, network: string) => `${service(name)}    networks: [shared]
networks:
  shared:
    name: ${network}
    external: true
`
    async function compose(host: LabHost, project: string, file: string, ...args: string[]): Promise<void> {
      const argv = ['docker-compose', '-p', project, '-f', '-', ...args]
      const { code, stderr } = await host.exec(argv, { input: file, timeoutMs: 60_000 })
      assert.equal(code, 0, `${host.name}: ${argv.join(' ')}: ${stderr}`)
    }
    const addressOf = async (host: LabHost, container: string, network: string) =>
      (await inspect(host, 'container', container)).NetworkSettings?.Networks[network]?.IPAddress ?? ''
    const reach = (host: LabHost, container: string, address: string) =>
      eventually(() => docker(host, 'exec', container, 'ping', '-c', '1', '-W', '1', address))

    it('works with its own network on every host, and with that of another host as external', async () => {
      const hosts = lab().hosts()
      const [one, two, three_] = three(hosts)
      const network = 'my_app_default'
      await compose(one, 'my_app', own('db'), 'up', '-d')
      await everywhere(hosts, [network])
      await compose(two, 'front', external('web', network), 'up', '-d')
      await compose(three_, 'my_app', own('api'), 'up', '-d')
      const db = await addressOf(one, 'my_app-db-1', network)
      await reach(two, 'front-web-1', db)
      await reach(three_, 'my_app-api-1', db)
      assert.deepEqual(await networkNames(two), [`default/${network}`])

      await compose(three_, 'my_app', own('api'), 'down', '-t', '0')
      await condition(three_, /my_app_default was removed .* it was created in the Docker of host1/)
      await reach(two, 'front-web-1', db)
      await compose(two, 'front', external('web', network), 'down', '-t', '0')
      await compose(one, 'my_app', own('db'), 'down', '-t', '0')
      await everywhere(hosts, [])
      assert.notEqual((await tryNetctl(one, 'net', 'inspect', network)).code, 0)
    })

    it('works with its own network of one name on both sides of a split', async () => {
      const hosts = lab().hosts()
      const [one, , three_] = three(hosts)
      await lab().split(['1 2', '3'])
      await Promise.all([compose(one, 'app', own('a'), 'up', '-d'), compose(three_, 'app', own('b'), 'up', '-d')])
      await lab().heal()
      await assertAgree(hosts, 20_000)
      await everywhere(hosts, ['app_default'])
      await reach(one, 'app-a-1', await addressOf(three_, 'app-b-1', 'app_default'))
    })
  })
})
