/** What a host's disk holds for sure, as records: the history, before anything is concluded from it. */
import { recordOf } from '../../../src/crdt/checkpoint.ts'
import { leavesOf, openPart, type Part } from '../../../src/crdt/compact-unit.ts'
import type { LeafRecord } from '../../../src/crdt/live-set.ts'
import { journalName } from '../../../src/replica/create.ts'
import { decodeJournal } from '../../../src/store/journal-format.ts'
import { type Host, recordsOf } from '../host.ts'

/** Batches and compact units, in the order of the journal. */
export function heldParts(host: Host): Part[] {
  const { entries } = decodeJournal(host.disk.durable(recordsOf(host) + journalName), journalName)
  return entries.filter(entry => entry.kind !== 'local').map(entry => openPart(entry.bytes))
}

export function heldRecords(host: Host): LeafRecord[] {
  return heldParts(host).flatMap(part => leavesOf(part).flatMap(leaf => recordOf(part.writer, leaf) ?? []))
}
