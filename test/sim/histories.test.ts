/** The histories that broke earlier designs (design.md, "why the rules"), told one by one. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createNetworkLeaves, createTenantLeaves, renameNetworkLeaves } from '../../src/crdt/acts.ts'
import { transferLeaf } from '../../src/crdt/blocks.ts'
import { openPart } from '../../src/crdt/compact-unit.ts'
import type { Leaf } from '../../src/crdt/leaves.ts'
import { addRuleLeaves, createPolicyLeaves, removeRuleLeaves } from '../../src/crdt/object-acts.ts'
import type { Network, RegistryView } from '../../src/crdt/registry-view.ts'
import type { Dot } from '../../src/crdt/vector.ts'
import { checkNetwork } from '../../src/model/network.ts'
import { checkRule } from '../../src/model/rule.ts'
import { containerDown } from './docker.ts'
import { dieHost, startHost } from './lifecycle.ts'
import { type Stage, setStage } from './stage.ts'

const small = '10.1.2.0/29'

function names(stage: Stage, number: number): string[] {
  return stage
    .peer(number)
    .replica.view.networks()
    .map(network => network.name)
}

/** Lets host `to` use up its own addresses until host `from` gives it one; gives the block that moved. */
async function donate(stage: Stage, network: Network, to: number): Promise<{ index: number; owner: string }> {
  await stage.pass(1000)
  const { view } = stage.peer(to).replica
  const before = Array.from({ length: view.blockCount(network.id) }, (_, index) => view.block(network.id, index)?.owner)
  for (let i = 0; i < before.length; i++) {
    await stage.run(to, network)
    const index = before.findIndex((owner, at) => owner !== view.block(network.id, at)?.owner)
    if (index >= 0) return { index, owner: view.block(network.id, index)?.owner ?? '' }
  }
  throw new Error('no block moved')
}

/** True once nothing of the record is left on the host but its place in a compact unit. */
function isCollected(stage: Stage, number: number, { writer, counter }: Dot): boolean {
  const bytes = stage.peer(number).replica.batchAt({ writer, counter })
  const part = bytes && openPart(bytes)
  return part !== undefined && 'survivors' in part && part.survivors.every(leaf => leaf.counter !== counter)
}

/** Host 1 lets go of the record, and is cut off from host 2 before that hears of it. */
async function collectOnOneSide(stage: Stage, act: Dot): Promise<void> {
  const endMs = stage.world.time.nowMs + 120_000
  await stage.world.run(() => isCollected(stage, 1, act) || stage.world.time.nowMs > endMs)
  stage.split([1], [2])
  await stage.pass(100)
  assert.deepEqual(
    [1, 2].map(number => isCollected(stage, number, act)),
    [true, false],
  )
}

async function removeContainers(stage: Stage): Promise<void> {
  for (const host of stage.world.hosts) {
    for (const container of [...host.containers.values()]) {
      await stage.finish(containerDown(stage.world, host, container))
    }
  }
}

