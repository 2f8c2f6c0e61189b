/** The simulator finds what is there: a simulator that finds nothing proves nothing. */
import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { after, before, describe, it } from 'mocha'
import { errorText } from '../../src/lib/errors.ts'
import { runFleet } from './fleet.ts'
import { Violation } from './history.ts'
import { shippedParts } from './parts.ts'
import { planOf } from './plan.ts'
import { planted } from './planted/all.ts'
import type { Planted } from './planted/planted.ts'
import { Search } from './planted/search.ts'
import { runPlan, type SeedResult } from './run-seed.ts'
import type { SeedTask } from './seed-worker.ts'
import { shrinkPlan } from './shrunk-report.ts'

interface Found {
  readonly invariant: string
  readonly text: string
}

function* tasksOf(searches: Iterable<Search>): Generator<SeedTask> {
  for (const search of searches) yield* search.tasks()
}

describe('simulator: planted bugs', function () {
  this.timeout(240_000)

  const searches = new Map<string, Search>()
  for (const bug of planted) {
    if (typeof bug.budget === 'number') searches.set(bug.what, new Search(bug, bug.budget))
  }
  let fleet: Promise<void>
  let goesOn = true

  // one fleet for all: while the last seeds of a search run, the next one begins
  before(() => {
    fleet = runFleet<SeedTask, SeedResult>(tasksOf(searches.values()), {
      worker: new URL('./seed-worker.ts', import.meta.url),
      jobs: availableParallelism(),
      onResult(result, { bug = '' }) {
        searches.get(bug)?.add(result)
        return goesOn
      },
    })
    fleet.catch(() => undefined) // who waits for a search has the error
  })

  after(async () => {
    goesOn = false
    await fleet
  })

  /** The first seed that breaks what the fault is meant to break. */
  async function foundBySeed({ what }: Planted): Promise<SeedResult | undefined> {
    const outcome = searches.get(what)?.outcome
    await Promise.race([outcome, fleet])
    return outcome
  }

  async function found(bug: Planted): Promise<Found | undefined> {
    const { parts, budget } = bug
    if (typeof budget === 'number') {
      const { seed, failure } = (await foundBySeed(bug)) ?? {}
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

  // first, as it takes one process: the fleet goes on beside it
  it('shrinks a failure to a shorter history that still fails', async () => {
    const bug = planted.find(({ what }) => what.includes('R3'))
    assert.ok(bug)
    const parts = { ...shippedParts, ...bug.parts }
    const result = await foundBySeed(bug)
    assert.ok(result?.failure)
    const shrunk = await shrinkPlan(planOf(result.seed), result.failure, parts, 30_000)
    const whole = planOf(result.seed).actions.length
    assert.ok(shrunk.plan.actions.length <= whole / 2, `${shrunk.plan.actions.length} of ${whole}`)
    assert.equal((await runPlan(shrunk.plan, parts)).failure?.invariant, result.failure.invariant)
    console.log(`        seed ${result.seed}: ${whole} actions shrunk to ${shrunk.plan.actions.length}`)
  })

  for (const bug of planted) {
    it(`finds ${bug.what}`, async () => {
      const result = await found(bug)
      assert.ok(result, `not found in ${typeof bug.budget === 'number' ? `${bug.budget} seeds` : bug.budget.name}`)
      assert.match(result.invariant, bug.breaks, result.text)
      console.log(`        ${result.text.slice(0, 170)}`)
    })
  }
})
