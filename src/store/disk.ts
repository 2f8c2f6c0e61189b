/** The disk as the journal needs it; one adapter on files, one on the simulator's virtual disk. */
export interface Disk {
  /** The whole file; undefined if there is none. */
  read(name: string): Promise<Uint8Array | undefined>
  /** Opens for appending, creating the file (durably, with its directory entry) if there is none. */
  open(name: string): Promise<AppendFile>
  /** Replaces `name` atomically and durably: write to a temporary file, fsync, rename, fsync of the directory. */
  replace(name: string, bytes: Uint8Array): Promise<void>
  remove(name: string): Promise<void>
}

export interface AppendFile {
  append(bytes: Uint8Array): Promise<void>
  /** fdatasync: what was appended before survives power loss. */
  sync(): Promise<void>
  /** Cuts a torn tail off, durably. */
  truncate(length: number): Promise<void>
  close(): Promise<void>
}
