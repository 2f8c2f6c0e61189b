/**
 * npm run sim -- --seed N [--verbose] | --seeds A..B | --minutes M   [--jobs N]
 *
 * Ends with 1 when an invariant was broken; every failure names the command that replays it.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { runFleet } from './fleet.ts'
import { shippedParts } from './parts.ts'
import { runSeed, type SeedResult } from './run-seed.ts'

const usage = 'usage: npm run sim -- --seed N [--verbose] | --seeds A..B | --minutes M   [--jobs N]'

/** Failures that one run reports before it ends. */
const maxReports = 20

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string' },
      minutes: { type: 'string' },
      jobs: { type: 'string' },
      verbose: { type: 'boolean' },
    },
  })
  const jobs = Number(values.jobs ?? availableParallelism())
  if (values.seed !== undefined) return one(Number(values.seed), values.verbose === true)
  if (values.seeds !== undefined) {
    const [from, to] = values.seeds.split('..').map(Number)
    if (from === undefined || to === undefined || !(from <= to)) throw new Error(usage)
    return many(range(from, to), to - from + 1, jobs)
  }
  if (values.minutes !== undefined) {
    const from = 1 + Math.floor(Math.random() * 2 ** 31)
    return many(untilTime(from, Date.now() + Number(values.minutes) * 60_000), undefined, jobs)
  }
  throw new Error(usage)
}

async function one(seed: number, verbose: boolean): Promise<number> {
  const result = await runSeed(seed, shippedParts, verbose ? line => console.log(line) : undefined)
  console.log(result.failure ? result.failure.report : `${summary(result)}: every invariant held`)
  return result.failure ? 1 : 0
}

async function many(seeds: Iterator<number>, total: number | undefined, jobs: number): Promise<number> {
  const failed: SeedResult[] = []
  let done = 0
  const startedMs = performance.now()
  await runFleet(seeds, {
    jobs,
    onResult(result) {
      done++
      if (result.failure) {
        failed.push(result)
        console.log(`\n${result.failure.report}\n`)
      }
      if (done % 50 === 0) console.log(progress(done, total, failed.length, startedMs))
      return failed.length < maxReports
    },
  })
  console.log(progress(done, total, failed.length, startedMs))
  for (const { seed, failure } of failed) console.log(`failed: ${failure?.invariant} npm run sim -- --seed ${seed}`)
  return failed.length > 0 ? 1 : 0
}

function progress(done: number, total: number | undefined, failed: number, startedMs: number): string {
  const seconds = Math.round((performance.now() - startedMs) / 1000)
  return `${done}${total === undefined ? '' : ` of ${total}`} seeds in ${seconds} s, ${failed} failed`
}

function summary({ seed, hash, events, virtualMs, writes }: SeedResult): string {
  return `seed ${seed}: ${events} events, ${Math.round(virtualMs / 1000)} s, ${writes} writes, history ${hash}`
}

function* range(from: number, to: number): Generator<number> {
  for (let seed = from; seed <= to; seed++) yield seed
}

function* untilTime(from: number, endMs: number): Generator<number> {
  for (let seed = from; Date.now() < endMs; seed++) yield seed
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  return 2
})
