/** A node of the lab: network, mount and UTS namespaces of its own, held open by one sleeping process. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SkeinError } from '../src/lib/errors.ts'
import { type RunOptions, type RunResult, run } from '../src/lib/exec.ts'
import { labMark, packageRoot } from './plan.ts'
import { cleanEnvironment, endProcess, type ProcessRecord, startDetached } from './processes.ts'
import { logFileOf, runningRecord, saveRecord } from './records.ts'
import { until } from './wait.ts'

export interface LabNode {
  readonly name: string
  /** Runs a program on the node; never rejects for a non-zero exit. `netctl`, `skein` and `skeind` are this clone's. */
  exec(argv: readonly string[], options?: RunOptions): Promise<RunResult>
}

export function createNode(name: string): LabNode {
  return { name, exec: async (argv, options) => run('nsenter', enterArguments(name, argv), options) }
}

/** The process that holds the namespaces of a node. */
export function holderOf(name: string): ProcessRecord {
  const holder = runningRecord(name, 'holder')
  if (!holder) throw new SkeinError('not-found', `no lab with ${name} is up; see: skein lab status`)
  return holder
}

/** A path of the node as seen from outside, through /proc: files and Unix sockets alike. */
export function pathInNode(name: string, path: string): string {
  return `/proc/${holderOf(name).pid}/root${path}`
}

/** Arguments of `nsenter` that run `argv` on the node. `workDir` must exist there. */
export function enterArguments(name: string, argv: readonly string[], workDir = '/'): string[] {
  const path = `PATH=${join(packageRoot(), 'bin')}:${cleanEnvironment.PATH}`
  const environment = [path, `SKEIN_LAB=${labMark}`, 'DOCKER_HOST=unix:///run/docker.sock']
  const unset = ['-u', 'SKEIN_HOST', '-u', 'NETMASTER']
  return [...namespaces(name), `--wdns=${workDir}`, '--', 'env', ...unset, ...environment, ...argv]
}

function namespaces(name: string): string[] {
  return ['-t', String(holderOf(name).pid), '-m', '-n', '-u']
}

/** Starts a daemon on the node, with our environment and a log of its own. */
export async function startOnNode(
  name: string,
  role: 'engine' | 'peer' | 'dns',
  argv: readonly string[],
): Promise<ProcessRecord> {
  const record = await startDetached(
    `the ${role} of ${name}`,
    ['nsenter', ...namespaces(name), '--', ...argv],
    logFileOf(name, role),
  )
  saveRecord(name, role, record)
  return record
}

/** Ends a daemon of the node. SIGKILL follows after `timeoutMs`. */
export async function endOnNode(
  name: string,
  role: 'engine' | 'peer',
  signal: NodeJS.Signals,
  timeoutMs: number,
): Promise<void> {
  await endProcess(runningRecord(name, role), signal, timeoutMs)
}

/** Runs a step of the setup on a node; a failure is an error with what the program said. */
export async function step(name: string, argv: readonly string[], input?: string): Promise<string> {
  const options = { timeoutMs: 30_000, ...(input === undefined ? {} : { input }) }
  const result = await run('nsenter', enterArguments(name, argv), options)
  if (result.code === 0) return result.stdout
  throw new SkeinError('internal', `${name}: '${argv.join(' ')}' failed: ${(result.stderr || result.stdout).trim()}`)
}

/** Makes the namespaces. Mounts made in them stay in them. */
export async function makeNode(name: string): Promise<void> {
  const unshare = ['unshare', '--mount', '--net', '--uts', '--propagation', 'private', '--', 'sleep', 'infinity']
  const holder = await startDetached(name, unshare, logFileOf(name, 'holder'))
  saveRecord(name, 'holder', holder)
  const comm = () => readFileSync(`/proc/${holder.pid}/comm`, 'utf8').trim()
  // `unshare` executes `sleep` once the namespaces are there
  await until(() => (comm() === 'sleep' ? true : undefined), {
    timeoutMs: 5000,
    what: `the namespaces of ${name} were not made`,
    intervalMs: 2,
  })
  await step(name, ['hostname', name])
}
