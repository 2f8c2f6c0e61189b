/** One busy history, again for every operation of a host's disk: there the process is killed, or the power goes. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Death } from './faults/fault.ts'
import { dieHost, startHost } from './lifecycle.ts'
import { type Parts, shippedParts, simPace } from './parts.ts'
import type { Action, Plan } from './plan.ts'
import { play } from './scenario.ts'
import type { Instant } from './virtual-disk.ts'
import { calm } from './weather.ts'
import { World } from './world.ts'

const deeds = [
  'createNetwork',
  'burst',
  'containerUp',
  'createTenant',
  'containerDown',
  'renameNetwork',
  'removeNetwork',
]
const instants: readonly Instant[] = ['before', 'during', 'after']
const endMs = 4000

function busyPlan(): Plan {
  const start = (host: number): Omit<Action, 'id'> => ({ atMs: 10 * host, what: 'start', host, seed: 1 })
  const acts = Array.from({ length: 24 }, (_, i): Omit<Action, 'id'> => {
    return { atMs: 500 + 140 * i, what: deeds[i % deeds.length] ?? '', host: i % 5 === 4 ? 1 : 0, seed: 77 + i }
  })
  const actions = [start(0), start(1), ...acts].map((action, id) => ({ id, ...action }))
  return { seed: 4711, endMs, weather: calm, actions }
}

/** Records go as soon as they may, and the journal is rewritten when a little of it is dead. */
const parts: Parts = {
  ...shippedParts,
  collection: { ...simPace, periodMs: 300, enough: 1, quietMs: 500 },
  rewriting: { floorBytes: 0, deadShare: 0.05, restMs: 100 },
}

/** Gives how many operations of the disk the first host began until everything was mended. */
async function crashAt(
  operation: number,
  how: Death,
): Promise<{ operations: number; rewrites: number; crashed: boolean }> {
  const plan = busyPlan()
  const world = new World({ plan, parts })
  const host = world.addHost(0)
  let crashed = false
  host.disk.trap = {
    operation,
    instant: instants[operation % instants.length] ?? 'during',
    spring() {
      host.disk.trap = undefined
      crashed = true
      dieHost(world, host, how)
      world.time.after(100, () => {
        if (!host.life) void startHost(world, host)
      })
    },
  }
  void startHost(world, host)
  let [operations, rewrites] = [0, 0]
  world.time.after(endMs - 1, () => {
    ;({ operations, placed: rewrites } = host.disk)
  })
  await play(world, plan).catch((error: unknown) => {
    throw new Error(`${how} at operation ${operation}: ${error}\n${world.history.last(30).join('\n')}`)
  })
  return { operations, rewrites, crashed }
}

describe('simulator: a crash at every operation of a disk', function () {
  this.timeout(400_000)

  for (const how of ['kill', 'power'] as const) {
    it(`keeps what was acknowledged: ${how}`, async () => {
      const { operations, rewrites } = await crashAt(0, how)
      assert.ok(operations > 40, `${operations} operations are not busy`)
      assert.ok(rewrites >= 3, `the journal was rewritten ${rewrites} times`)
      for (let at = 1; at <= operations; at++) assert.ok((await crashAt(at, how)).crashed, `no operation ${at}`)
      console.log(`        ${operations} crashes, ${rewrites} rewrites`)
    })
  }
})
