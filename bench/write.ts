/**
 * What does a write cost until it is acknowledged, next to appending as many bytes and one fdatasync? Once with the
 * replica in this process on a real disk, once through the whole API of a real skeind.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../src/lib/exec.ts'
import { endpointNumber } from './lib/endpoints.ts'
import { withLab } from './lib/lab.ts'
import type { BenchContext, Measurement, Outcome } from './lib/measurement.ts'
import { alternate } from './lib/pairs.ts'
import { compare, type Row } from './lib/statistics.ts'
import { meanOf, medianOf, timeOf } from './lib/timing.ts'
import { createRawLog } from './write/raw-log.ts'
import { openSoloReplica } from './write/solo-replica.ts'
import { createTenants } from './write/tenants.ts'

const budgetMs = 15_000
/** Pairs of one write and one append. They alternate one by one: on a busy machine a process that waits for the disk
 * gets its processor back late for a while, and a half of many writes would fall into such a while whole. */
const pairs = { replica: 1500, api: 500, together: 100 }
const inFlight = 32
/** Writes of a burst: some rounds with that many in flight. */
const burst = 3 * inFlight
const warmUps = 200
/** Where peers have their data: on a temporary file system an fdatasync costs nothing. */
const parent = '/var/lib'

export const write: Measurement = {
  name: 'write',
  title: 'a write is acknowledged: signed, in the journal, fdatasync done',
  ours: 'Skein',
  base: 'raw fdatasync',
  limitMs: 75_000,
  async run(context) {
    const directory = mkdtempSync(join(parent, 'skein-bench-'))
    try {
      return await measure(directory, context)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  },
}

/** What the rows share: one write, and the raw append next to it. */
interface Parts {
  readonly writeOne: () => Promise<unknown>
  readonly appendRaw: () => void
  readonly context: BenchContext
}

async function measure(directory: string, context: BenchContext): Promise<Outcome> {
  const raw = createRawLog(join(directory, 'raw'))
  const { replica, network } = await openSoloReplica(join(directory, 'replica'))
  try {
    context.progress('the replica in this process')
    let count = 0
    const first = replica.view.blockRange(network, 0).first
    const writeOne = () => replica.write(() => [endpointNumber(network, first, count++)])
    const bytes = await bytesPerWrite(writeOne, join(directory, 'replica', 'journal'))
    const parts: Parts = { writeOne, appendRaw: () => raw.append(bytes), context }
    const alone = await oneByOne('Replica.write, one at a time', pairs.replica, parts)
    const many = await together(parts)
    const throughApi = await withLab(1, context, async lab => {
      context.progress('through the API of a peer')
      const createTenant = createTenants(lab.host('1'))
      await medianOf(warmUps, createTenant)
      return oneByOne('POST of a tenant to skeind', pairs.api, { ...parts, writeOne: createTenant })
    })
    return { rows: [alone, many, throughApi], notes: await notes(directory, bytes, alone) }
  } finally {
    await replica.stop()
    raw.close()
  }
}

/** Warms up, and tells by how much the journal grows. */
async function bytesPerWrite(writeOne: () => Promise<unknown>, journal: string): Promise<number> {
  const before = statSync(journal).size
  await medianOf(warmUps, writeOne)
  return Math.round((statSync(journal).size - before) / warmUps)
}

async function oneByOne(what: string, count: number, { writeOne, appendRaw, context }: Parts): Promise<Row> {
  const { ours, base } = await alternate(
    () => timeOf(writeOne),
    () => timeOf(appendRaw),
    { pairs: count, budgetMs, signal: context.signal },
  )
  return compare(what, 'ms', ours, base)
}

async function together({ writeOne, appendRaw, context }: Parts): Promise<Row> {
  const { ours, base } = await alternate(
    () => meanOf(burst, inFlight, writeOne),
    () => timeOf(appendRaw),
    { pairs: pairs.together, budgetMs, signal: context.signal },
  )
  return compare(`Replica.write, ${inFlight} in flight, time for each`, 'ms', ours, base)
}

async function notes(directory: string, bytes: number, alone: Row): Promise<string[]> {
  const { stdout } = await run('findmnt', ['-no', 'FSTYPE', '-T', directory])
  const impossible =
    'NOT TO BE USED: a write alone contains what the base measures, so its ratio is above 1 on a machine at rest'
  return [
    `${bytes} bytes a write, file system ${stdout.trim()}; raw: write and fdatasync, one after the other, in this process`,
    `with ${inFlight} in flight the writes share an fdatasync, raw appends do not; the POST comes from another process`,
    ...(alone.ratio && alone.ratio.median < 1 ? [impossible] : []),
  ]
}
