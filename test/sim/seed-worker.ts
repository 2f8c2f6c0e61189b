/** A process of the fleet that runs seeds. */

import { shippedParts } from './parts.ts'
import { type PlanKind, planOf } from './plan.ts'
import { plantedBug } from './planted/all.ts'
import { runPlan } from './run-seed.ts'
import { serve } from './serve.ts'

export interface SeedTask {
  readonly seed: number
  readonly kind?: PlanKind | undefined
  /** The planted bug that it runs with, by what it says of itself; without, it is what ships. */
  readonly bug?: string
}

serve(({ seed, kind, bug }: SeedTask) =>
  runPlan(planOf(seed, kind), { ...shippedParts, ...(bug && plantedBug(bug).parts) }),
)
