/** A host's Docker engine: `dockerd` with the machine's defaults for every path, in the host's namespaces. */
import { rmSync, writeFileSync } from 'node:fs'
import { SkeinError } from '../src/lib/errors.ts'
import { ask } from './http.ts'
import { endOnNode, pathInNode, startOnNode } from './node.ts'
import { labMark } from './plan.ts'
import { isRunning, lastLines, type ProcessRecord } from './processes.ts'
import { logFileOf, runningRecord } from './records.ts'
import { until } from './wait.ts'

/**
 * An engine with three Skein networks whose plugin is down takes 77 s to answer (reference: docker-driver.md 3.5).
 */
const startLimitMs = 90_000

/** Stopping gives each container 10 s, the engine 15 s for all. */
const stopLimitMs = 30_000

export interface StartEngineOptions {
  /** Keep containers running while the engine is down. @default false */
  liveRestore?: boolean
  /** Translate and filter IPv6 as IPv4: what Docker 27 and later do without being told. @default false */
  ip6tables?: boolean
  signal?: AbortSignal
}

/** Where the host's engine listens, as seen from outside. */
export function engineSocket(host: string): string {
  return pathInNode(host, '/run/docker.sock')
}

/** Starts the engine and waits until it answers. */
export async function startEngine(host: string, options: StartEngineOptions = {}): Promise<void> {
  const { liveRestore = false, ip6tables = false, signal } = options
  if (runningRecord(host, 'engine')) return
  const file = '/run/docker/daemon.json'
  // Docker 26 takes it from those alone who try what is new
  const chosen = { 'live-restore': liveRestore, ...(ip6tables ? { experimental: true, ip6tables } : {}) }
  writeFileSync(pathInNode(host, file), JSON.stringify({ ...configuration(host), ...chosen }))
  let engine = await launch(host, file)
  await until(
    async () => {
      if (gaveUp(host, engine)) engine = await launch(host, file)
      return answers(host, engine)
    },
    { timeoutMs: startLimitMs, what: `the engine of ${host} did not answer`, ...(signal ? { signal } : {}) },
  )
}

async function launch(host: string, configFile: string): Promise<ProcessRecord> {
  // of an engine that was killed: while nobody has reaped it, a new one would take it for running
  for (const file of ['/run/docker.pid', '/run/docker/containerd/containerd.pid']) {
    rmSync(pathInNode(host, file), { force: true })
  }
  return startOnNode(host, 'engine', ['dockerd', '--config-file', configFile])
}

/** Docker gives its containerd 15 s, which are too few on an emulated machine whose processors others take: it may try again. */
function gaveUp(host: string, engine: ProcessRecord): boolean {
  return (
    !isRunning(engine) && lastLines(logFileOf(host, 'engine'), 1).includes('timeout waiting for containerd to start')
  )
}

/**
 * The machine's own daemon.json must not take part. Images and containers live on the host's tmpfs: it works where
 * the disk is itself an overlay, and nothing of it can be left behind. Control groups without systemd, under a name
 * of ours, so that `down` finds every process of every container.
 */
function configuration(host: string): object {
  return {
    hosts: ['unix:///run/docker.sock'],
    'data-root': '/run/docker-data',
    'exec-opts': ['native.cgroupdriver=cgroupfs'],
    'cgroup-parent': `/${labMark}/${host}`,
  }
}

async function answers(host: string, engine: ProcessRecord): Promise<true | undefined> {
  if (!isRunning(engine)) {
    throw new SkeinError('internal', `the engine of ${host} ended${lastLines(logFileOf(host, 'engine'))}`)
  }
  try {
    return (await ask(engineSocket(host), 'GET', '/_ping')).status === 200 ? true : undefined
  } catch {
    return undefined // no socket yet, or nobody accepts on it: the caller asks again
  }
}

/** Version of the engine, '' if it does not run or answer. */
export async function engineVersion(host: string): Promise<string> {
  if (!runningRecord(host, 'engine')) return ''
  try {
    const answer = await ask(engineSocket(host), 'GET', '/version', { timeoutMs: 2000 })
    return String((JSON.parse(answer.text) as { Version?: unknown }).Version ?? '')
  } catch {
    return '' // starting or hung: shown as not answering
  }
}

/** Stops engine and containers. */
export async function stopEngine(host: string): Promise<void> {
  await endOnNode(host, 'engine', 'SIGTERM', stopLimitMs)
}

/** Kills the engine; its containers stay, until the next engine clears them away. */
export async function killEngine(host: string): Promise<void> {
  await endOnNode(host, 'engine', 'SIGKILL', 5000)
}
