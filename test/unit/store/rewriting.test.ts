/** The journal is written anew while it is in use (I3). */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { openJournal } from '../../../src/store/append-journal.ts'
import { type Disk, draftSuffix } from '../../../src/store/disk.ts'
import { openFileDisk } from '../../../src/store/file-disk.ts'
import type { JournalEntry, Selection } from '../../../src/store/journal.ts'
import { decodeJournal, maxEntryBytes } from '../../../src/store/journal-format.ts'
import { createMemoryDisk } from '../../../src/store/memory-disk.ts'

const entry = (text: string, kind: JournalEntry['kind'] = 'batch'): JournalEntry => ({
  kind,
  bytes: new TextEncoder().encode(text),
})
const textOf = ({ bytes }: JournalEntry) => new TextDecoder().decode(bytes)
const end = entry('end', 'local')

/** Leaves out what `isDead` says, and puts what `before` says at the beginning. */
function selection(isDead: (text: string) => boolean, before: readonly JournalEntry[] = []): Selection {
  return {
    see: () => undefined,
    first: () => before,
    instead: kept => (isDead(textOf(kept)) ? [] : [kept]),
    last: end,
  }
}
const isDead = (text: string) => text.startsWith('dead')

async function textsOn(disk: Disk): Promise<string[]> {
  const { journal, entries } = await openJournal(disk, 'j')
  await journal.close()
  return entries.map(textOf)
}

async function filled(disk: Disk, dead = 20) {
  const { journal } = await openJournal(disk, 'j')
  await journal.append([entry('a'), entry('dead'), entry('b')])
  for (let i = 0; i < dead; i++) await journal.append([entry(`dead ${i}`)])
  await journal.append([entry('c')])
  return journal
}

describe('journal that is rewritten', () => {
  it('keeps what is needed, in order, and what is appended later; twice too', async () => {
    const disk = createMemoryDisk()
    const journal = await filled(disk)
    const before = journal.size()
    assert.equal(before, (await disk.read('j'))?.length)
    assert.ok(await journal.rewrite(selection(isDead, [entry('first')])))
    assert.ok(journal.size() < before / 2)
    assert.equal(journal.size(), (await disk.read('j'))?.length)
    await journal.append([entry('d'), entry('dead later')])
    assert.ok(await journal.rewrite(selection(text => isDead(text) || text === 'end')))
    await journal.append([entry('e')])
    await journal.close()
    assert.deepEqual(await textsOn(disk), ['first', 'a', 'b', 'c', 'd', 'end', 'e'])
  })

  it('does the same on real files, with entries larger than what is read at once', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'skein-rewriting-'))
    try {
      const disk = await openFileDisk(directory)
      const journal = await filled(disk)
      const [large, larger] = ['x'.repeat(300_000), 'y'.repeat(maxEntryBytes)]
      await journal.append([entry(large), entry(`dead ${large}`)])
      await journal.append([entry(larger)])
      await journal.append([entry('d')])
      assert.ok(await journal.rewrite(selection(isDead)))
      await journal.append([entry('e')])
      await journal.close()
      assert.deepEqual(await textsOn(await openFileDisk(directory)), ['a', 'b', 'c', large, larger, 'd', 'end', 'e'])
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })

  it('stays as it is when nothing would be gained', async () => {
    const disk = createMemoryDisk()
    const journal = await filled(disk)
    const before = await disk.read('j')
    assert.equal(await journal.rewrite(selection(() => false)), false)
    assert.deepEqual(await disk.read('j'), before)
    assert.equal(await disk.read(`j${draftSuffix}`), undefined)
    await journal.append([entry('d')])
    await journal.close()
    assert.equal((await textsOn(disk)).at(-1), 'd')
  })

  it('loses nothing that is appended meanwhile, at whatever moment (I3)', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.nat(12), { minLength: 1, maxLength: 30 }), async pauses => {
        const disk = createMemoryDisk({ beforeSync: () => new Promise(resolve => setImmediate(resolve)) })
        const journal = await filled(disk)
        let isDone = false
        const rewriting = journal.rewrite(selection(isDead)).finally(() => {
          isDone = true
        })
        const appended: Promise<void>[] = []
        for (const [i, turns] of pauses.entries()) {
          for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve))
          appended.push(journal.append([entry(`n${i}`), entry(`m${i}`)]))
        }
        await Promise.all([...appended, rewriting])
        assert.ok(isDone)
        await journal.append([entry('z')])
        disk.crash()
        const expected = ['a', 'b', 'c', ...pauses.flatMap((_, i) => [`n${i}`, `m${i}`]), 'z']
        assert.deepEqual(
          (await textsOn(disk)).filter(text => text !== 'end'),
          expected,
        )
      }),
      { numRuns: 50 },
    ))

  it('names damage to any entry that it holds, also to the last one that is needed', async () => {
    const disk = createMemoryDisk()
    const journal = await filled(disk)
    await journal.rewrite(selection(isDead))
    await journal.close()
    const whole = (await disk.read('j')) ?? new Uint8Array()
    const { entries } = decodeJournal(whole, 'j')
    const lastNeeded = whole.length - (25 + end.bytes.length)
    assert.deepEqual(entries.map(textOf), ['a', 'b', 'c', 'end'])
    for (let offset = 8; offset < lastNeeded; offset++) {
      const flipped = whole.slice()
      flipped[offset] = (flipped[offset] ?? 0) ^ 0x04
      assert.throws(() => decodeJournal(flipped, 'j'), /j is damaged at byte/, `flipped at ${offset}`)
    }
  })
})