describe('histories', function () {
  this.timeout(20_000)

  it('H1: a network that is created again is a new one, with a genesis of its own, also where another side has let go of the first', async () => {
    const stage = await setStage(2)
    const first = await stage.create(1, 'web', small)
    const moved = await donate(stage, first, 2)
    await removeContainers(stage)
    const [act = assert.fail()] = stage.peer(1).replica.view.actsOf(first.id)
    await stage.remove(1, first)
    await stage.heal()
    await collectOnOneSide(stage, act)
    const second = await stage.create(2, 'web', small)
    assert.equal((await stage.create(1, 'web', small)).id, second.id, 'where the first is forgotten')
    await stage.heal()
    assert.notEqual(second.id, first.id)
    assert.equal(second.generation, 1)
    assert.equal(stage.peer(1).replica.view.block(second.id, moved.index)?.epoch, 0)
  })

  it('H2: a name that a rename left free makes another network of the same spec', async () => {
    const stage = await setStage(3)
    const first = await stage.create(1, 'web', small)
    await stage.heal()
    stage.split([1, 2], [3])
    await stage.pass(100)
    const write = (build: (view: RegistryView) => readonly Leaf[]) => stage.finish(stage.peer(1).replica.write(build))
    await write(view => renameNetworkLeaves(view, first.id, 'old'))
    await assert.rejects(stage.create(1, 'web', small), /network old conflicts with subnet/)
    // the first lives on, so that nothing but the rename raises the generation; the API would want another subnet, which would be another id by itself
    const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: small })
    await write(view => createNetworkLeaves(view, { tenant: 'default', name: 'web', spec }))
    const second = stage.peer(1).replica.view.networkByName('default', 'web') ?? assert.fail()
    assert.notEqual(second.id, first.id)
    assert.equal(second.generation, 1)
    assert.equal((await stage.create(3, 'web', small)).id, first.id, 'there it is called so still')
    await stage.heal()
    assert.deepEqual(
      stage
        .peer(3)
        .replica.view.networks()
        .map(({ id, name }) => [id, name]),
      [
        [first.id, 'old'],
        [second.id, 'web'],
      ],
    )
  })

  it('H3: the generation outlives the tenant', async () => {
    const stage = await setStage(2)
    await stage.createTenant(1, 'blue')
    const first = await stage.create(1, 'web', small, 'blue')
    const [act = assert.fail()] = stage.peer(1).replica.view.actsOf(first.id)
    await stage.remove(1, first)
    await stage.removeTenant(1, 'blue')
    await stage.heal()
    await collectOnOneSide(stage, act)
    for (const number of [1, 2]) await stage.createTenant(number, 'blue')
    const second = await stage.create(2, 'web', small, 'blue')
    assert.equal((await stage.create(1, 'web', small, 'blue')).id, second.id, 'where the first is forgotten')
    await stage.heal()
    assert.deepEqual(
      stage
        .peer(1)
        .replica.view.networks('blue')
        .map(({ id }) => id),
      [second.id],
    )
    assert.notEqual(second.id, first.id)
    assert.equal(second.generation, 1)
  })

  it('H4: a deletion on both sides counts once', async () => {
    const stage = await setStage(3)
    const first = await stage.create(1, 'web')
    await stage.heal()
    stage.split([1, 2], [3])
    await stage.pass(100)
    await stage.remove(1, first)
    await stage.remove(3, first)
    const [left, right] = [await stage.create(1, 'web'), await stage.create(3, 'web')]
    assert.equal(left.generation, 1)
    assert.equal(left.id, right.id)
    await stage.heal()
    assert.deepEqual(names(stage, 2), ['web'])
  })

  it('H6: registers outlive a deletion: a network that an unseen act revives has its blocks where they were', async () => {
    const stage = await setStage(3)
    stage.split([1, 2], [3])
    await stage.pass(100)
    const network = await stage.create(1, 'web', small)
    assert.equal((await stage.create(3, 'web', small)).id, network.id)
    const moved = await donate(stage, network, 1)
    await removeContainers(stage)
    dieHost(stage.world, stage.host(2), 'kill')
    await stage.remove(1, network)
    assert.equal(stage.peer(1).replica.view.network(network.id), undefined)
    stage.world.network.links.mendAll()
    await stage.pass(5000)
    assert.equal(stage.peer(1).replica.view.network(network.id)?.status, 'live')
    assert.equal(stage.peer(1).replica.view.block(network.id, moved.index)?.owner, moved.owner)
    await stage.finish(startHost(stage.world, stage.host(2)))
    await stage.heal()
    assert.equal(stage.peer(2).replica.view.block(network.id, moved.index)?.owner, moved.owner)
  })

  it('H7: after such a revival both networks live, and the first act keeps the name', async () => {
    const stage = await setStage(3)
    stage.split([1, 2], [3])
    await stage.pass(100)
    const old = await stage.create(1, 'web')
    await stage.create(3, 'web')
    await stage.remove(1, old)
    const young = await stage.create(1, 'web')
    assert.notEqual(young.id, old.id)
    await stage.heal()
    assert.deepEqual(names(stage, 2), ['web', `web~${young.id.slice(0, 6)}`])
    assert.notEqual(await stage.take(3, old), undefined)
    assert.notEqual(await stage.take(1, young), undefined)
    assert.ok(
      stage
        .peer(2)
        .replica.view.conditions()
        .some(({ kind }) => kind === 'name-conflict'),
    )
  })

  it('H7: an endpoint does not revive a network that another side deleted', async () => {
    const stage = await setStage(3)
    const network = await stage.create(1, 'web')
    await stage.heal()
    stage.split([1, 2], [3])
    await stage.pass(100)
    await stage.run(3, network)
    await stage.remove(1, network)
    await stage.heal()
    assert.equal(stage.peer(1).replica.view.network(network.id)?.status, 'draining')
    assert.equal(await stage.take(1, network), undefined)
    assert.notEqual(await stage.take(3, network), undefined, 'its last container may be restarted there')
  })

  it('H8: a carved-out address stays whose it is when its block moves on (R6)', async () => {
    const stage = await setStage(3)
    const { id } = await stage.create(1, 'web')
    const network = stage.peer(1).replica.view.network(id) ?? assert.fail()
    await stage.heal()
    const { view, self } = stage.peer(1).replica
    const index = Array.from({ length: view.blockCount(id) }, (_, i) => i).find(
      i => i > 0 && view.block(id, i)?.owner === self,
    )
    assert.ok(index !== undefined)
    const { first, last } = view.blockRange(id, index)
    const ip = first + 2
    await stage.run(2, network, ip)
    assert.deepEqual(
      [...stage.host(2).containers.values()].map(container => container.ip),
      [ip],
    )
    await removeContainers(stage)
    // all is free again: 1 gives the block to 3, with 2 out of reach
    stage.split([1, 3], [2])
    await stage.pass(100)
    const { signer } = stage.host(1)
    const to = stage.host(3).signer.key
    await stage.finish(stage.peer(1).replica.write((now, at) => [transferLeaf(now, signer, id, index, to, at)]))
    await stage.pass(1000)
    for (let at = first; at <= last; at++) await stage.run(3, network, at)
    assert.equal(stage.host(3).containers.size, last - first, 'all addresses of the block but one')
    await stage.run(2, network, ip)
    await stage.heal()
    assert.equal(stage.peer(3).replica.view.holders(id, ip)[0]?.owner, stage.host(2).signer.key)
  })

  it('H9, R4: who joins on the minority side owns nothing until the heal', async () => {
    const stage = await setStage(3)
    const network = await stage.create(1, 'web')
    await stage.heal()
    stage.world.addHost()
    stage.split([1, 2], [3, 4])
    await stage.pass(100)
    await stage.finish(startHost(stage.world, stage.host(4)))
    await stage.pass(2000)
    const { view } = stage.peer(4).replica
    assert.deepEqual(
      view.networks().map(({ id }) => id),
      [network.id],
    )
    assert.equal(await stage.take(4, network), undefined)
    assert.match(stage.world.history.last(10).join('\n'), /host4 is refused.*waits for .*host[12]/)
    await stage.heal()
    assert.notEqual(await stage.take(4, network), undefined)
  })

  it('H12: a network created beside a pending peer does not seed it', async () => {
    const stage = await setStage(3)
    stage.world.addHost()
    stage.split([1, 2], [3, 4])
    await stage.pass(100)
    await stage.finish(startHost(stage.world, stage.host(4)))
    await stage.pass(2000)
    const network = await stage.create(3, 'web')
    assert.equal(network.roster.length, 3)
    assert.equal((await stage.create(1, 'web')).id, network.id, 'a join on one side changes nothing')
    await stage.heal()
    assert.deepEqual(names(stage, 4), ['web'])
  })

  it('H13: a deletion that all hold is not given up before all hold what was written beside it', async () => {
    const stage = await setStage(3)
    const write = (number: number, build: (view: RegistryView) => readonly Leaf[]) =>
      stage.finish(stage.peer(number).replica.write(build))
    const allow = checkRule({ protocol: 'tcp', port: 80, action: 'allow' })
    const rules = (number: number) => stage.peer(number).replica.view.objects.rules('default', 'open')
    await write(1, ({ objects }) => createPolicyLeaves(objects, 'default', 'open'))
    await write(1, ({ objects }) => addRuleLeaves(objects, 'default', 'open', '1', allow))
    await stage.heal()
    stage.split([1, 2], [3])
    await stage.pass(100)
    await write(1, ({ objects }) => removeRuleLeaves(objects, 'default', 'open', '1'))
    await write(3, ({ objects }) =>
      addRuleLeaves(objects, 'default', 'open', '1', checkRule({ protocol: 'tcp', port: 81, action: 'allow' })),
    )
    await stage.pass(10_000)
    // now 1 and 3 hold both, and all three the deletion
    stage.world.network.links.mendAll()
    stage.split([1, 3], [2])
    for (let i = 0; i < 10; i++) {
      await stage.pass(60_000)
      await write(1, view => createTenantLeaves(view, `t${i}`))
    }
    await stage.heal()
    for (const number of [1, 2, 3]) assert.deepEqual(rules(number), [], `an allow rule lives on host${number}`)
    await stage.pass(600_000)
    await stage.heal()
    for (const number of [1, 2, 3]) assert.deepEqual(rules(number), [])
  })

  it('keeps what a killed process had not synced out of sight until it is synced (R3)', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const stage = await setStage(2, seed)
      const host = stage.host(1)
      host.disk.mood.syncMs = 100
      void stage.peer(1).replica.write(() => [{ kind: 'tenant', name: 'blue' }])
      await stage.pass(1)
      dieHost(stage.world, host, 'kill')
      host.disk.mood.syncMs = 3
      await stage.finish(startHost(stage.world, host))
      await stage.pass(3000)
      dieHost(stage.world, host, 'power')
      await stage.finish(startHost(stage.world, host))
      await stage.heal()
    }
  })
})
