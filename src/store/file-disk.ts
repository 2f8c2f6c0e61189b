/** `Disk` on a directory of real files. */
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { AppendFile, Disk } from './disk.ts'

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
    async open(name) {
      const handle = await open(join(directory, name), 'a', 0o600)
      await syncDirectory(directory)
      return appendFile(handle)
    },
    async replace(name, bytes) {
      const temporary = join(directory, `${name}.new`)
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
    async remove(name) {
      await rm(join(directory, name), { force: true })
      await syncDirectory(directory)
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
