import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import type { ConditionJson } from '../../../src/api/types.ts'
import { createNetworkLeaves, removeTenantLeaves } from '../../../src/crdt/acts.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer } from '../../support/memory-peer.ts'
import { depsOf, startTestApi, type TestApi } from '../api/fixture.ts'
import { runCli } from './fixture.ts'

/** What two sides of a split did; then the commands that the conditions name are typed, as they stand. */
describe('cli: the commands of conditions', () => {
  const hub = new MemoryHub()
  let peers: MemoryPeer[] = []
  let apis: TestApi[] = []

  beforeEach(async () => {
    const first = await foundPeer(hub, 'host1')
    peers = [first, await joinPeer(hub, 'host2', first)]
    const isSettled = (peer: MemoryPeer) => peer.replica.view.members().filter(member => member.settled).length === 2
    await Promise.all(peers.map(peer => peer.replica.waitFor(() => isSettled(peer), 3000)))
    apis = await Promise.all(peers.map(({ replica }) => startTestApi({ deps: depsOf(replica) })))
    hub.split(...peers.map(peer => [peer.signer.key]))
  })
  afterEach(async () => {
    hub.heal()
    await Promise.all(apis.map(api => api.stop()))
    await Promise.all(peers.map(peer => peer.stop()))
  })

  const at = (n: number) => peers[n - 1] as MemoryPeer
  const create = (n: number, name: string, subnet: string, tenant = 'default') => {
    const spec = checkNetwork({ tenant, name, subnet })
    return at(n).replica.write(view => createNetworkLeaves(view, { tenant, name, spec }))
  }
  const listed = async (n: number): Promise<ConditionJson[]> => {
    const { stdout } = await runCli('skein', ['conditions', '--json'], { SKEIN_HOST: apis[n - 1]?.socketPath })
    return JSON.parse(stdout)
  }
  const agree = () => eventually(() => at(1).replica.view.digest() === at(2).replica.view.digest())
  /** Heals, and gives the only condition, which is the same on both. */
  const only = async (kind: string): Promise<ConditionJson> => {
    hub.heal()
    await agree()
    const [here, there] = [await listed(1), await listed(2)]
    assert.deepEqual(here, there)
    const [condition] = here
    assert.ok(condition && here.length === 1)
    assert.equal(condition.kind, kind)
    assert.match(condition.since, /^20/)
    for (const command of condition.commands) assert.ok(condition.remedy.includes(command), command)
    return condition
  }
  const type = async (command: string) => {
    const [program, ...words] = command.split(' ')
    assert.equal(program, 'skein')
    const outcome = await runCli('skein', words, { SKEIN_HOST: apis[1]?.socketPath })
    assert.equal(outcome.code, 0, `${command}: ${outcome.stderr}`)
    await agree()
    return outcome.stdout
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
    hub.heal()
    await create(1, 'web', '10.1.2.0/24')
    await agree()
    hub.split(...peers.map(peer => [peer.signer.key]))
    const group = async (n: number, ...words: string[]) => {
      const outcome = await runCli('skein', ['group', 'create', 'web', ...words], {
        SKEIN_HOST: apis[n - 1]?.socketPath,
      })
      assert.equal(outcome.code, 0, outcome.stderr)
    }
    await group(1, 'db', '--ip-pool=10.1.2.10-10.1.2.20')
    await group(2, 'app', '--ip-pool=10.1.2.20-10.1.2.30')
    const { commands, remedy } = await only('pool-overlap')
    await group(1, 'app', '--ip-pool=10.1.2.20-10.1.2.30') // is there
    await type(commands[0] ?? '')
    assert.deepEqual(await listed(1), [])
    const anew = remedy.split(', with: ').at(-1)?.replace('RANGE', '10.1.2.21-10.1.2.30')
    assert.match(await type(anew ?? ''), /app/)
    assert.deepEqual(await listed(1), [])
  })

  it('a tenant that was deleted while it got a network is kept', async () => {
    hub.heal()
    await at(1).replica.write(() => [{ kind: 'tenant', name: 'blue' }])
    await agree()
    hub.split(...peers.map(peer => [peer.signer.key]))
    await at(1).replica.write(view => removeTenantLeaves(view, 'blue'))
    await create(2, 'web', '10.1.2.0/24', 'blue')
    await type((await only('tenant-in-use')).commands[0] ?? '')
    assert.deepEqual(await listed(2), [])
  })
})
