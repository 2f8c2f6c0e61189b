/** The simulator itself: the same seed is the same history, whole or reduced. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { planOf, reduce } from './plan.ts'
import { runPlan, runSeed } from './run-seed.ts'

describe('simulator: itself', function () {
  this.timeout(60_000)

  it('makes the same history of the same seed', async () => {
    for (const seed of [5, 9, 52]) {
      const [first, second] = [await runSeed(seed), await runSeed(seed)]
      assert.deepEqual(first, second)
      assert.ok(first.events > 100)
    }
    assert.notEqual((await runSeed(5)).hash, (await runSeed(9)).hash)
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
})
