/** A host's peer: `skeind` of this clone, in the host's namespaces. */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SkeinError } from '../src/lib/errors.ts'
import { ask } from './http.ts'
import { apiSocket, membersSeenBy } from './members.ts'
import { endOnNode, startOnNode } from './node.ts'
import { type HostPlan, meshPort, packageRoot } from './plan.ts'
import { isRunning, lastLines, type ProcessRecord } from './processes.ts'
import { logFileOf, runningRecord } from './records.ts'
import { until } from './wait.ts'

export interface StartPeerOptions {
  /** A token of `skein peer invite`, for a host that is in no mesh yet. */
  join?: string
  /** @default the host's own */
  dataDir?: string
  /** Folder of an earlier build of Skein whose `bin/skeind` is started: one that takes the host's own machine id. @default this one */
  root?: string
  /** Further arguments of `skeind`. */
  arguments?: readonly string[]
  signal?: AbortSignal
}

/** A loaded machine with 2 cores starts Node and reads a journal well within this. */
const startLimitMs = 20_000

/** Starts the peer and waits until it is a member of a mesh: its own or, as `join` says, another. */
export async function startPeer(plan: HostPlan, options: StartPeerOptions = {}): Promise<void> {
  if (runningRecord(plan.name, 'peer')) return
  const dataDir = options.dataDir ?? plan.dataDir
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const own = [
    '--name',
    plan.name,
    '--data-dir',
    dataDir,
    '--witness-dir',
    `${plan.dataDir}-witness`,
    ...(options.root === undefined ? ['--machine-id', plan.name] : []),
    '--listen',
    `${plan.address}:${meshPort}`,
  ]
  const join_ = options.join === undefined ? [] : ['--join', options.join]
  const program = join(options.root ?? packageRoot(), 'bin/skeind')
  const peer = await startOnNode(plan.name, 'peer', [
    ...[process.execPath, ...nodeOptions(program), program],
    ...[...own, ...join_, ...(options.arguments ?? [])],
  ])
  await until(() => isMember(plan.name, peer), {
    timeoutMs: startLimitMs,
    what: `the peer of ${plan.name} is in no mesh (log: ${logFileOf(plan.name, 'peer')})`,
    intervalMs: 20,
    ...(options.signal ? { signal: options.signal } : {}),
  })
}

/** Those of its first line: it is run by the Node that runs here, which may be on no path of the host's. */
function nodeOptions(program: string): string[] {
  return /^#!.* node (--.*)/.exec(readFileSync(program, 'utf8'))?.[1]?.split(' ') ?? []
}

async function isMember(host: string, peer: ProcessRecord): Promise<true | undefined> {
  if (!isRunning(peer)) {
    throw new SkeinError('internal', `the peer of ${host} ended${lastLines(logFileOf(host, 'peer'))}`)
  }
  const members = await membersSeenBy(host)
  return members?.some(member => member.self) ? true : undefined
}

/** SIGTERM, as the host's service manager would stop it. */
export async function stopPeer(host: string): Promise<void> {
  await endOnNode(host, 'peer', 'SIGTERM', 15_000)
}

export async function killPeer(host: string): Promise<void> {
  await endOnNode(host, 'peer', 'SIGKILL', 5000)
}

/** A single-use token of that host's peer. */
export async function invite(host: string): Promise<string> {
  const answer = await ask(apiSocket(host), 'POST', '/api/v1/peers/invite', { body: {} })
  if (answer.status >= 300)
    throw new SkeinError('unavailable', `the peer of ${host} gives no invitation: ${answer.text}`)
  return String((JSON.parse(answer.text) as { token?: unknown }).token)
}
