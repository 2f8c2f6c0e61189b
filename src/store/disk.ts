/** The disk as the journal needs it; one adapter on files, one on the simulator's virtual disk. */
export interface Disk {
  /** The whole file; undefined if there is none. */
  read(name: string): Promise<Uint8Array | undefined>
  /** What the file has from `offset` on, at most `length` bytes; fewer at its end, none behind it or without a file. */
  readAt(name: string, offset: number, length: number): Promise<Uint8Array>
  /** Opens for appending, creating the file (durably, with its directory entry) if there is none. */
  open(name: string): Promise<AppendFile>
  /** Replaces `name` atomically and durably: write to a temporary file, fsync, rename, fsync of the directory. */
  replace(name: string, bytes: Uint8Array): Promise<void>
  /** Begins a file that is to take the place of `name`, `name` + `draftSuffix`. What an earlier attempt left is gone. */
  draft(name: string): Promise<Draft>
  remove(name: string): Promise<void>
  /** Bytes that still fit. */
  room(): Promise<number>
}

export interface AppendFile {
  append(bytes: Uint8Array): Promise<void>
  /** fdatasync: what was appended before survives power loss. */
  sync(): Promise<void>
  /** Cuts a torn tail off, durably. */
  truncate(length: number): Promise<void>
  close(): Promise<void>
}

/** Drafts have their file's name with this behind it; one that is there at start was left by a process that died. */
export const draftSuffix = '.new'

/** A file that is being written to take the place of another. */
export interface Draft {
  append(bytes: Uint8Array): Promise<void>
  /** What was appended before survives power loss, once the file has its place. */
  sync(): Promise<void>
  /**
   * Gives the file its name, atomically and durably; all of it was synchronised before. When it rejects, the name may stand
   * for either. @returns the same file, to go on appending
   */
  place(): Promise<AppendFile>
  /** Nothing is left of it. */
  discard(): Promise<void>
}
