import assert from 'node:assert/strict'
import { after, before, describe, it } from 'mocha'
import { bridgeMac, bridgeName } from '../../../src/datapath/names.ts'
import { macOf, parseIp } from '../../../src/model/ip.ts'
import { eventually } from '../../support/eventually.ts'
import { type Host, Lab, sandboxOf, startMesh } from '../datapath/lab.ts'
import { openPorts, tutorialRules } from '../policies/scene.ts'
import { ports, startTalker, type Talker } from '../policies/talker.ts'

describe('gateways: two hosts', function () {
  this.timeout(60_000)
  const lab = new Lab()
  const talkers: Talker[] = []
  let one: Host
  let two: Host
  let app = ''
  let data = ''
  let group = ''
  let lonely = ''

  const inTenant = (host: Host, ...command: string[]) => host.exec('ip', 'netns', 'exec', 'skein-default', ...command)
  const inside = (host: Host, container: string, ...command: string[]) =>
    host.exec('ip', 'netns', 'exec', container, ...command)
  async function network(at: Host, name: string, subnet: string, gateway: string): Promise<string> {
    const id = await at.ask('create', 'default', name, 0, subnet, gateway)
    await at.ask('ensure', id)
    return id
  }
  async function everywhere(name: string, subnet: string, gateway: string): Promise<string> {
    const id = await network(one, name, subnet, gateway)
    await eventually(() => two.ask('knows', id))
    await two.ask('ensure', id)
    return id
  }
  async function container(host: Host, on: string, name: string, ip: string, inGroup = ''): Promise<Talker> {
    await host.container(on, name, ip, inGroup)
    const talker = await startTalker(host, name, ip, ports)
    talkers.push(talker)
    return talker
  }
  const routesOf = (host: Host, name: string) => inside(host, name, 'ip', 'route', 'show')

  let a1: Talker
  let a2: Talker
  let d1: Talker
  let d2: Talker

  before(async () => {
    await lab.up(2)
    ;[one, two] = lab.hosts as [Host, Host]
    await startMesh(lab.hosts)
    app = await everywhere('app', '10.1.1.0/24', '10.1.1.1')
    data = await everywhere('data', '10.1.2.0/24', '10.1.2.254')
    lonely = await everywhere('lonely', '10.1.9.0/24', '')
    group = await one.ask('group', data, 'db', ['db'])
    a1 = await container(one, app, 'a1', '10.1.1.11')
    a2 = await container(two, app, 'a2', '10.1.1.12')
    d1 = await container(one, data, 'd1', '10.1.2.11', group)
    d2 = await container(two, data, 'd2', '10.1.2.12', group)
    await eventually(() => two.pings('a2', '10.1.2.11'))
    await eventually(() => one.pings('a1', '10.1.2.12'))
  })
  after(async () => {
    await Promise.all(talkers.map(talker => talker.stop().catch(() => undefined)))
    await lab.down()
  })

  it('answers on every host with one MAC, and asks nobody over the tunnel', async () => {
    const frames = await lab.underlay(async () => {
      for (const [host, name] of [
        [one, 'a1'],
        [two, 'a2'],
      ] as const) {
        await inside(host, name, 'ip', 'neigh', 'flush', 'all')
        assert.ok(await host.pings(name, '10.1.1.1'))
        assert.match(await inside(host, name, 'ip', 'neigh', 'show', '10.1.1.1'), new RegExp(bridgeMac(app)))
      }
    })
    assert.deepEqual(frames, [])
    assert.ok(await one.pings('a1', '10.1.2.254'), "the other network's gateway")
  })

  it('routes on the host of the sender, on one host and across', async () => {
    for (const [host, name, ip] of [
      [one, 'a1', d1.ip],
      [one, 'a1', d2.ip],
      [two, 'a2', d1.ip],
      [two, 'a2', d2.ip],
      [one, 'd1', a1.ip],
      [one, 'd1', a2.ip],
      [two, 'd2', a1.ip],
    ] as const) {
      assert.ok(await host.pings(name, ip), `${name} -> ${ip}`)
    }
    assert.deepEqual([await openPorts(a1, d1), await openPorts(a1, d2)], [ports, ports])
    assert.deepEqual([await openPorts(d1, a1), await openPorts(d2, a1)], [ports, ports])
    assert.equal(await a1.tries('udp', d2.ip, 9), 'refused', 'errors come back')
  })

  it('judges what is routed as the policies say, at both ends', async () => {
    await one.ask('rules', 'default', 'db', tutorialRules)
    for (const [from, to] of [
      [a1, d1],
      [a1, d2],
      [a2, d1],
      [a2, d2],
    ] as const) {
      await eventually(async () => assert.deepEqual(await openPorts(from, to), [8888], `${from.ip} -> ${to.ip}`))
    }
    assert.deepEqual(await openPorts(d1, a2), ports)
    const rules = ['nft', 'flush', 'chain', 'inet', 'skein', 'forwarded']
    await inTenant(one, ...rules)
    assert.deepEqual(await openPorts(a1, d2), [8888], 'the receiver alone')
    await eventually(async () => assert.match(await inTenant(one, 'nft', 'list', 'ruleset'), /ct mark set/), 10_000)
    await two.ask('rules', 'default', 'db', {}, ['1', '2'])
    await eventually(async () => assert.deepEqual(await openPorts(a1, d2), ports))
  })

  it('leaves networks without a gateway alone: nothing is routed out of them or into them', async () => {
    const alone = await container(one, lonely, 'l1', '10.1.9.11')
    assert.equal(await routesOf(one, 'l1'), '10.1.9.0/24 dev eth0 proto kernel scope link src 10.1.9.11 \n')
    // the bridge's MAC is no secret
    await inside(one, 'l1', 'ip', 'neigh', 'add', '10.1.9.1', 'lladdr', bridgeMac(lonely), 'dev', 'eth0')
    await inside(one, 'l1', 'ip', 'route', 'add', '10.1.0.0/16', 'via', '10.1.9.1')
    const before = await received(one, 'd1')
    assert.equal(await alone.tries('udp', d1.ip, 8888), false)
    assert.equal(await received(one, 'd1'), before)
    await inside(one, 'a1', 'ip', 'route', 'add', '10.1.9.0/24', 'via', '10.1.1.1')
    assert.match(String(await a1.tries('tcp', alone.ip, 8888)), /EHOSTUNREACH|ENETUNREACH/)
  })

  it('lets nobody else be the gateway', async () => {
    await inside(two, 'a2', 'ip', 'addr', 'add', '10.1.1.1/32', 'dev', 'eth0')
    await inside(two, 'a2', 'arping', '-q', '-c', '2', '-A', '-I', 'eth0', '10.1.1.1').catch(() => undefined)
    await inside(one, 'a1', 'ip', 'neigh', 'flush', 'all')
    assert.ok(await one.pings('a1', d1.ip))
    await inside(two, 'a2', 'ip', 'addr', 'del', '10.1.1.1/32', 'dev', 'eth0')
    // a record that says so does not lead the frames away either
    const record = (id: string, address: string) => {
      const ip = parseIp(address) ?? 0
      return { kind: 'endpoint' as const, id, network: app, ip, mac: macOf(ip), container: id, containerName: '' }
    }
    await two.ask('write', record('thief', '10.1.1.1'))
    await two.ask('write', record('later', '10.1.1.77'))
    // the thief's is there too then, and is no endpoint
    await eventually(async () => (await one.ask('endpoints', app)) === 3)
    await inside(one, 'a1', 'ip', 'neigh', 'flush', 'all')
    assert.ok(await one.pings('a1', d2.ip))
    assert.match(await inside(one, 'a1', 'ip', 'neigh', 'show', '10.1.1.1'), new RegExp(bridgeMac(app)))
    await two.ask('write', { kind: 'endpoint-rm', id: 'later', network: app })
  })

  it('leads containers that run to networks that come, and forgets those that go', async () => {
    const late = await everywhere('late', '10.1.3.0/24', '10.1.3.1')
    const l1 = await container(two, late, 'late1', '10.1.3.11')
    await eventually(async () => assert.match(await routesOf(one, 'a1'), /^10\.1\.3\.0\/24 via 10\.1\.1\.1 /m))
    await eventually(async () => assert.deepEqual(await openPorts(a1, l1), ports))
    await eventually(async () => assert.match(await routesOf(two, 'late1'), /^10\.1\.1\.0\/24 via 10\.1\.3\.1 /m))
    await two.ask('detach', late, `${two.name}-late1`)
    await two.ask('write', { kind: 'endpoint-rm', id: `${two.name}-late1`, network: late })
    await one.ask('removeRecord', late)
    for (const host of lab.hosts) {
      await eventually(async () => !(await host.ask('knows', late)))
      await host.ask('remove', late)
    }
    await eventually(async () => assert.doesNotMatch(await routesOf(one, 'a1'), /10\.1\.3\./))
    for (const host of lab.hosts) {
      const left = (await inTenant(host, 'ip', 'addr')) + (await inTenant(host, 'nft', 'list', 'ruleset'))
      assert.ok(!left.includes(bridgeName(late)) && !left.includes('10.1.3.1'), left)
    }
  })

  it('goes on while the peer is away, and keeps what the next one finds', async () => {
    const stream = await a1.stream(d2.ip, 8889, 5)
    const connection = await a1.open(d2.ip, 8888)
    await one.killPeer()
    assert.ok(await a1.say(connection))
    const late = await network(two, 'later', '10.1.4.0/24', '10.1.4.1')
    assert.equal(await two.ask('knows', late), true)
    await one.startPeer()
    await eventually(async () => (await one.ask('status')).lastCompareMs !== undefined, 10_000)
    assert.ok(await a1.say(connection))
    const { sent, lost } = await stream.stop()
    assert.ok(sent > 100)
    assert.deepEqual(lost, [])
    await one.ask('locate', app, `${one.name}-a1`, sandboxOf('a1'))
    await eventually(async () => assert.match(await routesOf(one, 'a1'), /^10\.1\.4\.0\/24 via 10\.1\.1\.1 /m))
  })

  it('puts right what somebody changed in the kernel', async () => {
    const bridge = bridgeName(app)
    await inTenant(one, 'ip', 'addr', 'flush', 'dev', bridge)
    await inTenant(one, 'sysctl', '-q', '-w', `net.ipv4.conf.${bridge}.forwarding=0`)
    await one.ask('ensure', app)
    assert.ok(await one.pings('a1', d1.ip))
  })

  const received = async (host: Host, name: string) =>
    Number((await inside(host, name, 'cat', '/sys/class/net/eth0/statistics/rx_packets')).trim())
})
