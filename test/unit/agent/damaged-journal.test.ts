import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { comeBack } from '../../../src/agent/coming-back.ts'
import { fenceCondition } from '../../../src/agent/host-conditions.ts'
import { type Identity, recordsDirectory, writeIdentity } from '../../../src/agent/identity.ts'
import type { ApiDeps } from '../../../src/api/deps.ts'
import { parseConfig } from '../../../src/config/parse.ts'
import type { Reconciler } from '../../../src/driver/reconciler.ts'
import { signerOf } from '../../../src/lib/keys.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import type { Disk } from '../../../src/store/disk.ts'
import { openFileDisk } from '../../../src/store/file-disk.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer, restartPeer, startSuccessor } from '../../support/memory-peer.ts'
import { depsOf, startTestApi, type TestApi } from '../api/fixture.ts'
import { runCli } from '../cli/fixture.ts'
import { type Host, hostOf, startReconciler } from '../driver/fixture.ts'
import { createMemoryDocker, type MemoryDocker } from '../driver/memory-docker.ts'
import { withIpam } from '../ipam/fixture.ts'
import { seedAt, tenant } from '../replica/rig.ts'

const parsed = parseConfig([], {}, { hostname: 'host2', defaultAddress: '10.0.0.2' })
assert.ok(parsed.kind === 'run')
const { config } = parsed

describe('agent: one byte of a journal is damaged (R8)', () => {
  let founder: MemoryPeer
  let hub: MemoryHub
  let host: Host
  let docker: MemoryDocker
  let reconciler: Reconciler
  let dataDir: string
  let disk: Disk
  let identity: Identity
  let api: TestApi
  let web: string

  const skein = (...argv: string[]) => runCli('skein', argv, { SKEIN_HOST: api.socketPath })
  const journal = () => join(dataDir, recordsDirectory(identity), 'journal')
  const ips = (at: MemoryPeer) =>
    at.replica.view.endpoints(web).map(({ containerName, ip, owner }) => [containerName, ip, owner])

  /** What the agent hands to the API, and does for `skein peer rejoin`. */
  function deps(): ApiDeps {
    const { replica, mesh } = host.peer
    const base = depsOf(replica, { ipam: host.ipam, connected: () => mesh.connected() })
    return {
      ...base,
      hostStatus: () => ({
        ...base.hostStatus(),
        conditions: [...fenceCondition(replica), ...reconciler.conditions()],
      }),
      admission: { ...base.admission, rejoin },
    }
  }

  async function run(peer: MemoryPeer, before?: Host): Promise<void> {
    host = await hostOf(peer, before?.datapath, before?.socketPath)
    reconciler = startReconciler(host, docker)
  }

  async function halt(): Promise<void> {
    await reconciler.stop()
    await host.stop()
  }

  async function rejoin(): Promise<void> {
    identity = await comeBack(config, disk, identity, host.peer, silentLogger)
    await halt()
    const records = await openFileDisk(join(dataDir, recordsDirectory(identity)))
    await run(await startSuccessor(hub, host.peer, identity, records), host)
    api.api.serve(deps())
  }

  beforeEach(async () => {
    hub = new MemoryHub()
    dataDir = await mkdtemp(join(tmpdir(), 'skein-damaged-'))
    disk = await openFileDisk(dataDir)
    docker = createMemoryDocker(() => host.socketPath)
    docker.put({ name: 'bridge' })
    founder = withIpam(await foundPeer(hub, 'host1', seedAt(1)))
    const peer = await joinPeer(hub, 'host2', founder, seedAt(2))
    const { meshId } = founder.replica.view
    identity = { seed: seedAt(2), meshId, nonce: '', introductions: [], former: [] }
    await writeIdentity(disk, identity)
    await eventually(() => assert.ok(peer.replica.view.member(peer.signer.key)?.settled))
    await run(peer)
    web = await host.create('web', '10.1.2.0/24')
    await eventually(() => assert.ok(docker.byName('web')))
  })
  afterEach(async () => {
    await api?.stop()
    await halt()
    await founder.stop()
    await rm(dataDir, { recursive: true, force: true })
  })

  /** The journal on the disk, of which a byte behind `at` differs from what was written. */
  async function damage(at: number): Promise<void> {
    const bytes = (await host.peer.disk.read('journal')) ?? assert.fail()
    bytes[at] = (bytes[at] ?? 0) ^ 0x01
    await openFileDisk(join(dataDir, recordsDirectory(identity)))
    await writeFile(journal(), bytes)
  }

  it('status names it, nothing is handed out, and skein peer rejoin brings the host back with its containers', async () => {
    const before = (await host.peer.disk.read('journal'))?.length ?? 0
    await docker.run('web', 'c1')
    await eventually(() => assert.equal(ips(founder).length, 1))
    await host.peer.replica.write(() => [tenant('late')])
    await eventually(() => assert.equal(founder.replica.view.digest(), host.peer.replica.view.digest()))
    const [[, ip, formerKey] = []] = ips(founder)
    await halt()
    await damage(before + 40)
    const records = await openFileDisk(join(dataDir, recordsDirectory(identity)))
    await run(await restartPeer(hub, host.peer, records), host)
    api = await startTestApi({ deps: deps() })

    const held = founder.replica.view.held(formerKey as string)
    const { stdout } = await skein('status')
    assert.match(
      stdout,
      /hands out no addresses and writes nothing.*this peer's journal was damaged and may lack records/,
    )
    assert.match(stdout, /on this host: skein peer rejoin/)
    assert.ok((await stat(`${journal()}.damaged`)).size > before)
    await assert.rejects(host.ipam.allocate(web), /journal was damaged.*run skein peer rejoin/)
    await assert.rejects(docker.run('web', 'c2'), /journal was damaged/)
    assert.deepEqual(host.ipam.held(web), [])
    assert.equal(founder.replica.view.held(formerKey as string), held, 'it writes nothing')

    const back = await skein('peer', 'rejoin')
    assert.equal(back.code, 0, back.stderr)
    const { key } = signerOf(identity.seed)
    assert.notEqual(key, formerKey)
    await eventually(() => {
      assert.deepEqual(ips(founder), [['c1', ip, key]])
      for (const { view } of [founder.replica, host.peer.replica]) {
        assert.deepEqual([view.member(key)?.settled, view.member(formerKey as string)], [true, undefined])
        assert.deepEqual(view.conditions(), [])
      }
    })
    // its own record of it, which rests on the former key no more
    await eventually(() => {
      const own = host.peer.replica.written(0).filter(leaf => leaf.kind === 'endpoint')
      assert.deepEqual(
        own.map(leaf => [leaf.containerName, leaf.ip]),
        [['c1', ip]],
      )
    })
    assert.ok((await readFile(journal())).length > 0)
    assert.doesNotMatch((await skein('status')).stdout, /damaged/)
    await docker.run('web', 'c2')
    await eventually(() =>
      assert.deepEqual(
        ips(founder)
          .map(([name]) => name)
          .sort(),
        ['c1', 'c2'],
      ),
    )
    assert.equal(new Set(ips(founder).map(([, at]) => at)).size, 2)
  })
})
