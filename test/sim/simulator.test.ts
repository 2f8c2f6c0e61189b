/** The simulator itself: the same seed is the same history, whole or reduced. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { planOf, reduce } from './plan.ts'
import { derivedRandom } from './random.ts'
import { runPlan } from './run-seed.ts'
import { VirtualTime } from './virtual-clock.ts'
import { VirtualDisk } from './virtual-disk.ts'

describe('simulator: itself', function () {
  this.timeout(60_000)

  it('makes the same history of the same seed', async () => {
    for (const seed of [5, 9, 52]) {
      const [first, second] = [await runPlan(planOf(seed)), await runPlan(planOf(seed))]
      assert.deepEqual(first, second)
      assert.ok(first.events > 100)
    }
    assert.notEqual((await runPlan(planOf(5))).hash, (await runPlan(planOf(9))).hash)
  })

  it('leaves what stays of a plan as it was', async () => {
    const plan = planOf(5)
    const only = plan.actions.filter((_, at) => at % 2 === 0).map(({ id }) => id)
    const reduced = reduce(plan, { only, calm: ['delayMs'] })
    assert.deepEqual(
      reduced.actions,
      plan.actions.filter(({ id }) => only.includes(id)),
    )
    assert.equal(reduced.weather.delayMs, 5)
    assert.equal((await runPlan(reduced)).hash, (await runPlan(JSON.parse(JSON.stringify(reduced)))).hash)
  })

  it('ends no operation of a disk in silence, but of a process that dies at it', async () => {
    for (const [dies, instant] of [false, true].flatMap(each =>
      (['before', 'during', 'after'] as const).map(at => [each, at] as const),
    )) {
      const time = new VirtualTime()
      const disk = new VirtualDisk(time, derivedRandom(1, 'disk'))
      const life = { alive: true }
      disk.trap = {
        operation: disk.operations + 1,
        instant,
        spring() {
          disk.trap = undefined
          if (dies) life.alive = false
        },
      }
      let isWritten = false
      disk
        .open(life)
        .replace('name', new Uint8Array([1]))
        .then(() => {
          isWritten = true
        })
      time.after(1000, () => undefined)
      await time.run(
        () => time.nowMs >= 1000,
        () => undefined,
      )
      assert.equal(isWritten, !dies, instant)
    }
  })
})
