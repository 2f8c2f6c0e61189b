/** A Node process that does nothing, for comparison. */
import { spawn } from 'node:child_process'
import { endChild } from '../lib/child.ts'
import { settledResident } from './resident.ts'

/** Its resident memory once it stands still, bytes. */
export async function bareNodeResident(signal: AbortSignal): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 2 ** 30)'], { stdio: 'ignore' })
  try {
    if (child.pid === undefined) throw new Error(`cannot run ${process.execPath}`)
    return await settledResident(child.pid, signal)
  } finally {
    await endChild(child)
  }
}
