/**
 * The routes of a container that is starting. Docker makes its namespace, then its interfaces, docker_gwbridge's and the default
 * route last; then its program runs, and may have something to say at once. So the routes are tried again and again from
 * the moment on when there is a namespace, until the first interface is there.
 */
import { type FSWatcher, watch } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { sleep } from '../lib/clock.ts'
import { createBatchChild } from './batch-child.ts'
import type { Context } from './context.ts'

/** Between two tries, ms; so many at a time. */
const tries = { everyMs: 2, count: 250 }

/** True if there is such a namespace. */
export function exists(sandbox: string): Promise<boolean> {
  return stat(sandbox).then(
    () => true,
    () => false, // a container that has not started yet, or has ended
  )
}

/** Resolves with true once the lines have been carried out, which `ip` refuses until their next hop is there; false: not yet. */
export async function hurry(
  { clock }: Context,
  sandbox: string,
  lines: readonly string[],
  options: readonly string[] = [],
): Promise<boolean> {
  const child = createBatchChild({ program: 'ip', namespace: sandbox, clock, options })
  try {
    for (let n = 0; n < tries.count; n++) {
      // the path is there a moment before the namespace is
      // and a rule that an earlier try has made is not made twice
      const commands = lines.map(line => ({ line, ignore: /File exists/ }))
      const failures = await child.run(commands).catch(() => undefined)
      if (failures?.length === 0) return true
      await sleep(clock, tries.everyMs)
    }
    return false
  } finally {
    await child.close() // a process inside would keep the namespace of a container that has ended
  }
}

/** Prefixes of this host's bridges, of IPv6 too if `isDual`. */
export async function bridgedPrefixes(context: Context, isDual: boolean): Promise<string[]> {
  const ipv4 = await prefixes(context, ['-4', '-j', 'route', 'show', 'scope', 'link'])
  return isDual ? [...ipv4, ...(await prefixes(context, ['-6', '-j', 'route', 'show', 'proto', 'kernel']))] : ipv4
}

async function prefixes({ run }: Context, args: string[]): Promise<string[]> {
  const { code, stdout } = await run('ip', args)
  if (code !== 0 || stdout.trim() === '') return []
  const routes: { dst?: string }[] = JSON.parse(stdout)
  return routes.flatMap(({ dst }) => dst ?? [])
}

export interface SandboxWatch {
  /** Calls `appeared` when a namespace is made beside this one, from now on. */
  beside(sandbox: string): void
  close(): void
}

export function createSandboxWatch(appeared: () => void): SandboxWatch {
  const watchers = new Map<string, FSWatcher>()
  const close = () => {
    for (const watcher of watchers.values()) watcher.close()
    watchers.clear()
  }
  return {
    beside(sandbox) {
      const directory = dirname(sandbox)
      if (watchers.has(directory)) return
      try {
        const watcher = watch(directory, { persistent: false }, appeared)
        watcher.on('error', close)
        watchers.set(directory, watcher)
      } catch {
        // Docker makes the directory with its first container: regular looks find that one
      }
    },
    close,
  }
}
