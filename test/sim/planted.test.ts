/** The simulator finds what is there: a simulator that finds nothing proves nothing. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { errorText } from '../../src/lib/errors.ts'
import { Violation } from './history.ts'
import { shippedParts } from './parts.ts'
import { planOf } from './plan.ts'
import { addressFaults } from './planted/addresses.ts'
import { journalFaults } from './planted/journals.ts'
import type { Planted } from './planted/planted.ts'
import { recordFaults } from './planted/records.ts'
import { runPlan, runSeed, type SeedResult } from './run-seed.ts'
import { shrinkSeed } from './shrunk-report.ts'

const planted = [...journalFaults, ...recordFaults, ...addressFaults]

interface Found {
  readonly invariant: string
  readonly text: string
}

/** The first seed that breaks what the fault is meant to break. */
async function foundBySeed({ parts, breaks }: Planted, budget: number): Promise<SeedResult | undefined> {
  for (let seed = 1; seed <= budget; seed++) {
    const result = await runSeed(seed, { ...shippedParts, ...parts })
    if (result.failure && breaks.test(result.failure.invariant)) return result
  }
  return undefined
}

async function found(bug: Planted): Promise<Found | undefined> {
  const { parts, budget } = bug
  if (typeof budget === 'number') {
    const { seed, failure } = (await foundBySeed(bug, budget)) ?? {}
    return failure && { invariant: failure.invariant, text: `seed ${seed}: ${failure.report.split('\n').at(-2)}` }
  }
  return budget({ ...shippedParts, ...parts }).then(
    () => undefined,
    (error: unknown) => {
      const invariant = error instanceof Violation ? error.invariant : 'told'
      return { invariant, text: errorText(error) }
    },
  )
}

describe('simulator: planted bugs', function () {
  this.timeout(240_000)

  for (const bug of planted) {
    it(`finds ${bug.what}`, async () => {
      const result = await found(bug)
      assert.ok(result, `not found in ${typeof bug.budget === 'number' ? `${bug.budget} seeds` : bug.budget.name}`)
      assert.match(result.invariant, bug.breaks, result.text)
      console.log(`        ${result.text.slice(0, 170)}`)
    })
  }

  it('shrinks a failure to a shorter history that still fails', async () => {
    const bug = planted.find(({ what }) => what.includes('R3'))
    assert.ok(bug)
    const parts = { ...shippedParts, ...bug.parts }
    const result = await foundBySeed(bug, 30)
    assert.ok(result?.failure)
    const shrunk = await shrinkSeed(result.seed, result.failure, parts, 30_000)
    const whole = planOf(result.seed).actions.length
    assert.ok(shrunk.plan.actions.length <= whole / 2, `${shrunk.plan.actions.length} of ${whole}`)
    assert.equal((await runPlan(shrunk.plan, parts)).failure?.invariant, result.failure.invariant)
    console.log(`        seed ${result.seed}: ${whole} actions shrunk to ${shrunk.plan.actions.length}`)
  })
})
