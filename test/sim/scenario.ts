/** The course of one simulation: hosts join, people act and things break for a while; then all is mended and checked. */
import { checkCapacity } from './checks/capacity.ts'
import { checkAtRest, checkEqualVectors, leak, unrest } from './checks/convergence.ts'
import { checkJournals } from './checks/journals.ts'
import { breakSomething, drawRisks, mendAll } from './faults.ts'
import type { Host } from './host.ts'
import { startHost } from './lifecycle.ts'
import { act, drawHabits } from './users.ts'
import { calm } from './weather.ts'
import type { World } from './world.ts'

/** How often peers with equal vectors are compared, ms. */
const compareMs = 2000
/** "Within seconds", with the slowest rounds of anti-entropy: all agree so long after everything was mended, ms. */
const restLimitMs = 60_000
/** An address that nobody came for is taken back after a minute, looked for every 15 s (src/ipam/sweeper.ts), ms. */
const leakLimitMs = 100_000

export async function play(world: World): Promise<void> {
  await troubles(world)
  await rest(world)
}

async function troubles(world: World): Promise<void> {
  const { random, time } = world
  const endMs = random.between(20_000, 70_000)
  const count = 3 + random.below(3)
  const early = 1 + random.below(count)
  for (let i = 0; i < count; i++) {
    const host = world.addHost()
    if (i < early) time.after(i === 0 ? 0 : random.between(0, 3000), () => void startHost(world, host))
    else time.after(random.between(5000, endMs), () => world.quiet || joinLate(world, host))
  }
  again(world, random.spread(100, 1500), habitually(world))
  again(world, random.spread(1000, 20_000), fatefully(world))
  compareAgain(world)
  await world.run(() => time.nowMs >= endMs)
}

/** Newcomers like to come while the mesh is split. */
function joinLate(world: World, host: Host): void {
  if (world.random.chance(0.5)) breakSomething(world, [['split', 1]])
  world.time.after(world.random.spread(1, 1000), () => {
    // when the mesh is to come to rest, that starts everybody
    if (!world.quiet) void startHost(world, host)
  })
}

function habitually(world: World): () => void {
  const habits = drawHabits(world)
  return () => {
    const host = world.random.pick(world.readyHosts())
    if (host) act(world, host, habits)
  }
}

function fatefully(world: World): () => void {
  const risks = drawRisks(world)
  return () => breakSomething(world, risks)
}

/** Again and again, `meanMs` apart, until the mesh is to rest. */
function again(world: World, meanMs: number, action: () => void): void {
  world.time.after(world.random.between(0.2, 1.8) * meanMs, () => {
    if (world.quiet) return
    action()
    again(world, meanMs, action)
  })
}

function compareAgain(world: World): void {
  world.time.after(compareMs, () => {
    void checkEqualVectors(world)
    compareAgain(world)
  })
}

async function rest(world: World): Promise<void> {
  world.quiet = true
  world.network.weather = calm
  mendAll(world)
  await until(world, restLimitMs, 'I2', () => unrest(world))
  await checkAtRest(world)
  await until(world, leakLimitMs, 'R7', async () => leak(world))
  await checkCapacity(world)
  await until(world, restLimitMs, 'I2', () => unrest(world))
  await checkAtRest(world)
  checkJournals(world)
  if (world.failure) throw world.failure
}

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
    const nextMs = world.time.nowMs + 250
    await world.run(() => world.time.nowMs >= nextMs)
    found = await problem()
  }
}
