/** `Disk` in memory, for the simulator and for tests: power can be cut, and a disk can be slow or broken. */
import { type AppendFile, type Disk, draftSuffix } from './disk.ts'
import { MemoryFile } from './memory-file.ts'

export interface MemoryDisk extends Disk {
  /**
   * Cuts the power: of what was appended to a file since its last sync only the first `kept` bytes stay, and every file
   * that is open fails from now on. @param kept given the number of such bytes of a file; default none stay
   */
  crash(kept?: (unsyncedBytes: number) => number): void
  /** Syncs done so far. */
  readonly syncs: number
}

export interface MemoryDiskOptions {
  /** Awaited before each sync takes effect; throws to make it fail. */
  beforeSync?: (name: string) => Promise<void>
  /** Awaited before a draft takes its place; throws to make that fail. */
  beforePlace?: (name: string) => Promise<void>
}

/** An empty disk. */
export function createMemoryDisk(options: MemoryDiskOptions = {}): MemoryDisk {
  const files = new Map<string, MemoryFile>()
  let boot = 0
  let syncs = 0

  function appendFile(name: string, file: MemoryFile): AppendFile {
    const openedAt = boot
    let closed = false
    const check = () => {
      if (closed || boot !== openedAt) throw new Error(`${name}: the file is closed`)
    }
    return {
      async append(bytes) {
        check()
        file.append(bytes)
      },
      async sync() {
        check()
        const { length } = file
        await options.beforeSync?.(name)
        check()
        file.durable = Math.max(file.durable, Math.min(length, file.length))
        syncs++
      },
      async truncate(length) {
        check()
        file.cut(length)
      },
      async close() {
        check()
        closed = true
      },
    }
  }

  return {
    get syncs() {
      return syncs
    },
    async read(name) {
      return files.get(name)?.slice()
    },
    async open(name) {
      const file = files.get(name) ?? new MemoryFile()
      files.set(name, file)
      return appendFile(name, file)
    },
    async readAt(name, offset, length) {
      return files.get(name)?.slice(offset, offset + length) ?? new Uint8Array()
    },
    async draft(name) {
      const file = new MemoryFile()
      files.set(name + draftSuffix, file)
      const draft = appendFile(name + draftSuffix, file)
      return {
        append: draft.append,
        sync: draft.sync,
        async place() {
          await options.beforePlace?.(name)
          files.delete(name + draftSuffix)
          files.set(name, file)
          return appendFile(name, file)
        },
        async discard() {
          await draft.close()
          files.delete(name + draftSuffix)
        },
      }
    },
    async replace(name, bytes) {
      files.set(name, new MemoryFile(bytes))
    },
    async remove(name) {
      files.delete(name)
    },
    room: async () => Number.POSITIVE_INFINITY,
    crash(kept = () => 0) {
      boot++
      for (const file of files.values()) {
        const unsynced = file.length - file.durable
        file.cut(file.durable + (unsynced > 0 ? kept(unsynced) : 0))
      }
    },
  }
}
