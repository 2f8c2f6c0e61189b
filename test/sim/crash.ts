/** One busy history, in which the process of a host is killed, or its power goes, at an operation of its disk. */
import type { Death } from './faults/fault.ts'
import { dieHost, startHost } from './lifecycle.ts'
import { type Parts, shippedParts, simPace } from './parts.ts'
import type { Action, Plan } from './plan.ts'
import { play } from './scenario.ts'
import type { Instant } from './virtual-disk.ts'
import { calm } from './weather.ts'
import { World } from './world.ts'

export interface CrashTask {
  /** Of the first host's disk; 0: no crash. */
  readonly operation: number
  readonly how: Death
  readonly instant: Instant
}

export interface CrashResult {
  /** What the first host's disk began until everything was mended. */
  readonly operations: number
  readonly rewrites: number
  readonly crashed: boolean
}

const deeds = [
  'createNetwork',
  'burst',
  'containerUp',
  'createTenant',
  'containerDown',
  'renameNetwork',
  'removeNetwork',
]
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

/** Fails when that breaks an invariant. */
export async function crashAt({ operation, how, instant }: CrashTask): Promise<CrashResult> {
  const plan = busyPlan()
  const world = new World({ plan, parts })
  const host = world.addHost(0)
  let crashed = false
  host.disk.trap = {
    operation,
    instant,
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
    throw new Error(`${how} ${instant} operation ${operation}: ${error}\n${world.history.last(30).join('\n')}`)
  })
  return { operations, rewrites, crashed }
}
