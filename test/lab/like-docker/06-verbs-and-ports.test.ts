import assert from 'node:assert/strict'
import type { LabHost, LabNode } from '../../../lab/index.ts'
import { three } from '../acceptance/cli.ts'
import {
  assertCutOff,
  assertReaches,
  type Container,
  docker,
  eventually,
  inspect,
  ping,
  runContainer,
  useLab,
} from '../support/index.ts'
import { createNetworks, endpointsOf, forwards, places } from './mesh.ts'

/** Where a running container is on a network; an address of '' if it is not. */
async function placeOf(container: Container, network: string): Promise<{ ip: string; mac: string }> {
  const { NetworkSettings } = await inspect(container.host, 'container', container.name)
  const place = NetworkSettings?.Networks[network]
  return { ip: place?.IPAddress ?? '', mac: place?.MacAddress ?? '' }
}

describe('like Docker: its other verbs', function () {
  this.timeout(60_000)
  const lab = useLab()

  it('network connect and disconnect of a running container, several networks in one', async () => {
    const hosts = lab().hosts()
    const [one, two] = three(hosts)
    await createNetworks(hosts, { web: '10.1.2.0/24', db: '10.1.3.0/24', log: '10.1.4.0/24' })
    const [app, onWeb, onDb] = await Promise.all([
      runContainer(one, 'web', 'app'),
      runContainer(two, 'web', 'on-web'),
      runContainer(two, 'db', 'on-db'),
    ])
    await assertCutOff(app, onDb.ip, { count: 1 })
    await docker(one, 'network', 'connect', 'db', 'app')
    await docker(one, 'network', 'connect', 'log', 'app')
    const db = await placeOf(app, 'db')
    await eventually(async () => assert.ok(await forwards(two, db.mac)))
    await assertReaches(app, onWeb.ip)
    await assertReaches(app, onDb.ip)
    await assertReaches(onDb, db.ip)
    assert.deepEqual(await places(two, 'db'), [`app ${db.ip}`, `on-db ${onDb.ip}`].sort())
    assert.match(await app.exec('ip', 'route'), /^default via 172\./m, 'the way out stays')

    await docker(one, 'network', 'disconnect', 'db', 'app')
    await eventually(async () => {
      assert.deepEqual(await places(two, 'db'), [`on-db ${onDb.ip}`])
      assert.equal(await forwards(two, db.mac), false)
    })
    await assertCutOff(onDb, db.ip, { count: 1 })
    await assertReaches(app, onWeb.ip)
    // the network that it was run on, too
    await docker(one, 'network', 'disconnect', 'web', 'app')
    await assertCutOff(onWeb, app.ip, { count: 1 })
    await docker(one, 'network', 'connect', 'web', 'app')
    await assertReaches(onWeb, (await placeOf(app, 'web')).ip)
  })

  it('rename: every host knows the new name, and nothing else changes', async () => {
    const hosts = lab().hosts()
    const [one, two] = three(hosts)
    await createNetworks(hosts, { web: '10.1.2.0/24' })
    const before = await runContainer(one, 'web', 'before')
    await eventually(async () => assert.deepEqual(await places(two, 'web'), [`before ${before.ip}`]))
    await docker(one, 'rename', 'before', 'after')
    await eventually(async () => assert.deepEqual(await places(two, 'web'), [`after ${before.ip}`]), {
      timeoutMs: 3000,
    })
    await assertReaches(await runContainer(two, 'web', 'other'), before.ip)
  })

  it('stop, start, restart, pause, kill: addresses, records and forwarding follow on every host', async () => {
    const hosts = lab().hosts()
    const [one, two, three3] = three(hosts)
    await createNetworks(hosts, { web: '10.1.2.0/24' })
    const [app, client] = await Promise.all([runContainer(one, 'web', 'app'), runContainer(two, 'web', 'client')])
    const gone = (mac: string) =>
      eventually(
        async () => {
          for (const host of [two, three3]) assert.deepEqual(await places(host, 'web'), [`client ${client.ip}`])
          assert.equal(await forwards(two, mac), false)
        },
        { timeoutMs: 3000 },
      )
    const isReached = async () => {
      const place = await placeOf(app, 'web')
      await assertReaches(client, place.ip)
      await eventually(async () =>
        assert.deepEqual(await places(three3, 'web'), [`app ${place.ip}`, `client ${client.ip}`].sort()),
      )
      return place
    }
    await docker(one, 'stop', 'app')
    await gone(app.mac)
    await docker(one, 'start', 'app')
    await isReached()
    await docker(one, 'restart', 'app')
    const { ip, mac } = await isReached()
    await docker(one, 'pause', 'app')
    assert.ok(await forwards(two, mac), 'a paused container keeps its place')
    await docker(one, 'unpause', 'app')
    assert.equal((await isReached()).ip, ip)
    await docker(one, 'kill', 'app')
    await gone(mac)
    await docker(one, 'rm', 'app')
    assert.equal((await endpointsOf(one, 'web')).length, 1)
  })
})

/** One TCP connection, as `nc -zvw 1` makes it. */
async function connects(from: LabNode, address: string, port: number): Promise<boolean> {
  const { code } = await from.exec(['busybox', 'nc', '-w', '1', address, String(port)], { input: '', timeoutMs: 5000 })
  return code === 0
}

/** What the service at the TCP port says by itself. */
async function readTcp(from: LabNode, address: string, port: number): Promise<string> {
  const { stdout } = await from.exec(['busybox', 'nc', '-w', '2', address, String(port)], {
    timeoutMs: 5000,
    input: '',
  })
  return stdout.trim()
}

