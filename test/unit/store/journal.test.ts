import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { SkeinError } from '../../../src/lib/errors.ts'
import { openJournal } from '../../../src/store/append-journal.ts'
import type { Disk } from '../../../src/store/disk.ts'
import { openFileDisk } from '../../../src/store/file-disk.ts'
import type { JournalEntry } from '../../../src/store/journal.ts'
import { journalHead, maxEntryBytes } from '../../../src/store/journal-format.ts'
import { createMemoryDisk } from '../../../src/store/memory-disk.ts'

const entry = (text: string, kind: JournalEntry['kind'] = 'batch'): JournalEntry => ({
  kind,
  bytes: new TextEncoder().encode(text),
})

const anEntry: fc.Arbitrary<JournalEntry> = fc.record(
  { kind: fc.constantFrom('batch', 'local'), bytes: fc.uint8Array({ maxLength: 40 }) },
  { noNullPrototype: true },
)
const aGroup = fc.array(anEntry, { minLength: 1, maxLength: 4 })

async function write(disk: Disk, ...groups: JournalEntry[][]): Promise<void> {
  const { journal } = await openJournal(disk, 'j')
  for (const group of groups) await journal.append(group)
  await journal.close()
}

async function entriesOf(disk: Disk): Promise<JournalEntry[]> {
  const { journal, entries } = await openJournal(disk, 'j')
  await journal.close()
  return entries
}

async function bytesOf(disk: Disk): Promise<Uint8Array> {
  return (await disk.read('j')) ?? new Uint8Array()
}

async function diskWith(bytes: Uint8Array): Promise<Disk> {
  const disk = createMemoryDisk()
  await disk.replace('j', bytes)
  return disk
}

const isDamage = (error: unknown) =>
  error instanceof SkeinError &&
  error.code === 'damaged' &&
  /^journal j is damaged at byte \d+ of \d+/.test(error.message)

describe('journal', () => {
  it('gives back what was appended, in order, over any number of openings', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.array(aGroup, { maxLength: 4 }), { maxLength: 4 }), async sessions => {
        const disk = createMemoryDisk()
        for (const groups of sessions) await write(disk, ...groups)
        assert.deepEqual(await entriesOf(disk), sessions.flat(2))
      }),
    ))

  it('does the same on real files', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'skein-journal-'))
    try {
      await write(await openFileDisk(directory), [entry('a'), entry('b', 'local')])
      await write(await openFileDisk(directory), [entry('c')])
      const expected = [entry('a'), entry('b', 'local'), entry('c')]
      assert.deepEqual(await entriesOf(await openFileDisk(directory)), expected)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })

  it('holds the largest message, and refuses more without harm', async () => {
    const disk = createMemoryDisk()
    const { journal } = await openJournal(disk, 'j')
    const largest: JournalEntry = { kind: 'batch', bytes: new Uint8Array(maxEntryBytes).fill(7) }
    await journal.append([largest])
    const more: JournalEntry = { kind: 'batch', bytes: new Uint8Array(maxEntryBytes + 1) }
    await assert.rejects(journal.append([entry('x'), more]), /too large/)
    await journal.append([entry('after')])
    await journal.close()
    assert.deepEqual(await entriesOf(disk), [largest, entry('after')])
  })

  it('refuses a journal of another version, and leaves it as it is', async () => {
    for (const at of [6, 7]) {
      const newer = journalHead.slice()
      newer[at] = 2
      const disk = await diskWith(newer)
      await assert.rejects(openJournal(disk, 'j'), { code: 'unsupported', message: /another version/ })
      assert.deepEqual(await bytesOf(disk), newer)
    }
  })
})

