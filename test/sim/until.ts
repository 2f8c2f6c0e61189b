/** Waiting for a world to come to rest. */
import type { World } from './world.ts'

/** How often is looked, ms. */
const lookMs = 250

/** Runs until `problem` finds none; the last one found is the violation when that takes too long. */
export async function until(
  world: World,
  limitMs: number,
  invariant: string,
  problem: () => Promise<string | undefined>,
): Promise<void> {
  const deadlineMs = world.time.nowMs + limitMs
  let found = await problem()
  while (found !== undefined) {
    if (world.time.nowMs >= deadlineMs) {
      world.violate(invariant, `${found}, ${limitMs / 1000} s after everything was mended`)
      throw world.failure
    }
    const nextMs = world.time.nowMs + lookMs
    await world.run(() => world.time.nowMs >= nextMs)
    found = await problem()
  }
}
