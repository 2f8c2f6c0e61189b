/** Writes what users made here and nobody else ever saw into a file of the data directory, once this host was removed (R9). */
import { join } from 'node:path'
import { type Unseen, unseenIn } from '../api/unseen.ts'
import type { Dot } from '../crdt/vector.ts'
import { errorText } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { Replica } from '../replica/replica.ts'
import type { Disk } from '../store/disk.ts'

export interface UnseenFile {
  path: string
  /** Whether `skein apply` finds anything in it. */
  hasObjects: boolean
  /** Lines that say what that cannot do. */
  remarks: number
}

export interface UnseenExport {
  /** Undefined while there is none, or nothing to write. */
  file(): UnseenFile | undefined
  stop(): void
}

export interface UnseenExportDeps {
  replica: Replica
  /** Of the data directory. */
  disk: Disk
  dataDir: string
  log: Logger
}

/** What is in the file: what `skein apply` takes, as JSON, which is YAML, after remarks that it passes over. */
export function unseenText(unseen: Unseen): string {
  const remarks = remarksOf(unseen).map(line => `# ${line}\n`)
  return `${remarks.join('')}${JSON.stringify(unseen.objects, undefined, 2)}\n`
}

function remarksOf({ before, after, left }: Unseen): string[] {
  return [
    ...before.map(command => `first, as far as it is still wanted: ${command}`),
    ...after.map(command => `after skein apply, as far as it is still wanted: ${command}`),
    ...left.map(object => `left out: ${object}, the later of two of one name, or of two values`),
  ]
}

/** Looks now, so that who starts again names the file from the first `status` on, and at each change of the state. */
export async function createUnseenExport({ replica, disk, dataDir, log }: UnseenExportDeps): Promise<UnseenExport> {
  const name = `unseen-${replica.self.slice(0, 16)}.json`
  let file: UnseenFile | undefined
  let isDone = false

  async function look(): Promise<void> {
    const { removedBy } = replica
    if (!removedBy || removedBy.isLeaving || isDone) return
    isDone = true
    const { cut } = removedBy
    const isUnseen = ({ writer, counter }: Dot) => writer === replica.self && counter > cut
    const unseen = unseenIn(replica.view, replica.written(cut), isUnseen)
    if (!unseen) return
    const [path, remarks] = [join(dataDir, name), remarksOf(unseen).length]
    try {
      await disk.replace(name, new TextEncoder().encode(unseenText(unseen)))
      file = { path, hasObjects: Object.keys(unseen.objects).length > 0, remarks }
      const text = 'what was done on this host and reached no other is in this file: skein apply takes it'
      log.warn({ path, remarks }, remarks > 0 ? `${text}, but for what the remarks at its head say` : text)
    } catch (error) {
      log.error({ err: errorText(error) }, 'what reached no other host could not be written to a file')
    }
  }

  const unsubscribe = replica.onChange(() => void look())
  await look()
  return { file: () => file, stop: unsubscribe }
}
