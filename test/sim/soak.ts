/** Runs many seeds: tells how far it is, shrinks the first failures, and sums up what happened in all of them. */
import { runFleet } from './fleet.ts'
import { shippedParts } from './parts.ts'
import { planOf, planText } from './plan.ts'
import type { SeedResult } from './run-seed.ts'
import type { SeedTask } from './seed-worker.ts'
import { shrinkPlan, shrunkText } from './shrunk-report.ts'
import { Sums } from './sums.ts'

/** Failures that one run collects before it ends. */
const maxFailures = 20
/** Failures that are shrunk; the others are named. */
const maxShrunk = 3
const progressMs = 20_000

/** Gives the exit code. @param total of the seeds, if known */
export async function soak(seeds: Iterator<SeedTask>, total: number | undefined, jobs: number): Promise<number> {
  const failed: SeedResult[] = []
  const sums = new Sums()
  let toldMs = performance.now()
  await runFleet<SeedTask, SeedResult>(seeds, {
    worker: new URL('./seed-worker.ts', import.meta.url),
    jobs,
    onResult(result) {
      sums.add(result)
      if (result.failure) {
        failed.push(result)
        console.log(`\n${result.failure.report}\n`)
      }
      if (performance.now() - toldMs > progressMs) {
        toldMs = performance.now()
        console.log(sums.progress(total, failed.length))
      }
      return failed.length < maxFailures
    },
  })
  console.log(`${sums.progress(total, failed.length)}\n${sums.text()}`)
  for (const { seed, kind, failure } of failed.slice(0, maxShrunk)) {
    if (!failure) continue
    const plan = planOf(seed, kind)
    console.log(`\n${shrunkText(await shrinkPlan(plan, failure, shippedParts), plan.actions.length)}`)
  }
  for (const result of failed) console.log(`failed: ${result.failure?.invariant} npm run sim -- ${planText(result)}`)
  return failed.length > 0 ? 1 : 0
}
