/** Runs the simulation of one seed and says how it went. */
import { errorText } from '../../src/lib/errors.ts'
import { Violation } from './history.ts'
import { type Parts, shippedParts } from './parts.ts'
import { play } from './scenario.ts'
import { World } from './world.ts'

export interface SeedResult {
  seed: number
  /** Names the whole history: equal for two runs of one seed. */
  hash: string
  events: number
  virtualMs: number
  /** Acknowledged writes. */
  writes: number
  failure: { invariant: string; report: string } | undefined
}

/** Lines of history in the report of a failure. */
const reportedLines = 60

export async function runSeed(
  seed: number,
  parts: Parts = shippedParts,
  print?: (line: string) => void,
): Promise<SeedResult> {
  const world = new World({ seed, parts, print })
  // a rejection that nobody handles would end skeind
  const unhandled = (error: unknown) => world.violate('log', `unhandled rejection: ${stackOf(error)}`)
  process.on('unhandledRejection', unhandled)
  let failure: SeedResult['failure']
  try {
    await play(world)
  } catch (error) {
    failure = reportOf(world, error)
  } finally {
    process.off('unhandledRejection', unhandled)
  }
  const writes = [...world.promises.counters.values()].reduce((sum, counter) => sum + counter, 0)
  return { seed, hash: world.history.hash, events: world.time.step, virtualMs: world.time.nowMs, writes, failure }
}

function reportOf(world: World, error: unknown): { invariant: string; report: string } {
  const invariant = error instanceof Violation ? error.invariant : 'exception'
  const what = error instanceof Violation ? errorText(error) : stackOf(error)
  const lines = [
    ...world.history.last(reportedLines).map(line => `  ${line}`),
    `seed ${world.seed}, event ${world.time.step}, ${(world.time.nowMs / 1000).toFixed(3)} s: ${what}`,
    `replay it with: npm run sim -- --seed ${world.seed} --verbose`,
  ]
  return { invariant, report: lines.join('\n') }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
