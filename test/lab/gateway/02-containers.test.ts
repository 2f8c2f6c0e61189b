import assert from 'node:assert/strict'
import type { LabHost, LabNode } from '../../../lab/index.ts'
import { netctl, tryNetctl } from '../acceptance/cli.ts'
import {
  assertReaches,
  type Container,
  docker,
  eventually,
  inspect,
  meshNetworks,
  pingDuring,
  runContainer,
  useLab,
} from '../support/index.ts'

/** A container that says something to whoever connects. */
const says = (words: Record<number, string>) => {
  const services = Object.entries(words).map(([port, word]) => `nc -ll -p ${port} -e echo ${word} &`)
  return ['sh', '-c', `trap exit TERM; ${services.join(' ')} while :; do sleep 1; done`]
}
const serve = says({ 80: 'served' })

/** What a service says to whoever connects; '' if nobody answers. */
async function read(from: LabNode, address: string, port: number): Promise<string> {
  const argv = ['busybox', 'nc', '-w', '2', address, String(port)]
  return (await from.exec(argv, { timeoutMs: 5_000, input: '' })).stdout.trim()
}

const routesOf = (container: Container) => container.exec('ip', 'route', 'show')

describe('gateways: containers', function () {
  this.timeout(60_000)
  const lab = useLab({ own: true, hosts: 2 })

  async function hosts(): Promise<[LabHost, LabHost]> {
    const [one, two] = lab().hosts()
    assert.ok(one && two)
    return [one, two]
  }

  async function create(networks: Record<string, [subnet: string, gateway: string]>): Promise<void> {
    const [one, two] = await hosts()
    for (const [name, [subnet, gateway]] of Object.entries(networks)) {
      await netctl(one, 'net', 'create', '-s', subnet, '-g', gateway, name)
    }
    await eventually(async () => {
      for (const host of [one, two]) {
        const shown = await meshNetworks(host)
        for (const name of Object.keys(networks)) assert.ok(shown.includes(name), `${host.name} shows ${name}`)
      }
    })
  }

  const both = { app: ['10.1.1.0/24', '10.1.1.1'], data: ['10.1.2.0/24', '10.1.2.254'] } as Record<
    string,
    [string, string]
  >

  it('show the gateway everywhere, and it is given to nobody', async () => {
    const [one, two] = await hosts()
    await create({ app: ['10.1.1.0/29', '10.1.1.2'] })
    assert.match(await netctl(two, 'net', 'ls'), /^default +app +data +vxlan +0 +10\.1\.1\.0\/29 +10\.1\.1\.2$/m)
    for (const host of [one, two]) {
      assert.equal((await inspect(host, 'network', 'app')).IPAM?.Config[0]?.Gateway, '10.1.1.2')
    }
    const addresses = await Promise.all(
      [1, 2, 3, 4, 5].map(async n => (await runContainer(n % 2 ? one : two, 'app', `c${n}`)).ip),
    )
    assert.deepEqual(addresses.sort(), ['10.1.1.1', '10.1.1.3', '10.1.1.4', '10.1.1.5', '10.1.1.6'])
    const asked = ['docker', 'run', '--rm', '--net', 'app', '--ip', '10.1.1.2', 'alpine', 'true']
    const refused = await one.exec(asked, { timeoutMs: 20_000 })
    assert.match(refused.stderr, /10\.1\.1\.2 cannot be a container's address/)
    const clash = await tryNetctl(one, 'net', 'create', '-s', '10.1.0.0/16', '-g', '10.1.0.1', 'wide')
    assert.match(clash.stderr, /network app conflicts with subnet 10\.1\.0\.0\/16/)
    const born = ['network', 'create', '-d', 'mesh', '--ipam-driver', 'mesh', '--subnet', '10.1.7.0/24']
    await docker(two, ...born, '--gateway', '10.1.7.1', 'born')
    await eventually(async () => {
      assert.equal((await inspect(one, 'network', 'born')).IPAM?.Config[0]?.Gateway, '10.1.7.1')
    })
    await assertReaches(await runContainer(two, 'born', 'b1'), '10.1.7.1')
  })

  it('reach the gateway, the other networks of the tenant and the outside', async () => {
    const [one, two] = await hosts()
    await create(both)
    const a1 = await runContainer(one, 'app', 'a1')
    const d1 = await runContainer(one, 'data', 'd1')
    const d2 = await runContainer(two, 'data', 'd2', { command: serve })
    await eventually(() => assertReaches(a1, d1.ip))
    for (const target of ['10.1.1.1', '10.1.2.254', d1.ip, '192.168.2.254', 'outside.lab']) {
      await assertReaches(a1, target)
    }
    await eventually(async () => assert.equal(await a1.exec('nc', '-w', '2', d2.ip, '80'), 'served'))
    await assertReaches(a1, d2.ip)
    await eventually(() => assertReaches(d2, a1.ip))
    await assertReaches(d2, '10.1.2.254')
    await assertReaches(d2, d1.name)
    await assert.rejects(a1.exec('ping', '-c', '1', 'd2'), 'names are of shared networks')
    assert.match(await routesOf(d2), /^10\.1\.1\.0\/24 via 10\.1\.2\.254 dev eth0/m)
  })

  it('are led to networks that come, also when connected to them', async () => {
    const [one, two] = await hosts()
    await create({ app: ['10.1.1.0/24', '10.1.1.1'] })
    const a1 = await runContainer(one, 'app', 'a1')
    await create({ data: ['10.1.2.0/24', '10.1.2.254'], log: ['10.1.3.0/24', '10.1.3.1'] })
    const d2 = await runContainer(two, 'data', 'd2')
    await eventually(() => assertReaches(a1, d2.ip))
    await docker(one, 'network', 'connect', 'data', 'a1')
    await eventually(async () => {
      const routes = await routesOf(a1)
      assert.match(routes, /^10\.1\.2\.0\/24 dev eth\d scope link/m)
      assert.doesNotMatch(routes, /^10\.1\.2\.0\/24 via/m)
      assert.match(routes, /^10\.1\.3\.0\/24 via 10\.1\.[12]\./m)
    })
    await assertReaches(a1, d2.ip)
    await docker(one, 'create', '--name', 'a2', '--net', 'app', 'alpine', 'sleep', '1000')
    await docker(one, 'network', 'connect', 'log', 'a2')
    await docker(one, 'start', 'a2')
    await eventually(() => docker(one, 'exec', 'a2', 'ping', '-c', '1', '-W', '1', d2.ip))
    await docker(one, 'network', 'disconnect', 'app', 'a1')
    await assertReaches(a1, d2.ip)
    for (let n = 1; ; n++) {
      await eventually(async () => assert.match(await routesOf(a1), /^10\.1\.1\.0\/24 via 10\.1\.2\.254/m))
      if (n === 5) break
      await docker(one, 'network', 'connect', 'app', 'a1')
      await docker(one, 'network', 'disconnect', 'app', 'a1')
    }
  })

  it('publish their ports as Docker does, and nothing else is reached from outside', async () => {
    const [one, two] = await hosts()
    await create(both)
    const web = await runContainer(one, 'app', 'web', { args: ['-p', '8080:80'], command: serve })
    const hidden = await runContainer(one, 'app', 'hidden', { command: serve })
    for (const from of [lab().outside, two, one]) {
      await eventually(async () => assert.equal(await read(from, one.address, 8080), 'served', from.name))
    }
    assert.equal(await read(one, '127.0.0.1', 8080), 'served')
    const other = await runContainer(two, 'data', 'd2')
    for (const container of [other, web, hidden]) {
      assert.equal(await container.exec('nc', '-w', '2', one.address, '8080'), 'served', container.name)
    }
    assert.match(await docker(one, 'ps', '--format', '{{.Ports}}'), /0\.0\.0\.0:8080->80\/tcp/)
    assert.match(await docker(one, 'port', 'web'), /^80\/tcp -> 0\.0\.0\.0:8080/)
    const taken = ['docker', 'run', '-d', '--net', 'app', '-p', '8080:80', 'alpine', 'true']
    assert.match((await one.exec(taken, { timeoutMs: 20_000 })).stderr, /port is already allocated/)
    const { outside } = lab()
    await outside.exec(['ip', 'route', 'replace', '10.1.1.0/24', 'via', one.address])
    try {
      for (const { ip } of [web, hidden]) assert.equal(await read(outside, ip, 80), '')
    } finally {
      await outside.exec(['ip', 'route', 'del', '10.1.1.0/24'])
    }
  })

  it('are judged by the policies of their groups, routed and published', async () => {
    const [one, two] = await hosts()
    await create(both)
    await netctl(one, 'policy', 'create', 'db')
    await netctl(one, 'policy', 'rule-add', 'db', '1', '-direction=in', '-protocol=tcp', '-action=deny')
    const open = ['-direction=in', '-protocol=tcp', '-port=80', '-action=allow', '-priority=10']
    await netctl(one, 'policy', 'rule-add', 'db', '2', ...open)
    await netctl(one, 'group', 'create', 'data', 'db', '-policy=db')
    await eventually(async () => assert.ok((await meshNetworks(two)).includes('db.data')))
    assert.equal((await inspect(two, 'network', 'db.data')).IPAM?.Config[0]?.Gateway, '10.1.2.254')
    const ports = ['-p', '8080:80', '-p', '8081:81']
    const command = says({ 80: 'served', 81: 'denied' })
    const db = await runContainer(two, 'db.data', 'db', { args: ports, command })
    const a1 = await runContainer(one, 'app', 'a1')
    await eventually(async () => assert.equal(await a1.exec('nc', '-w', '2', db.ip, '80'), 'served'))
    await assert.rejects(a1.exec('nc', '-w', '2', db.ip, '81'))
    await assertReaches(a1, db.ip)
    await assertReaches(db, a1.ip)
    await eventually(async () => assert.equal(await read(one, two.address, 8080), 'served'))
    assert.equal(await read(one, two.address, 8081), '')
  })

  it('lose nothing when skeind is restarted, and come back with Docker', async () => {
    const [one, two] = await hosts()
    await create(both)
    const a1 = await runContainer(one, 'app', 'a1', { args: ['--restart', 'always', '-p', '8080:80'], command: serve })
    const d2 = await runContainer(two, 'data', 'd2')
    await eventually(() => assertReaches(d2, a1.ip))
    const { sent, lost } = await pingDuring(d2, a1.ip, async () => {
      await one.stopPeer()
      await netctl(two, 'net', 'create', '-s', '10.1.3.0/24', '-g', '10.1.3.1', 'late')
      await one.startPeer()
      await eventually(async () => assert.match(await routesOf(a1), /^10\.1\.3\.0\/24 via 10\.1\.1\.1/m), {
        timeoutMs: 20_000,
      })
    })
    assert.deepEqual(lost, [], `of ${sent}`)
    await one.killEngine()
    await one.startEngine()
    const ip = async () => (await inspect(one, 'container', 'a1')).NetworkSettings?.Networks.app?.IPAddress ?? ''
    await eventually(async () => assertReaches(d2, await ip()), { timeoutMs: 20_000 })
    assert.equal(await read(two, one.address, 8080), 'served')
    assert.match(await routesOf(a1), /^10\.1\.3\.0\/24 via 10\.1\.1\.1/m)
  })

  it('leave nothing behind', async () => {
    const [one] = await hosts()
    const listing = async () => {
      const outputs = await Promise.all(
        [
          ['ip', 'netns', 'list'],
          ['ip', '-o', 'addr', 'show'],
          ['ip', 'route', 'show', 'table', 'all'],
          ['iptables-save'],
          ['nft', '-s', 'list', 'ruleset'],
        ].map(async argv => (await one.exec(argv)).stdout),
      )
      // comments of iptables-save and counters; numbers of devices grow; names are redirected a while after the last container
      return outputs
        .join('')
        .replace(/^#.*$|\[\d+:\d+\]|^\d+: |^.*172\.18\.0\.1.*$/gm, '')
        .replace(/^table ip skein_dns \{[\s\S]*?^\}$/m, '')
    }
    await netctl(one, 'net', 'create', '-s', '10.1.9.0/24', 'plain')
    await eventually(async () => assert.ok((await meshNetworks(one)).includes('plain')))
    await runContainer(one, 'plain', 'first')
    await docker(one, 'rm', '-f', 'first')
    const before = await listing()
    await create(both)
    await runContainer(one, 'app', 'a1', { args: ['-p', '8080:80'] })
    await docker(one, 'rm', '-f', 'a1')
    for (const name of ['app', 'data']) await netctl(one, 'net', 'rm', name)
    await eventually(async () => assert.equal(await listing(), before), { timeoutMs: 15_000 })
    // the bridges of both go at their own time
    const inTenant = async () => (await one.exec(['ip', '-n', 'skein-default', '-o', 'addr', 'show'])).stdout
    await eventually(async () => assert.doesNotMatch(await inTenant(), /10\.1\.[12]\./), { timeoutMs: 15_000 })
  })
})
