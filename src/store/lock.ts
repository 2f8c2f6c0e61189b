/**
 * One peer per data directory. The lock is a file that names its holder: process id, the time that process started and
 * the boot it runs in, so that a lock left behind by kill -9 or a power cut is seen to be stale, also when the process
 * id is in use again. (Two containers with process namespaces of their own do not see each other.)
 */
import { randomUUID } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SkeinError } from '../lib/errors.ts'

export interface Lock {
  release(): Promise<void>
}

/** Locks `directory`, which exists. Throws SkeinError('in-use') naming the process that holds it. */
export async function lockDirectory(directory: string): Promise<Lock> {
  const path = join(directory, 'lock')
  const own = await holderOf(process.pid)
  const draft = `${path}.${randomUUID()}`
  await writeFile(draft, own, { mode: 0o600 })
  try {
    // each round loses to somebody who locks or releases in the same moment
    for (let round = 0; round < 5; round++) {
      if (await linked(draft, path)) return { release: () => release(path, own) }
      const holder = await readOr(path, '')
      if (await isAlive(holder)) throw inUse(directory, holder)
      await moveAway(path, holder)
    }
    throw inUse(directory, await readOr(path, ''))
  } finally {
    await rm(draft, { force: true })
  }
}

/** `link` makes the lock appear with its content, or fails because there is one. */
async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** Takes a stale lock away; puts it back when it is another one by now. */
async function moveAway(path: string, stale: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
  } catch {
    return // somebody else took it away
  }
  if ((await readOr(aside, '')) !== stale) await linked(aside, path)
  await rm(aside, { force: true })
}

async function release(path: string, own: string): Promise<void> {
  if ((await readOr(path, '')) === own) await rm(path, { force: true })
}

/** `PID START BOOT`; START in clock ticks since boot, `-` if there is no such process, or only its unreaped rest. */
async function holderOf(pid: number): Promise<string> {
  const stat = await readOr(`/proc/${pid}/stat`, '')
  // proc_pid_stat(5): field 2 is the program's name in brackets and may hold anything, so count from its end
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const start = fields[0] === 'Z' ? '-' : (fields[19] ?? '-')
  const boot = (await readOr('/proc/sys/kernel/random/boot_id', '')).trim()
  return `${pid} ${start} ${boot}\n`
}

async function isAlive(holder: string): Promise<boolean> {
  const pid = Number(holder.split(' ')[0])
  return Number.isInteger(pid) && pid > 0 && (await holderOf(pid)) === holder
}

async function readOr(path: string, otherwise: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return otherwise // gone, or never there
  }
}

function inUse(directory: string, holder: string): SkeinError {
  const pid = holder.split(' ')[0] || 'unknown'
  return new SkeinError(
    'in-use',
    `data directory ${directory} is in use by process ${pid}: stop that skeind first, or pass another --data-dir`,
  )
}
