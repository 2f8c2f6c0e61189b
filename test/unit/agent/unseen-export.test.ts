import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createUnseenExport } from '../../../src/agent/unseen-export.ts'
import { createNetworkLeaves, createTenantLeaves } from '../../../src/crdt/acts.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import type { RemovalNotice } from '../../../src/replica/removal-fence.ts'
import type { Replica } from '../../../src/replica/replica.ts'
import { createMemoryDisk } from '../../../src/store/memory-disk.ts'
import { eventually } from '../../support/eventually.ts'
import { foundRig } from '../replica/rig.ts'

describe('agent: what only a removed host had', () => {
  let replica: Replica

  beforeEach(async () => {
    replica = (await foundRig(createMemoryDisk())).replica
  })
  afterEach(() => replica.stop())

  const network = (name: string, subnet: string) =>
    replica.write(view =>
      createNetworkLeaves(view, { tenant: 'blue', name, spec: checkNetwork({ tenant: 'blue', name, subnet }) }),
    )
  const notice = (cut: number): RemovalNotice => ({ starter: 'a', startedOn: 'host2', sinceMs: 1, cut })

  it('is written to a file that apply takes: what it wrote above the cut, and no more', async () => {
    await replica.write(view => createTenantLeaves(view, 'blue'))
    const seen = await network('seen', '10.1.0.0/24')
    await network('unseen', '10.2.0.0/24')
    await replica.write(() => [{ kind: 'policy', tenant: 'blue', name: 'web', dropped: [] }])
    const disk = createMemoryDisk()
    const unseen = await createUnseenExport({ replica, disk, dataDir: '/var/lib/skein', log: silentLogger })
    try {
      assert.equal(unseen.path(), undefined)
      await replica.fence(notice(seen?.counter ?? 0))
      await eventually(() => assert.ok(unseen.path()))
      assert.equal(unseen.path(), `/var/lib/skein/unseen-${replica.self.slice(0, 16)}.json`)
      const written = JSON.parse(
        Buffer.from((await disk.read(`unseen-${replica.self.slice(0, 16)}.json`)) ?? []).toString(),
      )
      assert.deepEqual(Object.keys(written), ['tenants', 'networks', 'policies'])
      assert.deepEqual(written.tenants, [{ name: 'blue' }])
      assert.deepEqual(
        written.networks.map((made: { name: string; subnet: string }) => [made.name, made.subnet]),
        [['unseen', '10.2.0.0/24']],
      )
      assert.deepEqual(written.policies, [{ tenant: 'blue', name: 'web' }])
    } finally {
      unseen.stop()
    }
  })

  it('names the file at once where a removed host starts again, for whoever asks first', async () => {
    await network('unseen', '10.2.0.0/24')
    await replica.fence(notice(0))
    const unseen = await createUnseenExport({ replica, disk: createMemoryDisk(), dataDir: '/d', log: silentLogger })
    assert.equal(unseen.path(), `/d/unseen-${replica.self.slice(0, 16)}.json`)
    unseen.stop()
  })

  it('makes no file when the others have all of it', async () => {
    const dot = await network('seen', '10.1.0.0/24')
    const disk = createMemoryDisk()
    const unseen = await createUnseenExport({ replica, disk, dataDir: '/d', log: silentLogger })
    await replica.fence(notice(dot?.counter ?? 0))
    await new Promise(resolve => setImmediate(resolve))
    assert.deepEqual(
      [unseen.path(), await disk.read(`unseen-${replica.self.slice(0, 16)}.json`)],
      [undefined, undefined],
    )
    unseen.stop()
  })
})
