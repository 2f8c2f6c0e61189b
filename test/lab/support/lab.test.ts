import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { downLab, type LabHost, type LabNode, openLab, upLab } from '../../../lab/index.ts'
import { dataDir, labMark, stateDir } from '../../../lab/plan.ts'
import { findProcesses } from '../../../lab/sweep.ts'
import { docker, runContainer } from './docker.ts'
import { eventually } from './eventually.ts'
import { useLab } from './lab.ts'
import { assertReaches, ping } from './ping.ts'

async function reaches(from: LabNode, address: string): Promise<boolean> {
  return (await from.exec(['ping', '-c', '1', '-W', '1', address])).code === 0
}

function pair(hosts: LabHost[]): [LabHost, LabHost, LabHost] {
  const [first, second, third] = hosts
  assert.ok(first && second && third, 'three hosts')
  return [first, second, third]
}

describe('lab: hosts and engines', function () {
  this.timeout(60_000)
  const lab = useLab({ own: true, peers: false })

  it('gives each host its name, its resolver and its own named namespaces', async () => {
    for (const host of lab().hosts()) {
      assert.equal((await host.exec(['hostname'])).stdout, `${host.name}\n`)
      assert.equal((await host.exec(['cat', '/etc/resolv.conf'])).stdout, 'nameserver 192.168.2.254\n')
      assert.equal((await host.exec(['ip', 'netns', 'add', 'same-name'])).code, 0)
    }
    assert.ok(!existsSync('/run/netns/same-name'))
  })

  it('gives containers an outside: route, translation, names', async () => {
    const [host] = pair(lab().hosts())
    const container = await runContainer(host, 'bridge', 'aa')
    await assertReaches(container, 'outside.lab')
    assert.match(await container.exec('nslookup', 'host2.lab'), /Address: 192\.168\.2\.11/)
    const unknown = await host.exec(['docker', 'exec', 'aa', 'nslookup', 'no-such.example'], { timeoutMs: 4000 })
    assert.match(unknown.stdout, /NXDOMAIN/)
  })

  it('splits in both directions or in one, and heals', async () => {
    const [one, two, three] = pair(lab().hosts())
    await lab().split(['1 2', '3'])
    const split = [reaches(one, two.address), reaches(one, three.address), reaches(three, one.address)]
    assert.deepEqual(await Promise.all(split), [true, false, false])
    assert.ok(await reaches(three, '192.168.2.254'), 'the outside stays')
    assert.deepEqual(
      (await lab().status()).map(host => host.cutFrom.join(' ')),
      ['host3', 'host3', 'host1 host2'],
    )

    await lab().split(['1', '2'], { oneWay: true })
    assert.ok(await reaches(one, three.address), 'in place of the earlier split')
    const seen = one.exec(['timeout', '5', 'tcpdump', '-lni', 'eth0', '-c', '1', 'src', two.address])
    const pings = await two.exec(['ping', '-c', '15', '-i', '0.1', '-W', '1', one.address])
    assert.equal(pings.code, 1, 'answers are lost')
    assert.equal((await seen).code, 0, 'what the second sends arrives')

    await lab().heal()
    await eventually(async () => assert.ok(await reaches(two, one.address)))
  })

  it('refuses a split that names no host, and leaves the one there is', async () => {
    await lab().split(['1', '2'])
    await assert.rejects(lab().split(['1', '9']), /the lab has no host '9'/)
    assert.deepEqual(
      (await lab().status()).map(host => host.cutFrom.join(' ')),
      ['host2', 'host1', ''],
    )
  })

  it('lets TCP between hosts pass, as Swarm needs it', async () => {
    const [one, two] = pair(lab().hosts())
    const server = one.exec(['busybox', 'nc', '-l', '-p', '2377'], { input: '', timeoutMs: 10_000 })
    const send = () => two.exec(['busybox', 'nc', '-w', '2', one.address, '2377'], { input: 'hello' })
    await eventually(async () => assert.equal((await send()).code, 0))
    assert.equal((await server).stdout, 'hello')
  })

  it('kills an engine without its containers, and starts it again', async () => {
    const [host] = pair(lab().hosts())
    const container = await runContainer(host, 'bridge', 'aa')
    await host.killEngine()
    assert.equal(host.enginePid(), undefined)
    assert.ok(await reaches(host, container.ip), 'the container goes on')
    await host.startEngine()
    assert.equal(await docker(host, 'ps', '-aq', '--no-trunc'), container.id)
  })

  it('adds a host', async () => {
    const added = await lab().addHost({ peer: false })
    assert.deepEqual([added.name, added.address], ['host4', '192.168.2.13'])
    const container = await runContainer(added, 'bridge', 'aa')
    assert.deepEqual((await ping(container, 'host1.lab')).lost, [])
  })

  it('refuses a second lab', async () => {
    await assert.rejects(upLab({ hosts: 1 }), /skein lab down/)
    assert.equal(openLab().hosts().length, lab().hosts().length)
  })
})

describe('lab: down', function () {
  this.timeout(60_000)
  const lab = useLab({ own: true, hosts: 1, peers: false })

  it('removes all, containers of a killed engine too', async () => {
    const host = lab().host('1')
    await runContainer(host, 'bridge', 'aa', { args: ['--restart', 'always'] })
    await host.killEngine()
    await downLab()
    assert.deepEqual(findProcesses(), [])
    for (const path of [stateDir, dataDir]) assert.ok(!existsSync(path), path)
    for (const tree of ['', 'memory', 'unified']) assert.ok(!existsSync(`/sys/fs/cgroup/${tree}/${labMark}`), tree)
    assert.throws(() => openLab(), /no lab is up/)
  })
})
