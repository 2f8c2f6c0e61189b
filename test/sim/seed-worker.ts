/** A process of the fleet that runs seeds. */

import { shippedParts } from './parts.ts'
import { plantedBug } from './planted/all.ts'
import { runSeed } from './run-seed.ts'
import { serve } from './serve.ts'

export interface SeedTask {
  readonly seed: number
  /** The planted bug that it runs with, by what it says of itself; without, it is what ships. */
  readonly bug?: string
}

serve(({ seed, bug }: SeedTask) => runSeed(seed, { ...shippedParts, ...(bug && plantedBug(bug).parts) }))
