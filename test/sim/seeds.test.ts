import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { describe, it } from 'mocha'
import { runFleet } from './fleet.ts'
import { shippedParts } from './parts.ts'
import { planOf } from './plan.ts'
import type { SeedResult } from './run-seed.ts'
import type { SeedTask } from './seed-worker.ts'
import { shrinkSeed, shrunkText } from './shrunk-report.ts'

/** A fixed range, so that CI's result is the code's and not chance's; `npm run sim -- --minutes M` looks further. */
const firstSeed = 1
const seeds = 250
/** Failures that are shrunk before the test fails, and real time for each, ms. */
const most = 3
const shrinkLimitMs = 40_000

/** What failed, in the shortest history that still does, and the command that replays it. */
async function shortest({ seed, failure }: SeedResult): Promise<string> {
  if (!failure) return ''
  const shrunk = await shrinkSeed(seed, failure, shippedParts, shrinkLimitMs)
  return shrunkText(shrunk, planOf(seed).actions.length)
}

describe('simulator', function () {
  this.timeout(600_000)

  it(`I1, I2, I3, R7 and promise 4 hold in ${seeds} histories`, async () => {
    const failed: SeedResult[] = []
    let [units, rewrites] = [0, 0]
    let done = 0
    const range = Array.from({ length: seeds }, (_, i) => ({ seed: firstSeed + i }))
    await runFleet<SeedTask, SeedResult>(range.values(), {
      worker: new URL('./seed-worker.ts', import.meta.url),
      jobs: availableParallelism(),
      onResult(result) {
        const { failure, tally } = result
        units += tally['compact unit held at rest'] ?? 0
        rewrites += tally['journal rewritten'] ?? 0
        if (++done % 100 === 0) console.log(`      ${done} of ${seeds} seeds`)
        if (failure) failed.push(result)
        return failed.length < most
      },
    })
    const reports: string[] = []
    for (const result of failed) reports.push(await shortest(result))
    assert.equal(failed.length, 0, `\n${reports.join('\n\n')}`)
    assert.equal(done, seeds)
    // what nobody needs goes also while all else happens
    assert.ok(units >= 1000, `${units} compact units`)
    assert.ok(rewrites >= 1000, `${rewrites} journals rewritten`)
    console.log(`      ${units} compact units are held at the ends; journals were rewritten ${rewrites} times`)
  })
})
