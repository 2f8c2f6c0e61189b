import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { LabHost } from '../../../lab/index.ts'
import { assertAgree, netctl } from '../acceptance/cli.ts'
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
import { createNetworks, endpointsOf, places } from './mesh.ts'

/** Docker without its plugin: each of its calls is tried for 15 s, and three or four follow one another. */
const withoutPluginMs = 90_000

/** The container `name` as it runs now, on `web`; fails while it does not. */
async function running(host: LabHost, name: string): Promise<Container> {
  const state = await docker(host, 'inspect', '-f', '{{.State.Status}} {{.State.Error}}', name)
  assert.equal(state, 'running', `${host.name}: ${name}`)
  const { Id, NetworkSettings } = await inspect(host, 'container', name)
  const place = NetworkSettings?.Networks.web
  assert.ok(place?.IPAddress, `${name} is on web`)
  const exec = (...argv: string[]) => docker(host, 'exec', name, ...argv)
  return { host, name, id: Id, ip: place.IPAddress, mac: place.MacAddress, exec }
}

describe('restarts in any order', function () {
  this.timeout(150_000)
  const lab = useLab({ own: true, hosts: 4, clean: false })
  let hosts: [LabHost, LabHost, LabHost, LabHost]
  /** What takes Docker a minute goes on beside the other tests, on hosts 3 and 4. */
  let longWithout: Promise<void>
  let removedMeanwhile: Promise<void>
  const lost = new Map<string, Container>()

  before(async () => {
    const [one, two, three, four] = lab().hosts()
    assert.ok(one && two && three && four)
    hosts = [one, two, three, four]
    await createNetworks(hosts, { web: '10.1.2.0/24' })
    await Promise.all(
      hosts.map(host => runContainer(host, 'web', `always-${host.number}`, { args: ['--restart=always'] })),
    )
    for (const host of [three, four]) lost.set(host.name, await runContainer(host, 'web', `lost-${host.number}`))
    await three.killPeer()
    await three.killEngine()
    longWithout = startWithoutPeer(three)
    // not on host 3: each network of ours holds up its engine's start by another 15 s
    await createNetworks([one, two, four], { byhand: '10.1.3.0/24', doomed: '10.1.4.0/24' })
    removedMeanwhile = removeWithoutPeer(four)
    for (const work of [longWithout, removedMeanwhile]) work.catch(() => {}) // awaited, and so reported, below
  })

  /** The engine starts and gives everything up before the peer comes; what Docker had to say is lost. */
  async function startWithoutPeer(host: LabHost): Promise<void> {
    await host.startEngine()
    assert.match(await docker(host, 'ps', '-a', '--format', '{{.Names}} {{.Status}}'), /^always-3 Exited/m)
    await docker(host, 'rm', 'lost-3')
    await host.startPeer()
  }

  /** A container and a network are removed by hand, and a network by another host. */
  async function removeWithoutPeer(host: LabHost): Promise<void> {
    await host.stopPeer()
    await netctl(hosts[0], 'net', 'rm', 'doomed')
    await Promise.all([
      host.exec(['docker', 'rm', '-f', 'lost-4'], { timeoutMs: withoutPluginMs }),
      host.exec(['docker', 'network', 'rm', 'byhand'], { timeoutMs: withoutPluginMs }),
    ])
    assert.deepEqual(await meshNetworks(host), ['doomed', 'web'])
    assert.doesNotMatch(await docker(host, 'ps', '-a'), /lost-4/)
    await host.startPeer()
  }

  /** Its restart=always container runs again, is on web under its name, and talks with the other host's, both ways. */
  async function isBack(host: LabHost, other: LabHost): Promise<Container> {
    const came = await eventually(() => running(host, `always-${host.number}`), { timeoutMs: 20_000 })
    const there = await running(other, `always-${other.number}`)
    await eventually(() => assertReaches(came, there.ip))
    await assertReaches(there, came.ip)
    await eventually(() => assertReaches(there, came.name, { count: 1 }))
    await eventually(async () => {
      const seen = (await places(other, 'web')).filter(place => place.startsWith(`${came.name} `))
      assert.deepEqual(seen, [`${came.name} ${came.ip}`])
    })
    return came
  }

  it('an engine that is stopped and started, and one that is killed, brings its containers back', async () => {
    const [one, two] = hosts
    await one.stopEngine()
    await one.startEngine()
    await isBack(one, two)
    await two.killEngine()
    await two.startEngine()
    await isBack(two, one)
  })

  it('a killed engine with live-restore: no packet is lost, nothing changes', async () => {
    const [one, two] = hosts
    await one.stopEngine()
    await one.startEngine({ liveRestore: true })
    const [before, there] = [await isBack(one, two), await running(two, 'always-2')]
    const { lost: missing, sent } = await pingDuring(there, before.ip, async () => {
      await one.killEngine()
      await one.startEngine({ liveRestore: true })
    })
    assert.ok(sent > 5)
    assert.deepEqual(missing, [])
    assert.equal((await isBack(one, two)).ip, before.ip)
    await one.killEngine()
    await one.startEngine()
    await isBack(one, two)
  })

  it('an engine that starts before the peer waits for it', async () => {
    const [one, two] = hosts
    await one.killPeer()
    await one.killEngine()
    const started = one.startEngine()
    const before = readFileSync(one.engineLog, 'utf8').length
    await eventually(() => assert.match(readFileSync(one.engineLog, 'utf8').slice(before), /mesh\.sock.* retrying/))
    await one.startPeer()
    await started
    await isBack(one, two)
  })

  it('hosts that lose their power come back, engine first or peer first, at once', async () => {
    const [one, two] = hosts
    await Promise.all([one.cutPower(), two.cutPower()])
    for (const host of [one, two]) assert.equal((await host.exec(['ip', 'netns'])).stdout, '')
    const engine = one.startEngine()
    await two.startPeer()
    await two.startEngine()
    await one.startPeer()
    await engine
    await isBack(one, two)
    await isBack(two, one)
  })

  it('restarts on both sides of a split: containers come back there, and all is one after the heal', async () => {
    const [one, two] = hosts
    await lab().split(['1 3', '2 4'])
    for (const host of [one, two]) {
      await host.killEngine()
      await host.killPeer()
      await host.startPeer()
      await host.startEngine()
    }
    const came = await Promise.all(
      [one, two].map(host => eventually(() => running(host, `always-${host.number}`), { timeoutMs: 20_000 })),
    )
    assert.notEqual(came[0]?.ip, came[1]?.ip)
    await lab().heal()
    await assertAgree([one, two], 15_000)
    await isBack(one, two)
  })

  it('an engine that was long without the peer: Skein starts what Docker gave up', async () => {
    const [one, , three] = hosts
    await longWithout
    await isBack(three, one)
  })

  it('what was removed while the peer was down is collected: address free, endpoint gone everywhere', async () => {
    const [one, , three, four] = hosts
    await removedMeanwhile
    await eventually(async () => assert.deepEqual(await meshNetworks(four), ['byhand', 'web']))
    await isBack(four, one)
    await eventually(
      async () => {
        for (const host of hosts) {
          const seen = (await endpointsOf(host, 'web')).map(each => each.containerName)
          assert.deepEqual(
            seen.filter(name => name.startsWith('lost-')),
            [],
            `${host.name} knows them still`,
          )
          for (const other of hosts) {
            assert.equal(
              seen.filter(name => name === `always-${other.number}`).length,
              1,
              `${host.name}: ${other.name}`,
            )
          }
        }
      },
      { timeoutMs: 60_000 },
    )
    for (const host of [three, four]) {
      const ip = lost.get(host.name)?.ip ?? ''
      const again = await runContainer(host, 'web', `again-${host.number}`, { args: ['--ip', ip] })
      assert.equal(again.ip, ip)
    }
    for (const host of hosts) assert.deepEqual(await places(host, 'byhand'), [])
  })
})
