/** What the replica writes into its journal. */
import type { Part } from '../crdt/compact-unit.ts'
import type { JournalEntry } from '../store/journal.ts'
import type { Unit } from './unit.ts'

export function factEntry(bytes: Uint8Array): JournalEntry {
  return { kind: 'local', bytes }
}

export function partEntry(part: Part): JournalEntry {
  return { kind: 'survivors' in part ? 'unit' : 'batch', bytes: part.bytes }
}

export function unitEntry({ compact, bytes }: Unit): JournalEntry {
  return { kind: compact ? 'unit' : 'batch', bytes }
}
