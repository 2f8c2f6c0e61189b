/** Waiting for a world to come to rest. */
import type { World } from './world.ts'

/** How often is looked, ms. */
const lookMs = 250

/**
 * Runs until `problem` finds none; the last one found is the violation when that takes too long.
 * @param limitOf says how long it may take, ms; asked when a problem was found
 */
export async function until(
  world: World,
  limitOf: (world: World) => number,
  invariant: string,
  problem: () => Promise<string | undefined>,
): Promise<void> {
  const beginMs = world.time.nowMs
  let found = await problem()
  while (found !== undefined) {
    const limitMs = limitOf(world)
    if (world.time.nowMs >= beginMs + limitMs) {
      world.violate(invariant, `${found}, ${limitMs / 1000} s after everything was mended`)
      throw world.failure
    }
    const nextMs = world.time.nowMs + lookMs
    await world.run(() => world.time.nowMs >= nextMs)
    found = await problem()
  }
}
