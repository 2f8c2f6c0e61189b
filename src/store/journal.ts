import type { Disk } from './disk.ts'
export interface Journal {
  /** Appends the entries as one group and resolves when they are durable. Concurrent calls share one fdatasync. */
  append(entries: readonly JournalEntry[]): Promise<void>
  /** Bytes of the file that are durable. */
  size(): number
  /**
   * Writes the file anew, without what nobody needs any more, and puts it in the place of the old one between two writes; appends go
   * on meanwhile. Resolves when that is durable; with false when it would not be smaller, and stays as it is. Rejects when it did not
   * work: then the old file goes on as if nothing had been tried, unless it is uncertain which of the two has the
   * name; then nothing is accepted any more.
   */
  rewrite(selection: Selection): Promise<boolean>
  close(): Promise<void>
}

/**
 * What is still needed of the entries that are durable when `rewrite` is called; later ones are copied as they are. What is
 * left out must not be needed to read anything of what stays.
 */
export interface Selection {
  /** Told every entry, oldest first. */
  see(entry: JournalEntry): void
  /** What the new file begins with: asked when every entry was seen. */
  first(): Iterable<JournalEntry>
  /** Told every entry once more, in the same order: what stands in its place, itself or others or nothing. */
  instead(entry: JournalEntry): Iterable<JournalEntry>
  /** What ends the new file: may be lost, and stands there so that no other entry is the last (damage to that looks like a torn write). */
  readonly last: JournalEntry
}

/** `batch`, `unit`: an encoded batch of the replicated registry, or what is left of a run of them. `local`: a fact of this host alone (see `local` of the replica). */
export interface JournalEntry {
  kind: 'batch' | 'unit' | 'local'
  bytes: Uint8Array
}
/** Opens (or begins) a journal and gives back what it holds, oldest first. */
export type OpenJournal = (disk: Disk, name: string) => Promise<{ journal: Journal; entries: JournalEntry[] }>
