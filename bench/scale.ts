/** What large meshes cost. Each runs by its name only; what the figures mean is in docs/benchmarks.md. */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchContext, Measurement, Outcome } from './lib/measurement.ts'
import { scriptResult, skeindFlags, startScript } from './lib/script.ts'
import { alone, besides, compare, median, type Row } from './lib/statistics.ts'
import { settledResident } from './memory/resident.ts'
import { churnDirectory } from './scale/churn.ts'
import { fillDirectory, type Together } from './scale/fill.ts'

const held = 100_000
const megabyte = 1e6
const file = (name: string) => new URL(`scale/${name}-run.ts`, import.meta.url)
const common = { ours: 'Skein', base: '', onlyByName: true }
const shared = 'CPU time counts all threads of the process; the rest is time on the wall'

interface JournalRead {
  openMs: number
  bytes: number
  bytesAfter: number
  rewriteMs: number
  blockedMs: number
  resident: number
  during: number[]
  after: number[]
}

interface Converged {
  afterMs: number
  hops: number
  messages: number
  bytes: number
  bytesPerChange: number
  cpuMsPerPeer: number
  verifications: number
  residentBytes: number
}

interface ConvergeShape {
  readonly peers: number
  readonly networks: number
  readonly endpoints: number
  /** Endpoints in one write. */
  readonly together: number
  readonly sharesDecoding: boolean
}

async function converge(shape: ConvergeShape, context: BenchContext): Promise<Outcome> {
  const { peers, networks, endpoints, together, sharesDecoding } = shape
  const flags = ['--max-old-space-size=12000', '--max-semi-space-size=64']
  const args = [peers, networks, endpoints, together]
  const result = await scriptResult<Converged>(file('converge'), args, context.signal, { flags, sharesDecoding })
  const once = sharesDecoding ? 'decoded and checked once for all' : 'signatures checked once for all'
  const rows = [
    alone('from the last write until all hold the same', 'ms', [result.afterMs]),
    alone('rounds: hops of a broadcast to the last peer', '', [result.hops]),
    alone('messages, each peer', '', [result.messages]),
    alone('bytes, each peer', 'MB', [result.bytes / megabyte]),
    alone('bytes, each peer and change', 'B', [result.bytesPerChange]),
    alone(`CPU time, each peer, ${once}`, 'ms', [result.cpuMsPerPeer]),
    alone('signatures that each peer checks (0.1 ms each)', '', [result.verifications]),
    alone(`resident memory, each peer${sharesDecoding ? ', what is decoded shared' : ''}`, 'MB', [
      result.residentBytes / peers / megabyte,
    ]),
  ]
  return {
    rows,
    notes: [`${peers} peers, ${networks} networks, ${endpoints} endpoints, ${together} in a write; 8 connections each`],
  }
}