const udpClient = `
const [address, port] = process.argv.slice(1)
const socket = require('node:dgram').createSocket('udp4')
socket.on('message', text => { console.log(String(text).trim()); process.exit(0) })
setTimeout(() => process.exit(1), 1000)
socket.send('hello', Number(port), address)`

/** What the UDP service answers to a datagram. */
async function askUdp(from: LabNode, address: string, port: number): Promise<string> {
  return (await from.exec([process.execPath, '-e', udpClient, address, String(port)])).stdout.trim()
}

const tcpService = (port: number) => `nc -ll -p ${port} -e echo tcp-${port} &`

/** Answers the first datagram, then ends. */
const udpServer = `
const port = Number(process.argv[1])
const socket = require('node:dgram').createSocket('udp4')
socket.on('message', (_text, from) => socket.send('udp-' + port, from.port, from.address, () => process.exit()))
socket.bind(port)`

/** A UDP service in the container: busybox has none, so it is this machine's Node, in the container's network. */
async function serveUdp(container: Container, port: number): Promise<void> {
  const pid = await docker(container.host, 'inspect', '-f', '{{.State.Pid}}', container.name)
  const argv = ['nsenter', '-t', pid, '-n', process.execPath, '-e', udpServer, String(port)]
  assert.equal((await container.host.exec(argv, { timeoutMs: 10_000 })).code, 0, 'somebody asked')
}

describe('like Docker: ports and the outside', function () {
  this.timeout(60_000)
  const lab = useLab()

  async function onWeb(): Promise<[LabHost, LabHost]> {
    const hosts = lab().hosts()
    await createNetworks(hosts, { 'contiv-net': '10.1.2.0/24' })
    const [one, two] = three(hosts)
    return [one, two]
  }

  it("chapter 4's lines: -p 9099:9099, before and after, and the rule in iptables", async () => {
    const [one, two] = await onWeb()
    assert.equal(await connects(one, 'localhost', 9099), false)
    const run = ['run', '-itd', '-p', '9099:9099', '--name=contiv-exposed', '--net=contiv-net', 'alpine', '/bin/sh']
    await docker(one, ...run)
    assert.equal(await connects(one, 'localhost', 9099), true)
    const rules = (await one.exec(['iptables', '-t', 'nat', '-L', '-n'])).stdout
    const eth1 = /inet (172\.[\d.]+)/.exec(
      await docker(one, 'exec', 'contiv-exposed', 'ip', 'addr', 'show', 'eth1'),
    )?.[1]
    assert.ok(eth1)
    assert.match(rules, new RegExp(`^DNAT +(6|tcp) .*tcp dpt:9099 to:${eth1.replaceAll('.', '\\.')}:9099`, 'm'))
    assert.match(rules, /^MASQUERADE .*172\.18\.0\.0\/16/m)
    assert.match(await docker(one, 'ps', '--format', '{{.Ports}}'), /0\.0\.0\.0:9099->9099\/tcp/)

    await docker(one, 'exec', '-d', 'contiv-exposed', 'sh', '-c', tcpService(9099))
    for (const from of [lab().outside, two, one]) {
      await eventually(async () => assert.equal(await readTcp(from, one.address, 9099), 'tcp-9099', from.name))
    }
    // the network's own address needs no published port
    const client = await runContainer(two, 'contiv-net', 'client')
    const { NetworkSettings } = await inspect(one, 'container', 'contiv-exposed')
    const ip = NetworkSettings?.Networks['contiv-net']?.IPAddress ?? ''
    assert.equal(await client.exec('nc', '-w', '2', ip, '9099'), 'tcp-9099')
    await docker(one, 'rm', '-f', 'contiv-exposed')
    assert.equal(await connects(one, 'localhost', 9099), false)
  })

  it('-p with UDP, with another port, and with ranges, from the outside', async () => {
    const [one] = await onWeb()
    const { outside } = lab()
    const services = [tcpService(80), tcpService(7001), tcpService(7002), tcpService(7003)].join(' ')
    const ports = ['-p', '8080:80', '-p', '7001-7003:7001-7003', '-p', '5300:5353/udp', '-p', '127.0.0.1:6001:7001']
    const command = ['sh', '-c', `trap exit TERM; ${services} while :; do sleep 1; done`]
    const container = await runContainer(one, 'contiv-net', 'services', { args: ports, command })
    const wanted: [port: number, answer: string][] = [
      [8080, 'tcp-80'],
      [7001, 'tcp-7001'],
      [7002, 'tcp-7002'],
      [7003, 'tcp-7003'],
    ]
    for (const [port, answer] of wanted) {
      await eventually(async () => assert.equal(await readTcp(outside, one.address, port), answer))
    }
    const served = serveUdp(container, 5353)
    await eventually(async () => assert.equal(await askUdp(outside, one.address, 5300), 'udp-5353'))
    await served
    assert.equal(await readTcp(one, '127.0.0.1', 6001), 'tcp-7001')
    assert.equal(await connects(outside, one.address, 6001), false)
  })

  it('containers reach the outside by address and by name', async () => {
    const [one, two] = await onWeb()
    for (const host of [one, two]) {
      const container = await runContainer(host, 'contiv-net', `c-${host.name}`)
      await assertReaches(container, '192.168.2.254')
      assert.deepEqual((await ping(container, 'outside.lab')).lost, [])
      assert.match(await container.exec('nslookup', 'outside.lab'), /192\.168\.2\.254/)
    }
  })
})
