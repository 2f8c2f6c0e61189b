/** Waiting for a world to come to rest. */
import type { World } from './world.ts'

/** How often is looked, ms. */
const lookMs = 250

/**
 * So long at most the limit does not count, ms: fenced hosts give their connections up every ten minutes at last
 * (src/replica/fenced-turns.ts), and in each such turn where every key runs twice they meet the other machine by a chance of
 * one half: 28 turns. In an hour there are ten, which is too few once in a thousand such histories.
 */
const longestWaitMs = 14_400_000

/**
 * Runs until `problem` finds none; the last one found is the violation when that takes too long.
 * @param mayWait the limit counts from when this was last true
 */
export async function until(
  world: World,
  limitMs: number,
  invariant: string,
  problem: () => Promise<string | undefined>,
  mayWait?: (world: World) => boolean,
): Promise<void> {
  const found = await within(world, limitMs, problem, mayWait)
  if (found === undefined) return
  world.violate(invariant, `${found}, ${limitMs / 1000} s after everything was mended`)
  throw world.failure
}

/** The same, and gives the last one. */
export async function within(
  world: World,
  limitMs: number,
  problem: () => Promise<string | undefined>,
  mayWait: (world: World) => boolean = () => false,
): Promise<string | undefined> {
  // what was just set off, a start or a request, has begun to write by then: nothing begins between a look and the checks after it
  await world.run(() => true)
  const longestMs = world.time.nowMs + longestWaitMs
  let deadlineMs = world.time.nowMs + limitMs
  let found = await problem()
  while (found !== undefined) {
    if (world.time.nowMs < longestMs && mayWait(world)) deadlineMs = world.time.nowMs + limitMs
    if (world.time.nowMs >= deadlineMs) return found
    const nextMs = world.time.nowMs + lookMs
    await world.run(() => world.time.nowMs >= nextMs)
    found = await problem()
  }
  return undefined
}
