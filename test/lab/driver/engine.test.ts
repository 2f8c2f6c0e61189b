/** The Docker side against a real engine: the shapes it shows, the calls it makes, what is left afterwards. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'mocha'
import { createDockerClient } from '../../../src/driver/docker-client.ts'
import type { Driver, Method, RequestOf } from '../../../src/driver/protocol.ts'
import { createReconciler, type Reconciler } from '../../../src/driver/reconciler.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { eventually, type Host, newHost, range } from '../../unit/driver/fixture.ts'
import { createEngine, type Engine, loadImage } from './engine.ts'

describe('docker driver on a real engine', function () {
  this.timeout(60_000)
  let engine: Engine
  let host: Host
  let reconciler: Reconciler
  let id: string
  const calls: string[] = []

  const inspect = async (name: string) => JSON.parse(await engine.docker('network', 'inspect', name))[0]
  const names = async () => (await engine.docker('network', 'ls', '--format', '{{.Name}}')).split('\n')
  const appears = (name: string) => eventually(`network ${name}`, async () => (await names()).includes(name))
  const callsOf = async (...args: string[]) => {
    calls.length = 0
    await engine.docker(...args)
    return [...calls]
  }

  before(async () => {
    engine = await createEngine()
    host = await newHost(false, `${engine.pluginDir}/mesh.sock`)
    Object.assign(host.driver.handlers, recorded(host.driver.handlers, calls))
    plugIn(host, engine)
    const { peer, ipam, datapath, driver } = host
    const docker = createDockerClient(engine.host)
    const base = { replica: peer.replica, ipam, datapath, docker, clock: systemClock, log: silentLogger }
    reconciler = createReconciler({ ...base, ...driver, driverName: 'mesh', range })
    reconciler.start()
    await engine.start()
    await loadImage(engine)
    id = await host.create('contiv-net', '10.1.2.0/24')
    await appears('contiv-net')
  })

  after(async () => {
    await reconciler?.stop()
    await engine?.remove()
    await host?.stop()
  })

  it('shows a network as in the tutorial: options, driver, and a subnet without a gateway', async () => {
    const shown = await inspect('contiv-net')
    const { 'pkt-tag': tag, ...options } = shown.Options
    assert.match(tag, /^\d+$/)
    assert.deepEqual(options, { encap: 'vxlan', tenant: 'default', 'skein.id': id })
    assert.deepEqual(shown.IPAM, { Driver: 'mesh', Options: { 'skein.id': id }, Config: [{ Subnet: '10.1.2.0/24' }] })
    assert.deepEqual([shown.Driver, shown.Scope], ['mesh', 'local'])
  })

  it('runs a container: eth0 of ours with its MAC and MTU, the default route over eth1, no route to the base address', async () => {
    const made = await callsOf('run', '-d', '--name', 'c1', '--net', 'contiv-net', 'alpine')
    assert.deepEqual(made, ['RequestAddress', 'CreateEndpoint', 'Join'])
    await eventually('name', () => host.peer.replica.view.endpoints(id)[0]?.containerName === 'c1')
    const link = await engine.docker('exec', 'c1', 'ip', 'addr', 'show', 'eth0')
    assert.match(link, /mtu 1450[\s\S]*02:02:0a:01:02:[\da-f]{2}[\s\S]*inet 10\.1\.2\.\d+\/24/)
    const routes = (await engine.docker('exec', 'c1', 'ip', 'route'))
      .split('\n')
      .filter(route => !route.startsWith('172'))
    assert.equal(routes.length, 2)
    assert.match(routes[0] ?? '', /^default via 172\.\d+\.0\.1 dev eth1/)
    assert.match(routes[1] ?? '', /^10\.1\.2\.0\/24 dev eth0/)
  })

  it('gives everything back at stop, and a new endpoint at start', async () => {
    const [before] = host.peer.replica.view.endpoints(id)
    const stopped = await callsOf('stop', '-t', '0', 'c1')
    assert.deepEqual(stopped, ['Leave', 'DeleteEndpoint', 'ReleaseAddress'])
    assert.deepEqual([host.peer.replica.view.endpoints(id), host.ipam.held(id)], [[], []])
    assert.deepEqual(await callsOf('start', 'c1'), ['RequestAddress', 'CreateEndpoint', 'Join'])
    assert.notEqual(host.peer.replica.view.endpoints(id)[0]?.id, before?.id)
  })

  it('shows refusals as they were written', async () => {
    await assert.rejects(
      engine.docker('network', 'create', '-d', 'mesh', '--ipam-driver', 'mesh', '--subnet', '10.1.2.0/25', 'x'),
      /network contiv-net conflicts with subnet 10\.1\.2\.0\/25/,
    )
    await assert.rejects(
      engine.docker('network', 'create', '-d', 'mesh', '--subnet', '10.9.0.0/24', 'x'),
      /NetworkDriver\.CreateNetwork: without --ipam-driver mesh/,
    )
  })

  it('re-creates what was removed by hand, and makes way for a network of that name', async () => {
    const before = (await inspect('contiv-net')).Id
    await engine.docker('rm', '-f', 'c1')
    await engine.docker('network', 'rm', 'contiv-net')
    await appears('contiv-net')
    assert.notEqual((await inspect('contiv-net')).Id, before)
    await engine.docker('network', 'create', 'taken')
    const other = await host.create('taken', '10.7.0.0/24')
    await appears(`taken~${other.slice(0, 6)}`)
    assert.equal((await inspect('taken')).Driver, 'bridge')
  })

  it('keeps a deleted network while a container is on it, and removes it with the container', async () => {
    await engine.docker('run', '-d', '--name', 'c2', '--net', 'contiv-net', 'alpine')
    await host.remove(id)
    await eventually('condition', () => reconciler.conditions().some(({ text }) => text.includes('still use it')))
    assert.ok((await names()).includes('contiv-net'))
    await engine.docker('rm', '-f', 'c2')
    await eventually('network gone', async () => !(await names()).includes('contiv-net'))
  })

  it('finds its networks again after the engine was killed, and is left with nothing of its containers', async () => {
    const web = await host.create('web', '10.1.3.0/24')
    await appears('web')
    const dockerId = (await inspect('web')).Id
    await engine.docker('run', '-d', '--name', 'c3', '--net', 'web', 'alpine')
    await engine.kill()
    await eventually('Docker is away', () => !reconciler.dockerIsUp())
    assert.equal(host.peer.replica.view.endpoints(web).length, 1)
    await engine.start()
    await eventually('Docker is back', () => reconciler.dockerIsUp())
    assert.equal((await inspect('web')).Id, dockerId)
    assert.deepEqual([host.peer.replica.view.endpoints(web), host.ipam.held(web)], [[], []])
    await engine.docker('start', 'c3')
    assert.equal(host.peer.replica.view.endpoints(web).length, 1)
  })
})

/** The handlers, noting each call that they succeed in. */
function recorded(handlers: Driver, calls: string[]): Driver {
  const wrap = <M extends Method>(method: M) => {
    const handler: Driver[M] = handlers[method]
    const noting = async (request: RequestOf<M>, signal: AbortSignal) => {
      const answer = await handler(request, signal)
      calls.push(method.replace(/^.*\./, ''))
      return answer
    }
    return [method, noting]
  }
  return Object.fromEntries((Object.keys(handlers) as Method[]).map(wrap)) as Driver
}

/** A veth pair in the engine's namespace in place of the data path's. */
function plugIn({ datapath }: Host, engine: Engine): void {
  datapath.attach = async ({ endpointId }) => {
    const name = endpointId.slice(0, 8)
    const peer = ['peer', 'name', `v${name}`, 'mtu', '1450']
    await engine.ip('link', 'add', `c${name}`, 'mtu', '1450', 'type', 'veth', ...peer)
    return { ifName: `c${name}`, mtu: 1450 }
  }
  datapath.detach = async (_network, endpointId) => {
    await engine.ip('link', 'del', `v${endpointId.slice(0, 8)}`).catch(() => {}) // it goes with the container
  }
}
