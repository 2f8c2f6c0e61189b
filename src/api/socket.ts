/** The Unix socket's place in the file system. */
import { mkdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { SkeinError } from '../lib/errors.ts'

/** A live peer accepts at once; a full backlog, the only thing that could take longer, means that somebody is there. */
const probeMs = 1000

/**
 * Makes the directory and removes the file that a killed peer left. Throws `conflict` when somebody still answers
 * there: taking the socket away from a running peer would leave it unreachable.
 */
export async function claimSocket(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  if (await isAnswered(path)) {
    throw new SkeinError('conflict', `another skeind answers at ${path}: stop it, or give --api-socket another path`)
  }
  await rm(path, { force: true })
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path)
    const settle = (answered: boolean): void => {
      socket.destroy()
      resolve(answered)
    }
    socket.setTimeout(probeMs, () => settle(true))
    socket.on('connect', () => settle(true))
    socket.on('error', () => settle(false)) // ENOENT, ECONNREFUSED: nobody is there
  })
}
