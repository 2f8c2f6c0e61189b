import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { readObjects } from '../../../cli/objects-file.ts'
import { createUnseenExport } from '../../../src/agent/unseen-export.ts'
import {
  createNetworkLeaves,
  createTenantLeaves,
  drainNetworkLeaves,
  removeNetworkLeaves,
  removeTenantLeaves,
  renameNetworkLeaves,
} from '../../../src/crdt/acts.ts'
import {
  addRuleLeaves,
  changeGroupLeaves,
  createGroupLeaves,
  createPolicyLeaves,
  removePolicyLeaves,
  removeProfileLeaves,
  removeRuleLeaves,
  writeGlobalLeaves,
  writeProfileLeaves,
} from '../../../src/crdt/object-acts.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { checkRule } from '../../../src/model/rule.ts'
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
      assert.equal(unseen.file()?.path, undefined)
      await replica.fence(notice(seen?.counter ?? 0))
      await eventually(() => assert.ok(unseen.file()?.path))
      assert.equal(unseen.file()?.path, `/var/lib/skein/unseen-${replica.self.slice(0, 16)}.json`)
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
    assert.equal(unseen.file()?.path, `/d/unseen-${replica.self.slice(0, 16)}.json`)
    unseen.stop()
  })

  it('makes no file when the others have all of it', async () => {
    const dot = await network('seen', '10.1.0.0/24')
    const disk = createMemoryDisk()
    const unseen = await createUnseenExport({ replica, disk, dataDir: '/d', log: silentLogger })
    await replica.fence(notice(dot?.counter ?? 0))
    await new Promise(resolve => setImmediate(resolve))
    assert.deepEqual(
      [unseen.file()?.path, await disk.read(`unseen-${replica.self.slice(0, 16)}.json`)],
      [undefined, undefined],
    )
    unseen.stop()
  })

  const id = (name: string) => replica.view.networkByName('blue', name)?.id ?? assert.fail(name)
  const head = () => replica.view.held(replica.self)
  const rule = () =>
    replica.write(({ objects }) => addRuleLeaves(objects, 'blue', 'web', '5', checkRule({ protocol: 'tcp', port: 80 })))
  const removeRule = () => replica.write(({ objects }) => removeRuleLeaves(objects, 'blue', 'web', '5'))

  /** The remarks of the file, and its objects as `skein apply` reads them. */
  async function exported(cut: number) {
    const disk = createMemoryDisk()
    await replica.fence(notice(cut))
    const unseen = await createUnseenExport({ replica, disk, dataDir: '/d', log: silentLogger })
    unseen.stop()
    const bytes = await disk.read(`unseen-${replica.self.slice(0, 16)}.json`)
    if (!bytes) return { file: unseen.file(), remarks: [], objects: undefined }
    const text = Buffer.from(bytes).toString()
    const remarks = text.split('\n').filter(line => line.startsWith('#'))
    return { file: unseen.file(), remarks, objects: await readObjects('the file', text) }
  }

  const ahead = (command: string) => `# first, as far as it is still wanted: ${command}`
  const later = (command: string) => `# after skein apply, as far as it is still wanted: ${command}`

  it('says in remarks what apply cannot do: deletions, names, settings, then drains and reservations', async () => {
    await replica.write(view => createTenantLeaves(view, 'blue'))
    await replica.write(view => createTenantLeaves(view, 'red'))
    for (const [i, name] of ['gone', 'kept', 'next', 'old'].entries()) await network(name, `10.1.${i}.0/24`)
    for (const name of ['web', 'spare']) {
      await replica.write(({ objects }) => createPolicyLeaves(objects, 'blue', name))
    }
    await rule()
    await replica.write(({ objects }) => writeProfileLeaves(objects, 'blue', 'gold', { dscp: 3 }))
    const act = { tenant: 'blue', name: 'app', network: id('kept'), pool: '' }
    await replica.write(({ objects }) => createGroupLeaves(objects, act, { policies: ['web'] }))
    const cut = head()
    await removeRule()
    await replica.write(({ objects }) => removePolicyLeaves(objects, 'blue', 'spare'))
    await replica.write(({ objects }) => removeProfileLeaves(objects, 'blue', 'gold'))
    const group = replica.view.objects.groupByName('blue', 'app') ?? assert.fail()
    await replica.write(({ objects }) => changeGroupLeaves(objects, group, { policies: [] }))
    await replica.write(view => removeNetworkLeaves(view, id('gone')))
    await replica.write(view => renameNetworkLeaves(view, id('old'), 'renamed'))
    await replica.write(view => removeTenantLeaves(view, 'red'))
    await replica.write(({ objects }) => writeGlobalLeaves(objects, { vlans: '100-200' }))
    await replica.write(view => drainNetworkLeaves(view, id('kept'), id('next')))
    const ip = (last: number) => (10 << 24) + (1 << 16) + (2 << 8) + last
    const reserve = (last: number, isKept: boolean) =>
      replica.write(() => [{ kind: 'reservation', network: id('next'), ip: ip(last), isKept }])
    await reserve(7, true)
    await reserve(8, true)
    await reserve(8, false)
    await reserve(9, false)
    const { file, remarks, objects } = await exported(cut)
    assert.deepEqual(remarks, [
      ahead('skein policy rule-rm -t blue web 5'),
      ahead('skein policy rm -t blue spare'),
      ahead('skein netprofile rm -t blue gold'),
      ahead("skein group create -t blue -p '' kept app"),
      ahead('skein net rm -t blue gone'),
      ahead('skein net rename -t blue old renamed'),
      ahead('skein tenant rm red'),
      ahead('skein global set --vlan-range 100-200'),
      later('skein net drain -t blue kept --into next'),
      later('skein ip reserve -t blue next 10.1.2.7'),
      later('skein ip release -t blue next 10.1.2.9'),
    ])
    assert.deepEqual(file?.remarks, 11)
    // the group alone: what was renamed is no new network
    assert.deepEqual(Object.keys(objects ?? {}), ['tenants', 'groups'])
  })

  it('makes a file also where nothing is for apply to do, which reads it all the same', async () => {
    await replica.write(view => createTenantLeaves(view, 'blue'))
    await replica.write(({ objects }) => createPolicyLeaves(objects, 'blue', 'web'))
    await rule()
    const cut = head()
    await removeRule()
    const { file, remarks, objects } = await exported(cut)
    assert.deepEqual(remarks, [ahead('skein policy rule-rm -t blue web 5')])
    assert.deepEqual(objects, {})
    assert.equal(file?.hasObjects, false)
  })

  it('says nothing of the end of what nobody else ever had', async () => {
    await replica.write(view => createTenantLeaves(view, 'blue'))
    await replica.write(({ objects }) => createPolicyLeaves(objects, 'blue', 'web'))
    const cut = head()
    await rule()
    await removeRule()
    await network('brief', '10.1.0.0/24')
    await replica.write(view => removeNetworkLeaves(view, id('brief')))
    const { remarks } = await exported(cut)
    assert.deepEqual(remarks, [])
  })
})
