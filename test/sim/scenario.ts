/** The course of one simulation: the plan is carried out; then all is mended and checked. */

import { dotText } from '../../src/crdt/vector.ts'
import { errorText } from '../../src/lib/errors.ts'
import { checkCapacity } from './checks/capacity.ts'
import { checkAtRest, checkEqualVectors, leak, unrest } from './checks/convergence.ts'
import { mayMeet, running } from './checks/insiders.ts'
import { checkJournals } from './checks/journals.ts'
import { checkNaming } from './checks/naming.ts'
import { openRemovals } from './checks/open-removals.ts'
import { leaveAtLast } from './deeds/leaving.ts'
import { lostKeys, sayLost } from './deeds/returning.ts'
import { act, deedNames } from './deeds.ts'
import { joinAgainAtRest } from './differing.ts'
import { breakSomething, mendAll } from './faults.ts'
import type { Host } from './host.ts'
import { startHost } from './lifecycle.ts'
import { removeTheLost } from './losses.ts'
import type { Action, Plan } from './plan.ts'
import { Random } from './random.ts'
import { until, within } from './until.ts'
import { calm } from './weather.ts'
import type { World } from './world.ts'

/** How often peers with equal vectors are compared, ms. */
const compareMs = 4000
/** "Within seconds", with the slowest rounds of anti-entropy: all agree so long after everything was mended, ms. */
const restLimitMs = 60_000
/** An address that nobody came for is taken back after a minute, looked for every 15 s (src/ipam/sweeper.ts), ms. */
const leakLimitMs = 100_000

/** How often operators try again what is to be done in the end, ms. */
const againMs = 5000
/** A removal that is not decided so long after everything was mended is lifted, as its condition says, ms. */
const patienceMs = 20_000

export async function play(world: World, plan: Plan): Promise<void> {
  for (const action of plan.actions) world.time.after(action.atMs, () => carryOut(world, action))
  compareAgain(world)
  await world.run(() => world.time.nowMs >= plan.endMs)
  await rest(world)
}

function carryOut(world: World, { what, host: index, seed }: Action): void {
  const random = new Random(seed)
  if (what === 'start') {
    if (!world.hosts.some(host => host.index === index)) void startHost(world, world.addHost(index))
  } else if (deedNames.includes(what)) {
    const host = servingHost(world, index)
    if (host) act(world, host, what, random)
  } else {
    breakSomething(world, what, index, random)
  }
}

/** The host of this place if it serves, else one behind it. */
function servingHost(world: World, index: number): Host | undefined {
  const ready = world.readyHosts()
  return ready.find(host => host.index >= index) ?? ready[0]
}

function compareAgain(world: World): void {
  world.time.after(compareMs, () => {
    void checkEqualVectors(world)
    compareAgain(world)
  })
}

/** Mends all, waits until nothing is left to do, and checks what holds then. */
export async function rest(world: World): Promise<void> {
  // what is left of a plan may lack the host that begins the mesh
  if (!world.hosts.some(host => host.isFounder)) return
  world.quiet = true
  world.network.weather = calm
  mendAll(world)
  for (let ms = 0; ms < patienceMs; ms += againMs) {
    world.time.after(ms, () => void leaveAtLast(world))
    world.time.after(ms, () => void sayWhatIsLost(world))
  }
  world.time.after(patienceMs, () => void liftRemovals(world).then(() => removeTheLost(world)))
  // who asked in vain to be taken out, and asks when another's removal is lifted, may wait for that other in turn
  world.time.after(2 * patienceMs, () => void liftRemovals(world))
  await agreed(world)
  await checkAtRest(world)
  await until(world, leakLimitMs, 'R7', async () => leak(world))
  // an old copy that dials nobody may have been met, or told, meanwhile
  await agreed(world)
  checkNaming(world)
  await checkCapacity(world)
  await agreed(world)
  await checkAtRest(world)
  checkJournals(world)
  countRemovals(world)
  if (world.failure) throw world.failure
}

/** In time from when hosts that hear nothing of each other have met. Where keys were copied, also once the fenced machines have joined again. */
async function agreed(world: World): Promise<void> {
  const problem = () => unrest(world)
  if (world.copies.any && (await within(world, restLimitMs, problem, mayMeet)) !== undefined) joinAgainAtRest(world)
  await until(world, restLimitMs, 'I2', problem, mayMeet)
}

/** What became of removals, as the members know it. */
function countRemovals(world: World): void {
  const known = running(world).flatMap(({ peer }) => peer.replica.view.removals())
  const effective = new Map(
    known.filter(({ outcome }) => outcome === 'effective').map(each => [dotText(each.dot), each]),
  )
  for (const { assertedAt } of effective.values()) {
    world.count(assertedAt ? 'removal of hosts that are down effective at rest' : 'removal effective at rest')
  }
}

/** Operators of hosts that have a new key say of the former that it is lost, as often as that is refused. */
async function sayWhatIsLost(world: World): Promise<void> {
  for (const host of world.readyHosts()) {
    const { peer } = host
    if (!peer || peer.replica.fenced) continue
    for (const key of lostKeys(world, host, peer)) {
      world.count('key said to be lost at rest')
      await sayLost(world, host, peer, key).catch(error =>
        world.history.note(`${host.name} could not: ${errorText(error)}`),
      )
    }
  }
}

/** Operators of hosts whose removals are stuck do what the condition says. */
async function liftRemovals(world: World): Promise<void> {
  for (const host of world.readyHosts()) {
    const { name, peer } = host
    for (const { targets } of openRemovals(host)) {
      world.count('removal lifted at rest')
      world.history.note(`${name} lifts its removal, which waits`)
      await peer?.removal.cancel(targets.map(({ key }) => key)).catch(() => undefined) // it was decided meanwhile
    }
  }
}
