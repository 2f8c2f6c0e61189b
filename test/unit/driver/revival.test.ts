import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createReconciler, type Reconciler } from '../../../src/driver/reconciler.ts'
import { type Clock, systemClock } from '../../../src/lib/clock.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { eventually, type Host, newHost, range } from './fixture.ts'
import { createMemoryDocker, type MemoryDocker } from './memory-docker.ts'

/** A hundred times as fast, timers and all. */
const fast: Clock = {
  ...systemClock,
  monotonic: () => systemClock.monotonic() * 100,
  after: (delayMs, callback) => systemClock.after(delayMs / 100, callback),
}

const notFound = 'plugin "mesh" not found'

describe('docker reconciler: containers that Docker gave up', () => {
  let host: Host
  let docker: MemoryDocker
  let reconciler: Reconciler

  beforeEach(async () => {
    host = await newHost(false)
    docker = createMemoryDocker(() => host.socketPath)
    const { peer, ipam, datapath, driver } = host
    const base = { replica: peer.replica, ipam, datapath, docker, clock: fast, log: silentLogger, driverName: 'mesh' }
    reconciler = createReconciler({ ...base, ...driver, range })
    docker.put({ name: 'web', driver: 'mesh', labels: { 'skein.id': await host.create('web', '10.1.2.0/24') } })
    docker.put({ name: 'bridge' })
  })
  afterEach(async () => {
    await reconciler.stop()
    await host.stop()
  })
  /** A network made after the gap: the pass that looked for such containers lies behind. */
  const onePass = async (name: string, subnet: string) => {
    await host.create(name, subnet)
    await eventually(name, () => docker.byName(name) !== undefined)
  }

  it('starts those that failed because of our plugin, and no others', async () => {
    docker.strand('web', 'not-found', notFound)
    docker.strand('web', 'refused', 'legacy plugin: Post … dial unix /run/docker/plugins/mesh.sock: connect: refused')
    docker.strand('web', 'busy', 'failed to create endpoint: NetworkDriver.Join: skeind is still starting')
    docker.strand('web', 'broken', 'exec: "no-such-program": executable file not found in $PATH')
    docker.strand('bridge', 'elsewhere', notFound)
    reconciler.start()
    await eventually('three are started', () => docker.started.length === 3)
    await onePass('probe', '10.9.0.0/24')
    assert.deepEqual([...docker.started].sort(), ['busy', 'not-found', 'refused'])
  })

  it('looks again after each gap only: what stops later is nobody else’s business', async () => {
    reconciler.start()
    await onePass('probe', '10.9.0.0/24')
    docker.strand('web', 'late', notFound)
    await onePass('probe-2', '10.9.1.0/24')
    assert.deepEqual(docker.started, [])
    docker.setUp(false)
    docker.setUp(true)
    await eventually('it is started', () => docker.started.includes('late'))
  })

  it('tries again while it fails, shows why, and forgets it then', async () => {
    docker.strand('web', 'full', notFound)
    docker.refuseStarts('no free address')
    reconciler.start()
    await eventually('a condition', () => reconciler.conditions().length > 0)
    const [condition] = reconciler.conditions()
    assert.match(condition?.text ?? '', /container full .* no free address/)
    assert.match(condition?.remedy ?? '', /docker update --restart=no full/)
    docker.refuseStarts(undefined)
    await eventually('it is started', () => docker.started.includes('full'))
    await eventually('no condition', () => reconciler.conditions().length === 0)
  })
})
