/**
 * Processes that outlive the command that started them. One is known by pid *and* start time, so that a pid which the
 * kernel gave to somebody else is never signalled.
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { errorText, SkeinError } from '../src/lib/errors.ts'
import { labMark } from './plan.ts'
import { until } from './wait.ts'

export interface ProcessRecord {
  readonly pid: number
  /** Field 22 of /proc/PID/stat: clock ticks after boot, as the kernel prints it. */
  readonly startTicks: string
}

/** The daemons' environment: nothing of the caller's, whose proxies, contexts and `SKEIN_…` are not the hosts'. */
export const cleanEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
  SKEIN_LAB: labMark,
}

/** State letter and start time; undefined if there is no such process. */
function statOf(pid: number): { state: string; startTicks: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // the name (field 2) may hold blanks and brackets: count from the last bracket
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', startTicks: fields[19] ?? '' }
  } catch {
    return undefined // it has ended
  }
}

/** The record of a running process. */
export function recordOf(pid: number): ProcessRecord | undefined {
  const stat = statOf(pid)
  return stat && stat.state !== 'Z' ? { pid, startTicks: stat.startTicks } : undefined
}

/** True while that very process runs; a zombie does not. */
export function isRunning(record: ProcessRecord | undefined): record is ProcessRecord {
  return record !== undefined && recordOf(record.pid)?.startTicks === record.startTicks
}

/**
 * Starts `argv` in a session of its own with output appended to `logFile`; resolves once it has been executed. `what`
 * names it in errors.
 */
export async function startDetached(what: string, argv: readonly string[], logFile: string): Promise<ProcessRecord> {
  const [file = '', ...args] = argv
  const log = openSync(logFile, 'a')
  try {
    const child = spawn(file, args, { detached: true, stdio: ['ignore', log, log], env: cleanEnvironment, cwd: '/' })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
    child.unref()
    const record = child.pid === undefined ? undefined : recordOf(child.pid)
    if (!record) throw new SkeinError('internal', `${what} ended at once${lastLines(logFile)}`)
    return record
  } catch (error) {
    throw error instanceof SkeinError ? error : new SkeinError('internal', `cannot start ${what}: ${errorText(error)}`)
  } finally {
    closeSync(log)
  }
}

/** Sends the signal if that process still runs. */
export function signalProcess(record: ProcessRecord | undefined, signal: NodeJS.Signals): void {
  if (!isRunning(record)) return
  try {
    process.kill(record.pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // ended meanwhile: as wanted
  }
}

/** Resolves once the process has ended; SIGKILL after `timeoutMs`. */
export async function endProcess(
  record: ProcessRecord | undefined,
  signal: NodeJS.Signals,
  timeoutMs: number,
): Promise<void> {
  const gone = () => (isRunning(record) ? undefined : true)
  signalProcess(record, signal)
  try {
    await until(gone, { timeoutMs, what: 'the process did not end', intervalMs: 10 })
  } catch (error) {
    if (signal === 'SIGKILL') throw error
    signalProcess(record, 'SIGKILL')
    await until(gone, { timeoutMs: 5000, what: 'the process did not end on SIGKILL', intervalMs: 10 })
  }
}

/** `; last lines of FILE: …` on one line, for errors; '' if the file is empty. */
export function lastLines(logFile: string, count = 3): string {
  let text = ''
  try {
    text = readFileSync(logFile, 'utf8').trim()
  } catch {
    return '' // never written: nothing to quote
  }
  return text === '' ? '' : `; last lines of ${logFile}: ${text.split('\n').slice(-count).join(' | ')}`
}
