/** The floor of every durable write: append, fdatasync, nothing else. */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'

export interface RawLog {
  /** Appends `bytes` bytes and returns when they are on the disk. */
  append(bytes: number): void
  close(): void
}

export function createRawLog(path: string): RawLog {
  const file = openSync(path, 'a', 0o600)
  return {
    append(bytes) {
      writeSync(file, Buffer.alloc(bytes, 0x2e))
      fdatasyncSync(file)
    },
    close: () => closeSync(file),
  }
}
