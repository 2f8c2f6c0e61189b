/**
 * npm run test:lab -- [FOLDER|FILE…]
 *
 * The tests of the lab, in lanes side by side: most of their time they wait, for splits, deadlines and containers. Each lane runs one job
 * at a time, a mocha with a lab of its own.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { installMissing } from '../../lab/packages.ts'
import { checkPrivilege } from '../../lab/up.ts'
import { errorText, SkeinError } from '../../src/lib/errors.ts'
import { type Outcome, report } from '../support/outcome.ts'
import { type RunningJob, runJob } from '../support/run-job.ts'
import { order } from './lanes/order.ts'
import { chooseFiles, type Job, planJobs } from './lanes/plan.ts'
import { removeLeftLabs } from './support/leftovers.ts'

const laneCount = 3
const testLimitMs = 120_000
/** So that who watches knows that it goes on. */
const progressMs = 30_000

const begun = performance.now()
const secondsSince = (ms: number) => ((performance.now() - ms) / 1000).toFixed(0)
const say = (line: string) => console.log(`lab ${secondsSince(begun)} s: ${line}`)

const running = new Set<RunningJob>()
let interrupted = false

async function main(words: readonly string[]): Promise<number> {
  checkPrivilege()
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter(f =>
    f.endsWith('.test.ts'),
  )
  const { chosen, unknown } = chooseFiles(files, words)
  if (unknown.length > 0) {
    const folders = [...new Set(files.map(file => file.split('/')[0]))].sort().join(' ')
    throw new SkeinError('usage', `no tests of the lab: ${unknown.join(' ')}; there are: ${folders}`)
  }
  // both once, before two jobs would do it side by side
  await installMissing(say, undefined, 'npm run test:lab')
  await removeLeftLabs()
  const plan = planJobs(chosen, order)
  const count = plan.lanes.length + plan.alone.length
  const outcomes: Outcome[] = []
  const progress = setInterval(() => {
    const now = [...running].map(
      job => `${job.name} for ${secondsSince(job.startedMs)} s, ${ticks(job.output())} passed`,
    )
    say(`${outcomes.length} of ${count} done; ${now.join('; ')}`)
  }, progressMs)
  try {
    await runLanes(plan.lanes, laneCount, outcomes)
    await runLanes(plan.alone, 1, outcomes)
  } finally {
    clearInterval(progress)
    await removeLeftLabs()
  }
  if (interrupted) say('interrupted')
  process.stdout.write(report(outcomes))
  return !interrupted && outcomes.every(({ failed }) => failed === 0) ? 0 : 1
}

/** Each lane takes the next job once it is free. */
async function runLanes(jobs: readonly Job[], lanes: number, outcomes: Outcome[]): Promise<void> {
  const queue = [...jobs]
  const lane = async () => {
    for (let job = queue.shift(); job && !interrupted; job = queue.shift()) {
      say(`${job.name} begins`)
      const files = job.files.map(file => join('test/lab', file))
      const started = runJob({ name: job.name, files }, ['--timeout', `${testLimitMs}`])
      running.add(started)
      const outcome = await started.ended.finally(() => running.delete(started))
      process.stdout.write(`${started.output().trimEnd()}\n\n`)
      say(`${job.name}: ${outcome.passed} passed, ${outcome.failed} failed in ${outcome.seconds.toFixed(0)} s`)
      outcomes.push(outcome)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

const ticks = (output: string): number => output.split('✔').length - 1

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interrupted) return
    interrupted = true
    say(`${signal}: the labs are taken down`)
    for (const job of running) job.interrupt()
  })
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(`Error: ${errorText(error)}`)
  process.exitCode = 1
}
