/**
 * What is going to happen in a simulation, decided before it begins: who starts when, what people do and what breaks. Each
 * action has a random number of its own, so that leaving some out leaves the others as they are: a failure is shrunk so.
 */
import { deedAbsence, deedNames, deedWeights } from './deeds.ts'
import { copyFaults } from './faults/copies.ts'
import { faultAbsence, faultNames, faultWeights } from './faults.ts'
import { derivedRandom, type Random, type Weighted } from './random.ts'
import { calm, drawWeather, type Weather } from './weather.ts'

export interface Action {
  /** Its place in the whole plan, for good. */
  readonly id: number
  readonly atMs: number
  /** `start`, or a name of the tables of deeds and faults. */
  readonly what: string
  /** Index of the host that it is about, or where the search for a fit one begins. */
  readonly host: number
  /** Decides the rest. */
  readonly seed: number
}

/** `copies`: two or three hosts, whose data directories are copied and put back far more often than is usual (R8). */
export type PlanKind = 'usual' | 'copies'

export interface Plan {
  readonly seed: number
  readonly kind?: PlanKind | undefined
  /** Everything is mended then, ms. */
  readonly endMs: number
  readonly weather: Weather
  /** In the order of their times. */
  readonly actions: readonly Action[]
}

/** What is left of a plan. */
export interface Reduction {
  /** Ids of the actions that stay. */
  readonly only?: readonly number[]
  /** What the weather does not do. */
  readonly calm?: readonly (keyof Weather)[]
}

export function planOf(seed: number, kind: PlanKind = 'usual'): Plan {
  const random = derivedRandom(seed, 'plan')
  const count = drawCount(random, kind)
  const endMs = random.between(20_000, 70_000)
  const actions: Omit<Action, 'id'>[] = []
  const add = (atMs: number, what: string, host: number, own = random) => {
    if (atMs < endMs) actions.push({ atMs, what, host, seed: own.word() })
  }
  const early = 1 + random.below(count)
  for (let host = 0; host < count; host++) {
    if (host < early) add(host === 0 ? 0 : random.between(0, 3000), 'start', host)
    else joinLate(random, endMs, host, add)
  }
  const usual = deedNames.filter(name => !extra.includes(name))
  const habits = drawWeights(seed, random, usual, deedWeights, deedAbsence)
  for (const atMs of times(random, random.spread(100, 1500), endMs)) {
    add(atMs, random.weighted(habits) ?? 'containerUp', random.below(count))
  }
  const isOften = (name: string) => kind === 'copies' && copyFaultNames.includes(name)
  const weights = { ...faultWeights, ...(kind === 'copies' && oftenCopied) }
  const risks = drawWeights(seed, random, faultNames, weights, name => (isOften(name) ? 0.2 : faultAbsence(name)))
  for (const atMs of times(random, random.spread(1000, 20_000), endMs)) {
    const fault = random.weighted(risks)
    if (fault !== undefined) add(atMs, fault, random.below(count))
  }
  for (const name of extra) {
    const own = derivedRandom(seed, 'plan', name)
    if (own.chance(deedAbsence(name))) continue
    const meanMs = own.spread(2000, 10_000) / (deedWeights[name] ?? 1)
    for (const atMs of times(own, meanMs, endMs)) add(atMs, name, own.below(count), own)
  }
  const sorted = actions.map((action, order) => ({ action, order }))
  sorted.sort((a, b) => a.action.atMs - b.action.atMs || a.order - b.order)
  const numbered = sorted.map(({ action }, id) => ({ id, ...action }))
  return { seed, kind, endMs, weather: drawWeather(random), actions: numbered }
}

/** What names the plan on the command line of `npm run sim`. */
export function planText({ seed, kind }: Pick<Plan, 'seed' | 'kind'>): string {
  return `--seed ${seed}${kind === 'copies' ? ' --copies' : ''}`
}

export function reduce(plan: Plan, { only, calm: calmed = [] }: Reduction): Plan {
  const kept = only && new Set(only)
  const weather = { ...plan.weather, ...Object.fromEntries(calmed.map(name => [name, calm[name]])) }
  return { ...plan, weather, actions: kept ? plan.actions.filter(({ id }) => kept.has(id)) : plan.actions }
}

/** The action for people, on one line. */
export function actionText({ id, atMs, what, host }: Action): string {
  return `${String(id).padStart(5)}  ${(atMs / 1000).toFixed(3).padStart(7)} s  ${what} (host${host + 1})`
}

/** What was added later: drawn by a chance of its own, so that a history that knows it not stays what it was. */
const added: readonly string[] = ['joinAgain', 'noteDisk']
/** These come on top of what a history does otherwise, at times of their own. */
const extra: readonly string[] = [
  ...['drainHost', 'leaveMesh', 'comeBack', 'keyIsLost'],
  ...['createVlan', 'createDualStack', 'createPool', 'containerInGroup', 'restorePolicy', 'reserveAhead'],
]

const copyFaultNames = Object.keys(copyFaults)
const oftenCopied = Object.fromEntries(copyFaultNames.map(name => [name, 6]))

/** Mostly small meshes; now and then a large one, of 25 at most. */
function drawCount(random: Random, kind: PlanKind): number {
  const size = random.next()
  if (size < 0.94) return 2 + random.below(kind === 'copies' ? 2 : 5)
  if (size < 0.99) return 7 + random.below(6)
  return size < 0.995 ? 13 + random.below(12) : 25
}

/** Newcomers like to come while the mesh is split. */
function joinLate(random: Random, endMs: number, host: number, add: (ms: number, what: string, host: number) => void) {
  const atMs = random.between(5000, Math.max(endMs - 3000, 6000))
  if (random.chance(0.5)) add(atMs, 'split', host)
  add(atMs + random.spread(1, 1000), 'start', host)
}

/** Some simulations do some things far more often than others, and do not know some faults at all. */
function drawWeights(
  seed: number,
  random: Random,
  names: readonly string[],
  usual: Readonly<Record<string, number>>,
  absent: (name: string) => number,
): Weighted[] {
  return names.map(name => {
    const own = added.includes(name) ? derivedRandom(seed, 'plan', name) : random
    return [name, own.chance(absent(name)) ? 0 : (usual[name] ?? 1) * own.spread(0.2, 3)]
  })
}

function* times(random: Random, meanMs: number, endMs: number): Generator<number> {
  for (let ms = random.between(0.2, 1.8) * meanMs; ms < endMs; ms += random.between(0.2, 1.8) * meanMs) yield ms
}