async function memory({ signal, progress }: BenchContext): Promise<Outcome> {
  const rows: Row[] = []
  const resident = new Map<string, number>()
  const cases: { what: string; endpoints: number; together: Together }[] = [
    { what: 'idle', endpoints: 0, together: 256 },
    { what: `${held} endpoints, 256 in a batch`, endpoints: held, together: 256 },
    { what: `${held} endpoints, one in a batch, checkpointed`, endpoints: held, together: 'checkpointed' },
    { what: `${held} endpoints, one in a batch`, endpoints: held, together: 1 },
  ]
  for (const { what, endpoints, together } of cases) {
    progress(what)
    const directory = mkdtempSync(join('/var/lib', 'skein-bench-'))
    try {
      const { meshId } = await fillDirectory(directory, endpoints, together)
      const script = await startScript(file('hold'), [directory, meshId, '1'], { flags: skeindFlags() })
      try {
        const { openMs } = (await script.line(signal)) as { openMs: number }
        const bytes = await settledResident(script.child.pid ?? 0, signal)
        resident.set(what, bytes)
        rows.push(alone(`${what}: cold start`, 's', [openMs / 1000]))
        rows.push(alone(`${what}: VmRSS`, 'MB', [bytes / megabyte]))
        const each = (bytes - (resident.get('idle') ?? Number.NaN)) / endpoints
        if (endpoints > 0) rows.push(alone(`${what}: for each above idle`, 'B', [each]))
      } finally {
        await script.end()
      }
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }
  return {
    rows,
    notes: ['a peer without Docker and kernel: replica, mesh, addresses, names; cold start: journal to state'],
  }
}

async function journal({ signal, progress }: BenchContext): Promise<Outcome> {
  const rows: Row[] = []
  const cases = [
    { what: '10,000 endpoints come and go, 10 times', live: 0, rounds: 10, each: 10_000 },
    { what: `the same beside ${held} that stay`, live: held, rounds: 10, each: 10_000 },
  ]
  for (const { what, ...churn } of cases) {
    progress(what)
    const directory = mkdtempSync(join('/var/lib', 'skein-bench-'))
    try {
      const { meshId } = await churnDirectory(directory, churn)
      const run = <T>(how: string) => scriptResult<T>(file('journal'), [directory, meshId, 1, how], signal)
      const before = await run<JournalRead>('rewrite')
      const after = await run<JournalRead>('read')
      rows.push(
        compare(`${what}: file after and before`, 'MB', [before.bytesAfter / megabyte], [before.bytes / megabyte]),
      )
      rows.push(compare(`${what}: cold start after and before`, 's', [after.openMs / 1000], [before.openMs / 1000]))
      rows.push(alone(`${what}: rewriting, from the start of the peer`, 's', [before.rewriteMs / 1000]))
      rows.push(
        besides('slowest write meanwhile and later', 'ms', [Math.max(...before.during)], [Math.max(...before.after)]),
      )
      rows.push(compare('a write meanwhile and later', 'ms', [median(before.during)], [median(before.after)]))
      rows.push(alone('longest turn of the event loop meanwhile', 'ms', [before.blockedMs]))
      rows.push(alone('most resident memory, above the most that the start took', 'MB', [before.resident / megabyte]))
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }
  return { rows, notes: ['one in a batch; a peer without Docker and kernel: journal to state'] }
}

async function merge({ signal }: BenchContext): Promise<Outcome> {
  const rows: Row[] = []
  const gc = { flags: ['--expose-gc'] }
  const cases = [
    { what: 'checkpointed: compact units', count: held, together: 'checkpointed' },
    { what: '1024 in a batch', count: held, together: 1024 },
    { what: 'one in a batch', count: 20_000, together: 1 },
  ]
  for (const { what, count, together } of cases) {
    const result = await scriptResult<{ wallMs: number; cpuMs: number; heapBytes: number }>(
      file('merge'),
      [count, together],
      signal,
      gc,
    )
    rows.push(alone(`${what}: records`, '/s', [(1000 * count) / result.wallMs]))
    rows.push(alone(`${what}: CPU time each`, 'µs', [(1000 * result.cpuMs) / count]))
    rows.push(alone(`${what}: heap each`, 'B', [result.heapBytes]))
  }
  const equal = await scriptResult<{ bytes: number; later: number[] }>(file('equal'), [held], signal)
  rows.push(alone(`two equal peers with ${held}: bytes of a synchronisation`, 'B', [equal.bytes]))
  rows.push(alone('its CPU time, both sides', 'ms', equal.later))
  return { rows, notes: [shared, 'heap: the registry alone; what the log keeps of batches is not in it'] }
}

async function change({ signal }: BenchContext): Promise<Outcome> {
  const rows: Row[] = []
  for (const [count, networks] of [
    [1000, 100],
    [10_000, 100],
    [held, 100],
    [1000, 1],
    [10_000, 1],
    [held, 1],
  ] as const) {
    type Times = Record<'merge' | 'look' | 'digest' | 'plan' | 'names', number[]>
    const times = await scriptResult<Times>(file('change'), [count, networks], signal)
    const where = `${count} in ${networks}`
    rows.push(alone(`${where}: bytes to state, signature included`, 'µs', times.merge))
    rows.push(alone(`${where}: what listeners ask`, 'µs', times.look))
    rows.push(alone(`${where}: plan of the network that changed`, 'µs', times.plan))
    rows.push(alone(`${where}: a name in it`, 'µs', times.names))
  }
  return { rows, notes: ['endpoints in networks; one endpoint more; medians of 300 changes'] }
}

async function map({ signal }: BenchContext): Promise<Outcome> {
  const result = await scriptResult<{ operations: number; ours: number[]; base: number[] }>(
    file('map'),
    [5000],
    signal,
    { flags: ['--expose-gc'] },
  )
  return {
    rows: [compare(`${result.operations} sets of endpoints, to a second peer`, 'ms', result.ours, result.base)],
    notes: [`${shared}; unsigned on both sides; ours keeps a digest and decodes what a stranger may have sent`],
  }
}

const hundred = { peers: 100, networks: 100, endpoints: 10_000, together: 10, sharesDecoding: false }
const thousand = { peers: 1000, networks: 1000, endpoints: 5000, together: 5, sharesDecoding: true }

export const scale: readonly Measurement[] = [
  {
    ...{ ...common, name: 'scale-converge', title: '100 peers and 10,000 endpoints, from written to known everywhere' },
    ...{ limitMs: 900_000, run: context => converge(hundred, context) },
  },
  {
    ...{ ...common, name: 'scale-converge-1000', title: '1,000 peers, each with endpoints in 5 of 1,000 networks' },
    ...{ limitMs: 3_600_000, run: context => converge(thousand, context) },
  },
  {
    ...{ ...common, name: 'scale-memory', title: `a peer that holds ${held} endpoints: memory and cold start` },
    ...{ limitMs: 300_000, run: memory },
  },
  {
    ...{ ...common, name: 'scale-journal', title: 'a journal that is rewritten, and the next start', base: 'beside' },
    ...{ limitMs: 1_800_000, run: journal },
  },
  {
    ...{ ...common, name: 'scale-merge', title: 'from bytes to state, and two equal peers' },
    ...{ limitMs: 300_000, run: merge },
  },
  {
    ...{ ...common, name: 'scale-change', title: 'one change, by what is held' },
    ...{ limitMs: 600_000, run: change },
  },
  {
    ...{ ...common, name: 'scale-map', title: 'the same key/value workload on two maps', base: 'Yjs' },
    ...{ limitMs: 120_000, run: map },
  },
]
