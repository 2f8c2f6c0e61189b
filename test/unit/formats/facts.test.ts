import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { encode } from '../../../src/lib/cbor.ts'
import { journalName } from '../../../src/replica/create.ts'
import type { Replica } from '../../../src/replica/replica.ts'
import { openJournal } from '../../../src/store/append-journal.ts'
import type { Disk } from '../../../src/store/disk.ts'
import { createMemoryDisk } from '../../../src/store/memory-disk.ts'
import { foundRig, openRig, type Rig } from '../replica/rig.ts'
import { type Fact, facts } from './facts.ts'
import { type Golden, golden } from './golden.ts'

type Pairs = Readonly<Record<string, string>>

async function using<T>({ replica }: Rig, use: (replica: Replica) => T): Promise<Awaited<T>> {
  try {
    return await use(replica)
  } finally {
    await replica.stop()
  }
}

const pairsOf = ({ local }: Replica): Pairs => Object.fromEntries(local.entries(''))

async function append(disk: Disk, entries: readonly Uint8Array[]): Promise<void> {
  const { journal } = await openJournal(disk, journalName)
  await journal.append(entries.map(bytes => ({ kind: 'local', bytes })))
  await journal.close()
}

/** What is in the journal of a new peer once a value is kept. */
async function kept({ keep }: Fact<unknown>, value: unknown): Promise<Pairs> {
  const disk = createMemoryDisk()
  const entries: Uint8Array[] = []
  const before = await using(await foundRig(disk), async replica => {
    const pairs = pairsOf(replica)
    await keep(value, replica, async own => void entries.push(...own))
    return pairs
  })
  if (entries.length > 0) await append(disk, entries)
  const all = await using(await openRig(disk), pairsOf)
  return Object.fromEntries(Object.entries(all).filter(([key]) => before[key] === undefined))
}

/** What a peer reads that has these in its journal when it starts. */
async function readBack({ read }: Fact<unknown>, pairs: Pairs): Promise<unknown> {
  const disk = createMemoryDisk()
  await using(await foundRig(disk), () => undefined)
  await append(
    disk,
    Object.entries(pairs).map(pair => encode(pair)),
  )
  return using(await openRig(disk), read)
}

// If one of these fails, a host that is upgraded, or put back to its earlier version, does not know any more what it had in hand. Facts
// have no version: one that changes gets another key (docs/reference/wire.md), not new golden texts.
describe('formats that stay: local facts', () => {
  const stored = golden<Record<string, Golden>>('facts')

  for (const [name, fact] of Object.entries(facts)) {
    it(`${name} is kept as ever, and read`, async () => {
      const pairs = stored[name] ?? {}
      assert.deepEqual(await kept(fact, fact.value), pairs)
      const found = await readBack(fact, pairs)
      assert.deepEqual(found, fact.value)
      assert.deepEqual(await kept(fact, found), pairs)
    })
  }

  it('there is none but these', () => assert.deepEqual(Object.keys(stored), Object.keys(facts)))
})
