/** `Disk` on a directory of real files. */
import { type FileHandle, mkdir, open, readFile, rename, rm, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type AppendFile, type Disk, type Draft, draftSuffix } from './disk.ts'

/** Opens `directory`, making it (durably, mode 0700) if there is none. Errors are Node's: they name the path and the cause. */
export async function openFileDisk(directory: string): Promise<Disk> {
  const made = await mkdir(directory, { recursive: true, mode: 0o700 })
  if (made !== undefined) await syncDirectory(dirname(made))
  return {
    async read(name) {
      try {
        return new Uint8Array(await readFile(join(directory, name)))
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
    },
    async readAt(name, offset, length) {
      try {
        return await readPart(join(directory, name), offset, length)
      } catch (error) {
        if (isMissing(error)) return new Uint8Array()
        throw error
      }
    },
    async open(name) {
      const handle = await open(join(directory, name), 'a', 0o600)
      await syncDirectory(directory)
      return appendFile(handle)
    },
    async replace(name, bytes) {
      const temporary = join(directory, name + draftSuffix)
      const handle = await open(temporary, 'w', 0o600)
      try {
        await handle.writeFile(bytes)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(temporary, join(directory, name))
      await syncDirectory(directory)
    },
    async draft(name) {
      const temporary = join(directory, name + draftSuffix)
      await rm(temporary, { force: true })
      const place = async () => {
        await rename(temporary, join(directory, name))
        await syncDirectory(directory)
      }
      return draftOf(await open(temporary, 'a', 0o600), place, () => rm(temporary, { force: true }))
    },
    async remove(name) {
      await rm(join(directory, name), { force: true })
      await syncDirectory(directory)
    },
    async room() {
      const { bavail, bsize } = await statfs(directory)
      return bavail * bsize
    },
  }
}

function appendFile(handle: FileHandle): AppendFile {
  return {
    append: bytes => handle.appendFile(bytes),
    sync: () => handle.datasync(),
    async truncate(length) {
      await handle.truncate(length)
      await handle.datasync()
    },
    close: () => handle.close(),
  }
}

function draftOf(handle: FileHandle, place: () => Promise<void>, remove: () => Promise<void>): Draft {
  return {
    append: bytes => handle.appendFile(bytes),
    sync: () => handle.sync(),
    async place() {
      await place()
      return appendFile(handle)
    },
    async discard() {
      await handle.close()
      await remove()
    },
  }
}

async function readPart(path: string, offset: number, length: number): Promise<Uint8Array> {
  const handle = await open(path, 'r')
  try {
    const bytes = new Uint8Array(length)
    let filled = 0
    for (;;) {
      const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled)
      filled += bytesRead
      if (bytesRead === 0 || filled === length) return bytes.subarray(0, filled)
    }
  } finally {
    await handle.close()
  }
}

/** A file's name is durable only when its directory is. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
