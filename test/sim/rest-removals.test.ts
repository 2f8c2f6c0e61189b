/** What is rest while removals are undecided, and hosts leave: told step by step. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { errorText } from '../../src/lib/errors.ts'
import { unrest } from './checks/convergence.ts'
import { insiders, islands, unseenBy } from './checks/insiders.ts'
import { leaveAtLast } from './deeds/leaving.ts'
import { copyOf, putBack } from './faults/copies.ts'
import { dieHost, loseForGood, startHost } from './lifecycle.ts'
import { derivedRandom } from './random.ts'
import { hashOf, keyOf, setStage } from './stage.ts'

describe('simulator: at rest with removals', function () {
  this.timeout(30_000)

  it('R9: whoever is bound by a removal sees not whom its target lets in, and agrees in all else', async () => {
    const stage = await setStage(3)
    stage.split([1], [2], [3])
    await stage.pass(1000)
    stage.world.promises.doubt([keyOf(stage, 2)])
    await stage.finish(stage.peer(1).removal.start([keyOf(stage, 2)], 0)).catch(() => undefined)
    await stage.pass(3000)
    const copy = copyOf(stage.host(1))
    await stage.create(1, 'web')
    await stage.pass(3000)
    // fenced by the note outside of its directory, with the removal that only it may decide
    dieHost(stage.world, stage.host(1), 'power')
    putBack(stage.world, stage.host(1), copy, derivedRandom(1, 'told'), 'stays')
    await stage.finish(startHost(stage.world, stage.host(1)))
    assert.notEqual(stage.peer(1).replica.fenced, undefined)
    stage.world.addHost()
    stage.split([1], [2, 4], [3])
    await stage.finish(startHost(stage.world, stage.host(4)))
    stage.split([1], [2, 3, 4])
    await stage.heal()
    const newcomer = keyOf(stage, 4)
    assert.equal(stage.peer(1).replica.view.everMember(newcomer), undefined)
    const [removal] = stage.peer(1).replica.view.removals()
    assert.equal(removal?.ackedBy.includes(newcomer), true, 'what decides the removal it takes in')
    const unseen = islands(stage.world)
      .flat()
      .map(each => [each.host.name, unseenBy(stage.world, each).has(newcomer)])
    assert.deepEqual(Object.fromEntries(unseen).host1, true)
    assert.deepEqual(Object.fromEntries(unseen).host2, false)
  })

  it('they are not while a removal is decided for one of them and not for another', async () => {
    const stage = await setStage(3)
    stage.world.promises.doubt([keyOf(stage, 3)])
    stage.split([1], [2])
    await stage.finish(stage.peer(1).removal.start([keyOf(stage, 3)], 0))
    await stage.pass(1000)
    const outcomes = () =>
      [1, 2].map(number =>
        stage
          .peer(number)
          .replica.view.removals()
          .map(each => each.outcome),
      )
    assert.deepEqual(outcomes(), [['undecided'], []])
    stage.world.network.links.mendAll()
    for (let ms = 0; ms < 10_000 && outcomes()[0]?.[0] !== 'effective'; ms++) await stage.pass(1)
    assert.deepEqual(outcomes(), [['effective'], ['undecided']])
    assert.match((await unrest(stage.world)) ?? '', /host2 holds a removal for undecided that is decided on host1/)
    await stage.heal()
    assert.deepEqual(outcomes(), [['effective'], ['effective']])
  })

  it('who was removed by a host that is back from before it did that is to agree with nobody: none is left who knows of it, and it speaks with none', async () => {
    const stage = await setStage(3)
    const copy = copyOf(stage.host(3))
    stage.world.doubt([1, 3].map(number => keyOf(stage, number)))
    await stage.finish(stage.peer(3).removal.start([keyOf(stage, 1)], 0))
    await stage.heal()
    assert.match(errorText(stage.peer(1).replica.fenced), /was removed from its mesh/)
    // from its next start on it speaks with nobody
    dieHost(stage.world, stage.host(1), 'kill')
    await stage.finish(startHost(stage.world, stage.host(1)))
    loseForGood(stage.world, stage.host(2))
    dieHost(stage.world, stage.host(3), 'kill')
    putBack(stage.world, stage.host(3), copy, derivedRandom(1, 'told'), 'is lost')
    await stage.finish(startHost(stage.world, stage.host(3)))
    await stage.pass(3000)
    assert.ok(stage.peer(3).replica.view.member(keyOf(stage, 1)), 'it does not know that it removed host 1')
    assert.deepEqual(
      insiders(stage.world).map(({ name }) => name),
      ['host3'],
    )
    await stage.heal()
    assert.equal(stage.world.failure, undefined)
  })

  it('R9: a removal that waits for a host which is leaving itself is no rest until it is lifted', async () => {
    const stage = await setStage(3)
    stage.world.promises.leaves(keyOf(stage, 3))
    const { replica } = stage.peer(3)
    const cut = replica.view.held(replica.self)
    await stage.finish(
      replica.fence({
        starter: replica.self,
        startedOn: 'host3',
        sinceMs: stage.world.time.nowMs,
        cut,
        isLeaving: true,
      }),
    )
    await stage.finish(stage.peer(1).removal.start([keyOf(stage, 2)], 0))
    await stage.pass(8000)
    for (const number of [2, 3]) assert.equal(hashOf(stage, number), hashOf(stage, 1))
    assert.equal(await unrest(stage.world), 'host1 has a removal under way')
    await stage.finish(stage.peer(1).removal.cancel([keyOf(stage, 2)]))
    await stage.heal()
  })

  it('hosts that leave in vain are tried again at the same time: that ends within the time of one', async () => {
    const stage = await setStage(4)
    const { world } = stage
    for (const number of [3, 4]) {
      world.promises.leaves(keyOf(stage, number))
      const { replica } = stage.peer(number)
      const by = {
        starter: replica.self,
        startedOn: `host${number}`,
        sinceMs: world.time.nowMs,
        isLeaving: true as const,
      }
      await stage.finish(replica.fence({ ...by, cut: replica.view.held(replica.self) }))
    }
    stage.split([1], [2, 3, 4])
    await stage.pass(3000)
    const beganMs = world.time.nowMs
    await stage.finish(leaveAtLast(world))
    const passedMs = world.time.nowMs - beganMs
    assert.ok(passedMs > 10_000 && passedMs < 25_000, `${passedMs} ms`)
    for (const number of [3, 4]) assert.equal(stage.peer(number).replica.removedBy?.isLeaving, true)
  })

  it('R9: a host that is bound by a removal holds for undecided what its target has declared since, and that is rest', async () => {
    const stage = await setStage(4)
    stage.split([1, 2], [3, 4])
    await stage.pass(1000)
    await stage.finish(stage.peer(1).removal.start([keyOf(stage, 4)], 0))
    await stage.finish(stage.peer(4).removal.start([keyOf(stage, 1)], 0))
    await stage.pass(3000)
    stage.world.doubt([keyOf(stage, 1), keyOf(stage, 4)])
    dieHost(stage.world, stage.host(4), 'power')
    stage.host(4).gone = true
    await stage.finish(stage.peer(1).removal.cancel([keyOf(stage, 4)]))
    stage.world.network.links.mendAll()
    await stage.pass(8000)
    const outcomes = [1, 2, 3].map(number => {
      const { view } = stage.peer(number).replica
      return view.removals().find(({ starter }) => starter === keyOf(stage, 1))?.outcome
    })
    assert.deepEqual(outcomes, ['cancelled', 'cancelled', 'undecided'])
    await stage.heal()
  })
})
