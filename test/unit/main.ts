/**
 * npm run test:unit
 *
 * The unit tests in two mochas side by side, as one of them computes on one processor. Each takes every other file: those that take long
 * have their like next to them.
 */
import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { packageRoot } from '../../lab/plan.ts'
import { report } from '../support/outcome.ts'
import { runJob } from '../support/run-job.ts'

const jobCount = 2

const folder = relative(packageRoot(), import.meta.dirname)
const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.test.ts'))
  .sort()
  .map(file => join(folder, file))
const running = Array.from({ length: jobCount }, (_, number) =>
  runJob({ name: `unit ${number + 1}`, files: files.filter((_, i) => i % jobCount === number) }),
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    for (const job of running) job.interrupt()
  })
}
const outcomes = await Promise.all(
  running.map(async job => {
    const outcome = await job.ended
    process.stdout.write(`${job.output().trimEnd()}\n\n`)
    return outcome
  }),
)
process.stdout.write(report(outcomes))
process.exitCode = outcomes.every(({ failed }) => failed === 0) ? 0 : 1
