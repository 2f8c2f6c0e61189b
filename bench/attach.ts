/**
 * How long after a container is attached on one host can the kernels of all others send to it? `docker network connect`
 * of a running container, through the engine's API, on a network of Skein and on a Swarm overlay network, in turns.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Lab } from '../lab/index.ts'
import { type Attached, type NeighbourWatch, watchNeighbours } from './attach/neighbour-watch.ts'
import { createEngine, type Engine } from './lib/engine.ts'
import { withLab } from './lib/lab.ts'
import type { BenchContext, Measurement, Outcome } from './lib/measurement.ts'
import { type BenchNetwork, makeSkeinNetwork, makeSwarmNetwork } from './lib/networks.ts'
import { alternate } from './lib/pairs.ts'
import { besides, compare } from './lib/statistics.ts'

const hosts = 3
const pairs = 30
const budgetMs = 60_000
/** A cycle begins at any moment of Swarm's gossip tick of 200 ms (reference: perf.md 1a), ms: without a pause of random
 * length the end of one cycle, which waits for a tick, decides at which moment the next begins. */
const longestPauseMs = 400
/** The container that comes and goes, on the first host. */
const mover = 'mover'
/** On every host, on both networks: an overlay network is only on hosts that have a container on it. */
const keeper = 'keeper'

export const attach: Measurement = {
  name: 'attach',
  title: 'a container is attached on one host; the kernels of the other two can send to it',
  ours: 'Skein',
  base: 'Swarm overlay',
  limitMs: 150_000,
  run: context => withLab(hosts, context, lab => measure(lab, context)),
}

interface Side {
  readonly network: BenchNetwork
  /** Of every host but the first. */
  readonly watches: readonly NeighbourWatch[]
}

/** All from the start of the connect call, ms. */
interface Sample {
  readonly returnedMs: number
  readonly programmedMs: number
}

async function measure(lab: Lab, context: BenchContext): Promise<Outcome> {
  const engines = lab.hosts().map(createEngine)
  const [first, ...others] = engines
  if (!first) throw new Error('the lab has no hosts')
  const sides: Side[] = []
  try {
    context.progress('a network of Skein, a swarm with an overlay network, a container per host on both')
    const networks = [await makeSkeinNetwork(engines, context.signal), await makeSwarmNetwork(engines)]
    for (const engine of engines) await keep(engine, networks)
    await first.runIdle(mover)
    for (const network of networks) sides.push({ network, watches: others.map(engine => watch(engine, network)) })
    const [skein, swarm] = sides as [Side, Side]
    const take = (side: Side) => () => cycle(first, side, context)
    context.progress('once each, to warm up')
    for (const side of [skein, swarm]) await warmUp(first, side, context)
    context.progress(`${pairs} pairs`)
    const { ours, base } = await alternate(take(skein), take(swarm), { pairs, budgetMs, signal: context.signal })
    return outcome(ours, base)
  } finally {
    for (const each of sides.flatMap(side => side.watches)) each.stop()
  }
}

async function keep(engine: Engine, networks: readonly BenchNetwork[]): Promise<void> {
  await engine.runIdle(keeper)
  for (const network of networks) await engine.connect(network.name, keeper)
}

function watch(engine: Engine, network: BenchNetwork): NeighbourWatch {
  return watchNeighbours(engine.host.name, network.namespace)
}

/** The first cycle may come before the watches listen, so it only has to end. */
async function warmUp(engine: Engine, { network }: Side, { signal }: BenchContext): Promise<void> {
  for (let round = 0; round < 2; round++) {
    signal.throwIfAborted()
    await engine.connect(network.name, mover)
    await engine.disconnect(network.name, mover)
  }
}

/** One attach and detach, after a pause; the next begins when every host has forgotten this one. */
async function cycle(engine: Engine, { network, watches }: Side, { signal }: BenchContext): Promise<Sample> {
  await delay(Math.random() * longestPauseMs, undefined, { signal })
  for (const each of watches) each.clear()
  const begun = performance.now()
  await engine.connect(network.name, mover)
  const returned = performance.now()
  const attached: Attached = { ...(await engine.addressOf(network.name, mover)), vtep: engine.host.address }
  const programmed = await Promise.all(watches.map(each => each.programmed(attached, signal)))
  await engine.disconnect(network.name, mover)
  await Promise.all(watches.map(each => each.removed(attached, signal)))
  return { returnedMs: returned - begun, programmedMs: Math.max(...programmed) - begun }
}

function outcome(skein: readonly Sample[], swarm: readonly Sample[]): Outcome {
  const of = (samples: readonly Sample[], read: (sample: Sample) => number) => samples.map(read)
  const total = (sample: Sample) => sample.programmedMs
  const call = (sample: Sample) => sample.returnedMs
  const after = (sample: Sample) => sample.programmedMs - sample.returnedMs
  return {
    rows: [
      compare('start of the connect call -> last host programmed', 'ms', of(skein, total), of(swarm, total)),
      compare('the connect call itself', 'ms', of(skein, call), of(swarm, call)),
      besides('end of the connect call -> last host programmed', 'ms', of(skein, after), of(swarm, after)),
    ],
    notes: [
      `${hosts} hosts; programmed: FDB entry and the entry that answers ARP are there, as the kernel reports them`,
      'the container is attached on the swarm’s manager, the better case for Swarm; a negative figure: before the call returned',
    ],
  }
}
