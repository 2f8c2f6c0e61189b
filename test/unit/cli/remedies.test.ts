import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createNetworkLeaves, removeTenantLeaves } from '../../../src/crdt/acts.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { twoSides } from './two-sides.ts'

/** What two sides of a split did; then the commands that the conditions name are typed, as they stand. */
describe('cli: the commands of conditions', () => {
  const { at, both, say, type, heal, split, agree, listed, only } = twoSides()
  const create = (n: number, name: string, subnet: string, tenant = 'default') => {
    const spec = checkNetwork({ tenant, name, subnet })
    return at(n).replica.write(view => createNetworkLeaves(view, { tenant, name, spec }))
  }

  it('a network of the same name gets a name of its own', async () => {
    await create(1, 'web', '10.1.2.0/24')
    await create(2, 'web', '10.9.0.0/24')
    const [rename] = (await only('name-conflict')).commands
    await type(rename ?? '')
    assert.deepEqual(await listed(1), [])
    assert.equal(at(1).replica.view.networks().length, 2)
  })

  it('or is drained into the other, which can be said twice and cancelled', async () => {
    await create(1, 'web', '10.1.2.0/24')
    await create(2, 'web', '10.9.0.0/24')
    const [, drain] = (await only('name-conflict')).commands
    assert.match(await type(drain ?? ''), /is being drained into web: 0 endpoints left/)
    assert.match(await type(drain ?? ''), /is already being drained into web/)
    const draining = (await listed(1)).find(condition => condition.kind === 'drain')
    assert.match(await type(draining?.commands[0] ?? ''), /is drained no longer/)
    assert.equal((await listed(1)).length, 1)
  })

  it('networks that overlap: one is drained into the other', async () => {
    await create(1, 'a', '10.1.2.0/24')
    await create(2, 'b', '10.1.0.0/16')
    await type((await only('subnet-overlap')).commands[0] ?? '')
    assert.deepEqual(
      (await listed(1)).map(condition => condition.kind),
      ['drain'],
    )
  })

  it('groups whose pools overlap: the one that nothing uses is removed, and created with another pool', async () => {
    heal()
    await create(1, 'web', '10.1.2.0/24')
    await agree()
    split()
    await say(1, 'skein group create web db --ip-pool=10.1.2.10-10.1.2.20')
    await say(2, 'skein group create web app --ip-pool=10.1.2.20-10.1.2.30')
    const { commands, remedy } = await only('pool-overlap')
    await say(1, 'skein group create web app --ip-pool=10.1.2.20-10.1.2.30') // is there
    await type(commands[0] ?? '')
    assert.deepEqual(await listed(1), [])
    const anew = remedy.split(', with: ').at(-1)?.replace('RANGE', '10.1.2.21-10.1.2.30')
    assert.match(await type(anew ?? ''), /app/)
    assert.deepEqual(await listed(1), [])
  })

  it('a tenant that was deleted while it got a network is kept', async () => {
    await both(() => [{ kind: 'tenant', name: 'blue' }])
    await at(1).replica.write(view => removeTenantLeaves(view, 'blue'))
    await create(2, 'web', '10.1.2.0/24', 'blue')
    await type((await only('tenant-in-use')).commands[0] ?? '')
    assert.deepEqual(await listed(2), [])
  })
})
