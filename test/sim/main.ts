/**
 * npm run sim -- --seed N [--copies] [--only IDS] [--calm NAMES] [--verbose] | --replay FILE [--verbose]
 *              | --seeds A..B | --minutes M   [--copies] [--jobs N]
 *
 * With --copies data directories of two or three hosts are copied and put back far more often than is usual.
 * Ends with 1 when an invariant was broken; a failure is shrunk, and names the command that replays it.
 */
import { readFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { shippedParts } from './parts.ts'
import { type Plan, type PlanKind, planOf, type Reduction, reduce } from './plan.ts'
import { runPlan, type SeedResult } from './run-seed.ts'
import type { SeedTask } from './seed-worker.ts'
import { keepPlan, shrinkPlan, shrunkText } from './shrunk-report.ts'
import { soak } from './soak.ts'
import { calm, type Weather } from './weather.ts'

const usage =
  'usage: npm run sim -- --seed N [--copies] [--only IDS] [--calm NAMES] [--verbose] | --replay FILE [--verbose]\n' +
  '                    | --seeds A..B | --minutes M   [--copies] [--jobs N]'

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      only: { type: 'string' },
      calm: { type: 'string' },
      replay: { type: 'string' },
      seeds: { type: 'string' },
      minutes: { type: 'string' },
      jobs: { type: 'string' },
      copies: { type: 'boolean' },
      verbose: { type: 'boolean' },
    },
  })
  const kind = values.copies ? 'copies' : 'usual'
  const jobs = Number(values.jobs ?? availableParallelism())
  const print = values.verbose ? (line: string) => console.log(line) : undefined
  if (values.replay !== undefined) return one(JSON.parse(await readFile(values.replay, 'utf8')), print)
  if (values.seed !== undefined) {
    const plan = planOf(Number(values.seed), kind)
    if (values.only === undefined && values.calm === undefined) return shrunken(plan, print)
    return one(reduce(plan, reductionOf(values.only, values.calm)), print)
  }
  if (values.seeds !== undefined) {
    const [from, to] = values.seeds.split('..').map(Number)
    if (from === undefined || to === undefined || !(from <= to)) throw new Error(usage)
    return soak(range(from, to, kind), to - from + 1, jobs)
  }
  if (values.minutes !== undefined) {
    const from = 1 + Math.floor(Math.random() * 2 ** 31)
    return soak(untilTime(from, Date.now() + Number(values.minutes) * 60_000, kind), undefined, jobs)
  }
  throw new Error(usage)
}

function reductionOf(only: string | undefined, calmed: string | undefined): Reduction {
  const names = calmed?.split(',').filter((name): name is keyof Weather => name in calm) ?? []
  return only === undefined ? { calm: names } : { only: only.split(',').map(Number), calm: names }
}

async function one(plan: Plan, print?: (line: string) => void): Promise<number> {
  const result = await runPlan(plan, shippedParts, print)
  console.log(result.failure ? result.failure.report : `${summary(result)}: every invariant held`)
  return result.failure ? 1 : 0
}

/** Runs a whole plan; a failure that nobody follows line by line is shrunk. */
async function shrunken(plan: Plan, print?: (line: string) => void): Promise<number> {
  if (print) return one(plan, print)
  const result = await runPlan(plan)
  if (!result.failure) return one(plan)
  const shrunk = await shrinkPlan(plan, result.failure, shippedParts)
  console.log(shrunkText(shrunk, plan.actions.length))
  console.log(`or, whatever becomes of the simulator: npm run sim -- --replay ${await keepPlan(shrunk.plan, tmpdir())}`)
  return 1
}

function summary({ seed, hash, events, virtualMs, writes }: SeedResult): string {
  return `seed ${seed}: ${events} events, ${Math.round(virtualMs / 1000)} s, ${writes} writes, history ${hash}`
}

function* range(from: number, to: number, kind: PlanKind): Generator<SeedTask> {
  for (let seed = from; seed <= to; seed++) yield { seed, kind }
}

function* untilTime(from: number, endMs: number, kind: PlanKind): Generator<SeedTask> {
  for (let seed = from; Date.now() < endMs; seed++) yield { seed, kind }
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  return 2
})
