/** Writes what users made here and nobody else ever saw into a file of the data directory, once this host was removed (R9). */
import { join } from 'node:path'
import type { ObjectsJson } from '../api/types.ts'
import { unseenObjects } from '../api/unseen.ts'
import { errorText } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { Replica } from '../replica/replica.ts'
import type { Disk } from '../store/disk.ts'

export interface UnseenExport {
  /** Where it is; undefined while there is none, or nothing to write. */
  path(): string | undefined
  stop(): void
}

export interface UnseenExportDeps {
  replica: Replica
  /** Of the data directory. */
  disk: Disk
  dataDir: string
  log: Logger
}

/** What is in the file: what `skein apply` takes, as JSON. */
export function unseenText(objects: ObjectsJson): string {
  return `${JSON.stringify(objects, undefined, 2)}\n`
}

/** Looks now, so that who starts again names the file from the first `status` on, and at each change of the state. */
export async function createUnseenExport({ replica, disk, dataDir, log }: UnseenExportDeps): Promise<UnseenExport> {
  const name = `unseen-${replica.self.slice(0, 16)}.json`
  let path: string | undefined
  let isDone = false

  async function look(): Promise<void> {
    const { removedBy } = replica
    if (!removedBy || removedBy.isLeaving || isDone) return
    isDone = true
    const objects = unseenObjects(replica.view, replica.written(removedBy.cut))
    if (!objects) return
    try {
      await disk.replace(name, new TextEncoder().encode(unseenText(objects)))
      path = join(dataDir, name)
      log.warn({ path }, 'what was made on this host and reached no other is in this file: skein apply takes it')
    } catch (error) {
      log.error({ err: errorText(error) }, 'what reached no other host could not be written to a file')
    }
  }

  const unsubscribe = replica.onChange(() => void look())
  await look()
  return { path: () => path, stop: unsubscribe }
}
