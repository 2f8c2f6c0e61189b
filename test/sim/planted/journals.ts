/** Disks and journals that lose what they said is durable. */
import { leavesOf, openPart } from '../../../src/crdt/compact-unit.ts'
import { decodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import { openJournal } from '../../../src/store/append-journal.ts'
import type { AppendFile, Disk } from '../../../src/store/disk.ts'
import type { OpenJournal } from '../../../src/store/journal.ts'
import type { Planted } from './planted.ts'

/** Answers before the fsync: what is acknowledged and sent may be gone after a crash. */
const hastyJournal: OpenJournal = async (disk, name) => {
  const { journal, entries } = await openJournal(disk, name)
  const append: typeof journal.append = async batch => {
    journal.append(batch).catch(() => undefined) // that it failed is what this journal does not say
  }
  return { journal: { ...journal, append }, entries }
}

/** Acknowledgements of admissions and removals are sent before they are durable. */
const hastyAcknowledger: OpenJournal = async (disk, name) => {
  const { journal, entries } = await openJournal(disk, name)
  const isAck = (bytes: Uint8Array) => /ack$/.test(decodeLeaf(bytes)?.kind ?? '')
  let earlier: Promise<unknown> = Promise.resolve()
  const append: typeof journal.append = async batch => {
    const written = journal.append(batch)
    const before = earlier
    earlier = written.catch(() => undefined) // who asked has the error
    const acks = batch.some(
      ({ kind, bytes }) => kind === 'batch' && leavesOf(openPart(bytes)).some(leaf => isAck(leaf.bytes)),
    )
    if (!acks) return written
    // a batch comes behind the one before it also in the log
    await before
  }
  return { journal: { ...journal, append }, entries }
}

/** Gives the rewritten file its name before it is synchronised. */
const hastyRewriter: OpenJournal = (disk, name) => {
  const draft: Disk['draft'] = async file => ({ ...(await disk.draft(file)), sync: async () => undefined })
  return openJournal({ ...disk, draft }, name)
}

/** Leaves one batch out that is needed. */
const lossyRewriter: OpenJournal = async (disk, name) => {
  const { journal, entries } = await openJournal(disk, name)
  const rewrite: typeof journal.rewrite = selection => {
    let batches = 0
    const instead: typeof selection.instead = entry =>
      [...selection.instead(entry)].filter(({ kind }) => kind === 'local' || ++batches % 20 !== 0)
    return journal.rewrite({ ...selection, instead })
  }
  return { journal: { ...journal, rewrite }, entries }
}

/** Goes on with the old file once the new one has its name. */
const clingingJournal: OpenJournal = async (disk, name) => {
  let old: AppendFile | undefined
  const open: Disk['open'] = async file => {
    old = await disk.open(file)
    return old
  }
  const draft: Disk['draft'] = async file => {
    const written = await disk.draft(file)
    return { ...written, place: async () => written.place().then(placed => old ?? placed) }
  }
  return openJournal({ ...disk, open, draft }, name)
}

/** Loses what it holds of deletions when it is opened again. */
const forgetfulJournal: OpenJournal = async (disk, name) => {
  const { journal, entries } = await openJournal(disk, name)
  const isTombstone = (bytes: Uint8Array) => decodeLeaf(bytes)?.kind === 'network-rm'
  const kept = entries.filter(
    ({ kind, bytes }) => kind === 'local' || !leavesOf(openPart(bytes)).some(leaf => isTombstone(leaf.bytes)),
  )
  return { journal, entries: kept }
}

export const journalFaults: readonly Planted[] = [
  { what: 'a disk that lies about fsync', parts: { lyingDisks: true }, breaks: /I1|I3|R7/, budget: 30 },
  {
    what: 'a journal that answers before the fsync',
    parts: { openJournal: hastyJournal },
    breaks: /I1|I3|R7/,
    budget: 60,
  },
  {
    what: 'a journal whose rewritten file gets its name before the fsync (I3)',
    parts: { openJournal: hastyRewriter },
    // a peer that sees by the note outside that its journal lost something fences itself, and logs that
    breaks: /I3|log/,
    budget: 120,
  },
  {
    what: 'a rewritten journal that lacks a batch (I3)',
    parts: { openJournal: lossyRewriter },
    breaks: /I2|I3|R7|R8/,
    budget: 30,
  },
  {
    what: 'a journal that goes on with the old file after it was rewritten (I3)',
    parts: { openJournal: clingingJournal },
    breaks: /I3|R7/,
    budget: 30,
  },
  {
    what: 'a restart that drops tombstones (I3)',
    parts: { openJournal: forgetfulJournal },
    breaks: /I2|I3/,
    budget: 60,
  },
  {
    what: 'acknowledgements that are sent before the fsync (R4, R9)',
    parts: { openJournal: hastyAcknowledger },
    breaks: /I1|I2|I3|R7|R8|log/,
    budget: 200,
  },
]
