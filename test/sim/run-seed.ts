/** Runs the simulation of one plan and says how it went. */
import { errorText } from '../../src/lib/errors.ts'
import { Violation } from './history.ts'
import { type Parts, shippedParts } from './parts.ts'
import { type Plan, type PlanKind, planText } from './plan.ts'
import { play } from './scenario.ts'
import { World } from './world.ts'

export interface SeedResult {
  seed: number
  kind: PlanKind | undefined
  /** Names the whole history: equal for two runs of one seed. */
  hash: string
  events: number
  virtualMs: number
  /** Acknowledged writes. */
  writes: number
  /** How often each thing was done, or refused. */
  tally: Record<string, number>
  failure: Failure | undefined
}

export interface Failure {
  readonly invariant: string
  /** When it showed, virtual ms. */
  readonly atMs: number
  /** The last lines of the history, what broke, and how to replay it. */
  readonly report: string
}

/** Lines of history in the report of a failure. */
const reportedLines = 60

type Print = (line: string) => void

export async function runPlan(plan: Plan, parts: Parts = shippedParts, print?: Print): Promise<SeedResult> {
  const { seed, kind } = plan
  const world = new World({ plan, parts, print })
  // a rejection that nobody handles would end skeind
  const unhandled = (error: unknown) => world.violate('log', `unhandled rejection: ${stackOf(error)}`)
  process.on('unhandledRejection', unhandled)
  let failure: Failure | undefined
  try {
    await play(world, plan)
  } catch (error) {
    failure = reportOf(world, plan, error)
  } finally {
    process.off('unhandledRejection', unhandled)
  }
  const writes = [...world.promises.counters.values()].reduce((sum, counter) => sum + counter, 0)
  const { step: events, nowMs: virtualMs } = world.time
  return {
    seed,
    kind,
    hash: world.history.hash,
    events,
    virtualMs,
    writes,
    tally: Object.fromEntries(world.tally),
    failure,
  }
}

function reportOf(world: World, plan: Plan, error: unknown): Failure {
  const invariant = error instanceof Violation ? error.invariant : 'exception'
  const what = error instanceof Violation ? errorText(error) : stackOf(error)
  const lines = [
    ...world.history.last(reportedLines).map(line => `  ${line}`),
    `seed ${world.seed}, event ${world.time.step}, ${(world.time.nowMs / 1000).toFixed(3)} s: ${what}`,
    `replay it with: npm run sim -- ${planText(plan)} --verbose`,
  ]
  return { invariant, atMs: world.time.nowMs, report: lines.join('\n') }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
