/** A shrunk failure for people: what happens in it, its last lines, and the command that replays it. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Parts } from './parts.ts'
import { actionText, type Plan, planText } from './plan.ts'
import { type Failure, runPlan } from './run-seed.ts'
import { type Shrunk, shrink } from './shrink.ts'

/** Real time that shrinking one failure may take, ms. */
const shrinkLimitMs = 60_000

export async function shrinkPlan(plan: Plan, failure: Failure, parts: Parts, limitMs = shrinkLimitMs): Promise<Shrunk> {
  const endMs = performance.now() + limitMs
  return shrink(plan, {
    failure,
    attempt: async reduced => (await runPlan(reduced, parts)).failure,
    isOver: () => performance.now() > endMs,
  })
}

/** The command of a shrunk plan. */
export function commandOf({ plan, reduction: { only = [], calm = [] } }: Shrunk): string {
  const calmed = calm.length > 0 ? ` --calm ${calm.join(',')}` : ''
  return `npm run sim -- ${planText(plan)} --only ${only.join(',')}${calmed} --verbose`
}

export function shrunkText(shrunk: Shrunk, whole: number): string {
  const { plan, failure, attempts, reduction } = shrunk
  const weather = Object.entries(plan.weather)
    .filter(([name]) => !reduction.calm?.some(calmed => calmed === name))
    .map(([name, value]) => `${name} ${Number(value.toPrecision(3))}`)
  return [
    failure.report,
    `shrunk to ${plan.actions.length} of ${whole} actions in ${attempts} attempts; the weather: ${weather.join(', ') || 'calm'}`,
    ...plan.actions.map(actionText),
    `replay it with: ${commandOf(shrunk)}`,
  ].join('\n')
}

/** Writes the plan to a file that `--replay` reads, whatever later versions draw from the seed. Gives its name. */
export async function keepPlan(plan: Plan, directory: string): Promise<string> {
  const file = join(directory, `sim-${plan.seed}.json`)
  await writeFile(file, `${JSON.stringify(plan, null, 1)}\n`)
  return file
}
