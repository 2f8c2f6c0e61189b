/**
 * A whole skeind in a mesh of 100,000 endpoints, with its engine, its data path and a container on one of the networks: how much
 * memory it takes, how soon it is there again after a start, and what it costs it and a newcomer when one joins.
 */
import { ask, type LabHost, until } from '../lab/index.ts'
import { SkeinError } from '../src/lib/errors.ts'
import { createEngine } from './lib/engine.ts'
import { withLab } from './lib/lab.ts'
import type { BenchContext, Measurement, Outcome } from './lib/measurement.ts'
import { untilShown } from './lib/networks.ts'
import { alone, type Row } from './lib/statistics.ts'
import { forgetPeak, peakBytes, settledResident } from './memory/resident.ts'
import { writeAsPeer } from './memory/write-as-peer.ts'
import { apply } from './policies/objects.ts'

const networks = Array.from({ length: 20 }, (_, number) => `net${number}`)
const each = 5_000
const together = 256
const starts = 3
const joinLimitMs = 120_000
const megabyte = 1e6

export const whole: Measurement = {
  name: 'whole',
  title: `a whole peer in a mesh of ${networks.length * each} endpoints, and one that joins it`,
  ours: 'skeind',
  base: '',
  onlyByName: true,
  limitMs: 900_000,
  run: context =>
    withLab(1, context, async lab => {
      const host = lab.host('1')
      const rows = await measureStarts(host, context)
      context.progress('another peer joins')
      const newcomer = await lab.addHost({ peer: false })
      rows.push(...(await measureJoin(host, newcomer, context.signal)))
      return outcome(rows)
    }),
}

function outcome(rows: readonly Row[]): Outcome {
  return {
    rows,
    notes: [
      `${networks.length} networks, one of them with a container here; ${together} endpoints in a batch`,
      'without its ip and bridge children; the most: VmHWM, garbage included',
    ],
  }
}

async function measureStarts(host: LabHost, { signal, progress }: BenchContext): Promise<Row[]> {
  const subnetOf = (number: number) => `10.${64 + number}.0.0/16`
  await apply(host, { networks: networks.map((name, number) => ({ name, subnet: subnetOf(number) })) })
  const engine = createEngine(host)
  for (const name of networks) await untilShown(engine, name, signal)
  await engine.runIdle('bench-idle', networks[0])
  progress('idle')
  const idle = await restart(host, signal)
  progress('a second peer writes the endpoints')
  await writeAsPeer(host, { networks, each, together }, signal)
  progress('with them, from its journal')
  const times: number[] = []
  const bytes: number[] = []
  for (let start = 0; start < starts; start++) {
    const { seconds, resident } = await restart(host, signal)
    times.push(seconds)
    bytes.push(resident)
  }
  const { records } = await stateOf(host)
  if (records < networks.length * each) throw new SkeinError('internal', `the peer holds ${records} records`)
  const above = bytes.map(resident => (resident - idle.resident) / (networks.length * each))
  return [
    alone('idle: VmRSS', 'MB', [idle.resident / megabyte]),
    alone('idle: from its start until it answers', 's', [idle.seconds]),
    alone(
      'with the endpoints: VmRSS',
      'MB',
      bytes.map(resident => resident / megabyte),
    ),
    alone('for each above idle', 'B', above),
    alone('with the endpoints: from its start until it answers', 's', times),
  ]
}

async function restart(host: LabHost, signal: AbortSignal): Promise<{ seconds: number; resident: number }> {
  await host.stopPeer()
  const begun = performance.now()
  await host.startPeer({ signal })
  const seconds = (performance.now() - begun) / 1000
  return { seconds, resident: await settledResident(pidOf(host), signal) }
}

/** From the start of the newcomer's process until both say that they hold the same. */
async function measureJoin(host: LabHost, newcomer: LabHost, signal: AbortSignal): Promise<Row[]> {
  const before = await settledResident(pidOf(host), signal)
  forgetPeak(pidOf(host))
  const join = await host.invite()
  const begun = performance.now()
  await newcomer.startPeer({ join, signal })
  await until(async () => ((await stateOf(newcomer)).digest === (await stateOf(host)).digest ? true : undefined), {
    ...{ timeoutMs: joinLimitMs, what: 'the newcomer does not hold what the mesh holds', signal, intervalMs: 100 },
  })
  const seconds = (performance.now() - begun) / 1000
  const peaks = { server: peakBytes(pidOf(host)), newcomer: peakBytes(pidOf(newcomer)) }
  const after = await settledResident(pidOf(newcomer), signal)
  return [
    alone('a newcomer: from its start until it holds everything', 's', [seconds]),
    alone('a newcomer: the most that it took meanwhile', 'MB', [peaks.newcomer / megabyte]),
    alone('a newcomer: VmRSS afterwards', 'MB', [after / megabyte]),
    alone('the peer it joined: VmRSS before', 'MB', [before / megabyte]),
    alone('the peer it joined: the most that it took meanwhile', 'MB', [peaks.server / megabyte]),
  ]
}

function pidOf(host: LabHost): number {
  const pid = host.peerPid()
  if (pid === undefined) throw new SkeinError('internal', `the peer of ${host.name} has ended`)
  return pid
}

async function stateOf(host: LabHost): Promise<{ digest: string; records: number }> {
  const { status, text } = await ask(host.apiSocket, 'GET', '/api/v1/status')
  if (status !== 200) throw new SkeinError('internal', `the peer of ${host.name} gives no status: ${status} ${text}`)
  return JSON.parse(text) as { digest: string; records: number }
}
