/** What a host's disk holds for sure, as records: the history, before anything is concluded from it. */
import { recordOf } from '../../../src/crdt/checkpoint.ts'
import { leavesOf, openPart, type Part } from '../../../src/crdt/compact-unit.ts'
import type { LeafRecord } from '../../../src/crdt/live-set.ts'
import { journalName } from '../../../src/replica/create.ts'
import { fencedFact } from '../../../src/replica/fence.ts'
import { openFact } from '../../../src/replica/local-facts.ts'
import { decodeJournal } from '../../../src/store/journal-format.ts'
import { type Host, recordsOf } from '../host.ts'

/** Batches and compact units, in the order of the journal. */
export function heldParts(host: Host): Part[] {
  return entriesOf(host)
    .filter(entry => entry.kind !== 'local')
    .map(entry => openPart(entry.bytes))
}

/** True if it was told, or found, that its data directory is not the newest of its key (R8). */
export function isOutdated(host: Host): boolean {
  return entriesOf(host).some(({ kind, bytes }) => kind === 'local' && openFact(bytes)?.key === fencedFact)
}

/** Of what is in effect: the journal is rewritten later. */
export function heldRecords(host: Host): LeafRecord[] {
  return inEffect(heldParts(host)).flatMap(part => leavesOf(part).flatMap(leaf => recordOf(part.writer, leaf) ?? []))
}

/** A compact unit takes the place of all within its run, of other histories too; of units of one run the last (decision 0018). */
export function inEffect(parts: readonly Part[]): Part[] {
  const units = [...parts.entries()].filter(([, part]) => 'survivors' in part)
  return parts.filter((part, at) => {
    const isWithin = ({ writer, first, last }: Part) =>
      writer === part.writer && first <= part.first && part.last <= last
    const isLonger = (unit: Part) => unit.last - unit.first > part.last - part.first
    return !units.some(([place, unit]) => isWithin(unit) && (isLonger(unit) || place > at))
  })
}

function entriesOf(host: Host) {
  return decodeJournal(host.disk.durable(recordsOf(host) + journalName), journalName).entries
}
