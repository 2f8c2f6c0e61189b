import type { Disk } from './disk.ts'
export interface Journal {
  /** Appends the entries as one group and resolves when they are durable. Concurrent calls share one fdatasync. */
  append(entries: readonly JournalEntry[]): Promise<void>
  close(): Promise<void>
}
/** `batch`, `unit`: an encoded batch of the replicated registry, or what is left of a run of them. `local`: a fact of this host alone (see `local` of the replica). */
export interface JournalEntry {
  kind: 'batch' | 'unit' | 'local'
  bytes: Uint8Array
}
/** Opens (or begins) a journal and gives back what it holds, oldest first. */
export type OpenJournal = (disk: Disk, name: string) => Promise<{ journal: Journal; entries: JournalEntry[] }>