describe('journal after a crash', () => {
  it('cuts a torn tail off at every byte of the last entry, durably, and goes on', async () => {
    const disk = createMemoryDisk()
    await write(disk, [entry('first')], [entry('second', 'local')])
    const kept = (await bytesOf(disk)).length
    await write(disk, [entry('the last entry')])
    const whole = await bytesOf(disk)
    for (let length = kept; length < whole.length; length++) {
      const torn = await diskWith(whole.slice(0, length))
      assert.deepEqual(await entriesOf(torn), [entry('first'), entry('second', 'local')], `cut at ${length}`)
      assert.equal((await bytesOf(torn)).length, kept)
      await write(torn, [entry('next')])
      assert.equal((await entriesOf(torn)).length, 3)
    }
  })

  it('drops a last entry with any byte flipped, or followed by zeros or rubbish', async () => {
    const disk = createMemoryDisk()
    await write(disk, [entry('first')])
    const kept = (await bytesOf(disk)).length
    await write(disk, [entry('last')])
    const whole = await bytesOf(disk)
    for (let offset = kept; offset < whole.length; offset++) {
      const flipped = whole.slice()
      flipped[offset] = (flipped[offset] ?? 0) ^ 0x10
      assert.deepEqual(await entriesOf(await diskWith(flipped)), [entry('first')], `flipped at ${offset}`)
    }
    for (const rest of [new Uint8Array(5000), new Uint8Array(5000).fill(0xa5)]) {
      const extended = await diskWith(new Uint8Array([...whole, ...rest]))
      assert.deepEqual(await entriesOf(extended), [entry('first'), entry('last')])
      assert.deepEqual(await bytesOf(extended), whole)
    }
  })

  it('takes a group whole or not at all, even when only its later pages reached the disk', async () => {
    const disk = createMemoryDisk()
    await write(disk, [entry('before')])
    const kept = (await bytesOf(disk)).length
    await write(disk, [entry('a'.repeat(30)), entry('b'.repeat(30)), entry('c'.repeat(30))])
    const whole = await bytesOf(disk)
    for (let length = kept; length < whole.length; length++) {
      assert.deepEqual(await entriesOf(await diskWith(whole.slice(0, length))), [entry('before')])
    }
    for (const hole of [kept, kept + 60]) {
      const pages = whole.slice()
      pages.fill(0, hole, hole + 20)
      assert.deepEqual(await entriesOf(await diskWith(pages)), [entry('before')])
    }
  })

  it('refuses damage anywhere before the last write, and changes nothing', async () => {
    const disk = createMemoryDisk()
    await write(disk, [entry('one')], [entry('two'), entry('three')])
    const damageable = (await bytesOf(disk)).length
    await write(disk, [entry('four')])
    const whole = await bytesOf(disk)
    for (let offset = 0; offset < damageable; offset++) {
      const flipped = whole.slice()
      flipped[offset] = (flipped[offset] ?? 0) ^ 0x01
      const damaged = await diskWith(flipped)
      await assert.rejects(openJournal(damaged, 'j'), isDamage, `flipped at ${offset}`)
      assert.deepEqual(await bytesOf(damaged), flipped)
    }
  })

  it('refuses a journal that lacks an entry in the middle', async () => {
    const disk = createMemoryDisk()
    const ends: number[] = []
    for (const text of ['one', 'two', 'three']) {
      await write(disk, [entry(text)])
      ends.push((await bytesOf(disk)).length)
    }
    const whole = await bytesOf(disk)
    const spliced = new Uint8Array([...whole.slice(0, ends[0]), ...whole.slice(ends[1])])
    await assert.rejects(openJournal(await diskWith(spliced), 'j'), isDamage)
  })

  it('holds every acknowledged group, and of the others only whole ones', () =>
    fc.assert(
      fc.asyncProperty(fc.array(aGroup, { maxLength: 5 }), aGroup, fc.nat(), async (acknowledged, last, cut) => {
        let broken = false
        const disk = createMemoryDisk({
          async beforeSync() {
            if (broken) throw new Error('power lost')
          },
        })
        const { journal } = await openJournal(disk, 'j')
        for (const group of acknowledged) await journal.append(group)
        broken = true
        await assert.rejects(journal.append(last), /power lost/)
        disk.crash(unsynced => cut % (unsynced + 1))
        broken = false
        const found = await entriesOf(disk)
        const sure = acknowledged.flat()
        assert.deepEqual(found.slice(0, sure.length), sure)
        assert.ok([0, last.length].includes(found.length - sure.length))
      }),
    ))
})

describe('journal writing', () => {
  it('shares syncs between concurrent appends', async () => {
    const disk = createMemoryDisk({ beforeSync: () => new Promise(resolve => setImmediate(resolve)) })
    const { journal } = await openJournal(disk, 'j')
    const appends = Array.from({ length: 100 }, async (_, index) => {
      if (index % 2) await new Promise(resolve => setImmediate(resolve))
      await journal.append([entry(`${index}`)])
    })
    await Promise.all(appends)
    await journal.close()
    assert.ok(disk.syncs >= 2 && disk.syncs < 10, `${disk.syncs} syncs for 100 appends`)
    assert.equal((await entriesOf(disk)).length, 100)
  })

  it('does not resolve before the sync', async () => {
    let letGo = () => {}
    const held = new Promise<void>(resolve => {
      letGo = resolve
    })
    const disk = createMemoryDisk({ beforeSync: () => held })
    const { journal } = await openJournal(disk, 'j')
    let resolved = false
    const append = journal.append([entry('a')]).then(() => {
      resolved = true
    })
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(resolved, false)
    letGo()
    await append
    await journal.close()
  })

  it('refuses everything after a failed sync, without asking the disk again', async () => {
    let failures = 0
    const disk = createMemoryDisk({
      async beforeSync() {
        failures++
        throw new Error('EIO: i/o error')
      },
    })
    const { journal } = await openJournal(disk, 'j')
    const refused = (error: unknown) =>
      error instanceof SkeinError &&
      error.code === 'internal' &&
      /journal j cannot be written \(EIO/.test(error.message)
    const all = [journal.append([entry('a')]), journal.append([entry('b')])]
    for (const append of all) await assert.rejects(append, refused)
    await assert.rejects(journal.append([entry('c')]), refused)
    assert.equal(failures, 1)
    await journal.close()
  })

  it('finishes what it took before it closes, and takes nothing afterwards', async () => {
    const disk = createMemoryDisk()
    const { journal } = await openJournal(disk, 'j')
    const last = journal.append([entry('a')])
    await journal.close()
    await last
    await assert.rejects(journal.append([entry('b')]), /closed/)
    assert.deepEqual(await entriesOf(disk), [entry('a')])
  })
})