describe('journal whose rewriting fails', () => {
  const ill = (error: string) => async () => {
    throw new Error(error)
  }

  it('goes on with the old file, and leaves nothing of the new one, whatever failed before the name was given', async () => {
    const failing: Partial<Record<string, (disk: Disk) => Disk>> = {
      draft: disk => ({ ...disk, draft: ill('ENOSPC') }),
      append: disk => ({ ...disk, draft: async name => ({ ...(await disk.draft(name)), append: ill('ENOSPC') }) }),
      sync: disk => ({ ...disk, draft: async name => ({ ...(await disk.draft(name)), sync: ill('EIO') }) }),
      place: disk => ({ ...disk, draft: async name => ({ ...(await disk.draft(name)), place: ill('EIO') }) }),
      read: disk => ({ ...disk, readAt: ill('EIO') }),
    }
    for (const [what, faulty] of Object.entries(failing)) {
      const disk = createMemoryDisk()
      const journal = await filled(faulty?.(disk) ?? disk)
      const before = await disk.read('j')
      await assert.rejects(journal.rewrite(selection(isDead)), /ENOSPC|EIO/, what)
      assert.equal(await disk.read(`j${draftSuffix}`), undefined, what)
      assert.deepEqual(await disk.read('j'), before, what)
      if (what === 'read') continue
      await journal.append([entry('d')])
      await journal.close()
      assert.equal((await textsOn(disk)).at(-1), 'd', what)
    }
  })

  it('accepts nothing more when the new file has the name and that may not be durable', async () => {
    const disk = createMemoryDisk()
    const draft: Disk['draft'] = async name => {
      const written = await disk.draft(name)
      return { ...written, place: () => written.place().then(ill('EIO: fsync of the directory')) }
    }
    const journal = await filled({ ...disk, draft })
    const appended = journal.rewrite(selection(isDead))
    await assert.rejects(appended, /EIO/)
    await assert.rejects(journal.append([entry('d')]), /cannot be written \(EIO: fsync of the directory\)/)
    await assert.rejects(journal.rewrite(selection(isDead)), /cannot be written/)
    await journal.close()
    assert.deepEqual(await textsOn(disk), ['a', 'b', 'c', 'end'])
  })

  it('is not begun where it could take the room of what is appended meanwhile', async () => {
    const disk = createMemoryDisk()
    let room = 0
    const journal = await filled({ ...disk, room: async () => room })
    room = 2 * journal.size() - 1
    await assert.rejects(journal.rewrite(selection(isDead)), /the disk has 0 MiB left, and rewriting journal j needs 0/)
    assert.equal(await disk.read(`j${draftSuffix}`), undefined)
    room++
    assert.ok(await journal.rewrite(selection(isDead)))
    await journal.close()
  })

  it('copies no damage, and says where it is', async () => {
    const disk = createMemoryDisk()
    const journal = await filled(disk)
    const bytes = (await disk.read('j')) ?? new Uint8Array()
    bytes[60] = (bytes[60] ?? 0) ^ 1
    await disk.replace('j', bytes)
    await assert.rejects(journal.rewrite(selection(isDead)), /j is damaged behind byte/)
    assert.deepEqual(await disk.read('j'), bytes)
  })

  it('takes away at start what a process left that died meanwhile', async () => {
    const disk = createMemoryDisk()
    const journal = await filled(disk)
    await journal.close()
    await (await disk.draft('j')).append(new Uint8Array(100))
    assert.equal((await textsOn(disk)).at(-1), 'c')
    assert.equal(await disk.read(`j${draftSuffix}`), undefined)
  })

  it('is given up when the journal is closed', async () => {
    const disk = createMemoryDisk({ beforeSync: () => new Promise(resolve => setImmediate(resolve)) })
    const journal = await filled(disk)
    const rewriting = journal.rewrite(selection(isDead))
    const refused = assert.rejects(rewriting, /closed/)
    const last = journal.append([entry('last')])
    await journal.close()
    await Promise.all([refused, last])
    assert.equal((await textsOn(disk)).at(-1), 'last')
  })
})
