/**
 * How much memory does a peer take, idle and with 10,000 endpoints of another host? A real peer with its engine and
 * its data path; the endpoints come from a second peer that speaks to it over the mesh, one write each.
 */
import { ask, type LabHost } from '../lab/index.ts'
import { SkeinError } from '../src/lib/errors.ts'
import { createEngine } from './lib/engine.ts'
import { withLab } from './lib/lab.ts'
import type { BenchContext, Measurement, Outcome } from './lib/measurement.ts'
import { makeSkeinNetwork } from './lib/networks.ts'
import { alternate } from './lib/pairs.ts'
import { alone, compare } from './lib/statistics.ts'
import { bareNodeResident } from './memory/bare-node.ts'
import { settledResident } from './memory/resident.ts'
import { writeAsPeer } from './memory/write-as-peer.ts'

const endpoints = 10_000
const pairs = 3
const megabyte = 1e6

export const memory: Measurement = {
  name: 'memory',
  title: 'resident memory (VmRSS) of a peer',
  ours: 'skeind',
  base: 'node -e',
  limitMs: 140_000,
  run: context => withLab(1, context, lab => measure(lab.host('1'), context)),
}

async function measure(host: LabHost, context: BenchContext): Promise<Outcome> {
  const { progress } = context
  const engine = createEngine(host)
  const network = await makeSkeinNetwork([engine], context.signal)
  await engine.runIdle('bench-idle', network.name)
  progress('idle')
  const idle = await restarts(host, network.name, 1, context)
  progress(`a second peer writes ${endpoints} endpoints`)
  await writeAsPeer(host, { networks: [network.name], each: endpoints, together: 1 }, context.signal)
  const received = await residentOf(host, context.signal)
  progress('with them, from its journal')
  const full = await restarts(host, network.name, endpoints + 1, context)
  const perEndpoint = full.ours.map((bytes, at) => (bytes - (idle.ours[at] ?? Number.NaN)) / endpoints)
  const inMegabytes = (values: readonly number[]) => values.map(bytes => bytes / megabyte)
  const row = (what: string, values: { ours: number[]; base: number[] }) =>
    compare(what, 'MB', inMegabytes(values.ours), inMegabytes(values.base))
  return {
    rows: [
      row('idle, one network', idle),
      row(`with ${endpoints} endpoints, after a restart`, full),
      alone(`with ${endpoints} endpoints, just received`, 'MB', [received / megabyte]),
      alone('for each endpoint, after a restart', 'B', perEndpoint),
    ],
    notes: [
      'the peer alone, without its ip and bridge children; each pair is a fresh start of both processes',
      'for each endpoint: record and signed batch, V8’s reserve included; just received: one reading, with garbage',
    ],
  }
}

/** The peer, freshly started each time, next to a bare Node, bytes. Rejects if it does not hold `expected` endpoints. */
function restarts(host: LabHost, network: string, expected: number, { signal }: BenchContext) {
  const restarted = async () => {
    await host.stopPeer()
    await host.startPeer({ signal })
    const bytes = await residentOf(host, signal)
    const held = await endpointsHeld(host, network) // afterwards: so large an answer leaves garbage behind
    if (held !== expected) throw new SkeinError('internal', `the peer holds ${held} endpoints, not ${expected}`)
    return bytes
  }
  return alternate(restarted, () => bareNodeResident(signal), { pairs, budgetMs: 60_000, signal })
}

function residentOf(host: LabHost, signal: AbortSignal): Promise<number> {
  const pid = host.peerPid()
  if (pid === undefined) throw new Error('the peer under test has ended')
  return settledResident(pid, signal)
}

async function endpointsHeld(host: LabHost, network: string): Promise<number> {
  const { status, text } = await ask(host.apiSocket, 'GET', `/api/v1/inspect/networks/default:${network}/`)
  if (status !== 200) throw new SkeinError('internal', `the peer does not show ${network}: ${status} ${text}`)
  return (JSON.parse(text) as { Oper: { numEndpoints: number } }).Oper.numEndpoints
}
