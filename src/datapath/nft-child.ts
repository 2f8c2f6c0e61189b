/**
 * One long-lived interactive `nft` in a namespace: a line is a transaction, and costs 0.3 ms instead of the 5 ms of a process.
 * What it reports comes on standard error, in order; a deliberately wrong line marks the end of each there. It starts with
 * the first line, ends when idle (a process in a namespace keeps it alive), and ends with this process.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Clock, Timer } from '../lib/clock.ts'
import { SkeinError } from '../lib/errors.ts'

export interface NftChild {
  /** Carries a line out, whole or not at all; resolves with nft's complaint, '' if all went well. Rejects `unavailable` if the child ended. */
  run(line: string): Promise<string>
  /** Ends the child once what was given to it is done; the next line starts another. */
  close(): Promise<void>
}

export interface NftChildOptions {
  /** A named one. @default this process's */
  namespace?: string
  clock: Clock
  /** @default 30000 */
  idleMs?: number
  /** For a line. @default 10000 */
  limitMs?: number
}

/** What is longer is read sooner by a process of its own; characters. */
export const longestLine = 8_000
/** No command of nft begins like it. */
const endMark = 'skein-end'

interface Job {
  readonly timer: Timer
  resolve(text: string): void
  reject(error: Error): void
}

interface Session {
  readonly child: ChildProcess
  readonly jobs: Job[]
  readonly exited: Promise<void>
  ended: boolean
}

export function createNftChild({ namespace, clock, idleMs = 30_000, limitMs = 10_000 }: NftChildOptions): NftChild {
  let session: Session | undefined
  let idle: Timer | undefined
  const close = async () => {
    idle?.cancel()
    const ending = session
    session = undefined
    ending?.child.stdin?.end()
    const timer = clock.after(1_000, () => ending?.child.kill('SIGKILL'))
    await ending?.exited
    timer.cancel()
  }
  return {
    async run(line) {
      idle?.cancel()
      if (session === undefined || session.ended) session = start(namespace)
      const current = session
      try {
        return await new Promise<string>((resolve, reject) => {
          const timer = clock.after(limitMs, () => current.child.kill('SIGKILL'))
          current.jobs.push({ timer, resolve, reject })
          current.child.stdin?.write(`${line}\n${endMark}\n`)
        })
      } finally {
        idle?.cancel()
        if (session === current) idle = clock.after(idleMs, () => void close())
      }
    },
    close,
  }
}

function start(namespace: string | undefined): Session {
  const inside = namespace === undefined ? [] : ['nsenter', `--net=/run/netns/${namespace}`]
  const [file = '', ...args] = [...inside, 'nft', '-i']
  const child = spawn(file, args, { stdio: ['pipe', 'ignore', 'pipe'] })
  const jobs: Job[] = []
  let text = ''
  child.stdin?.on('error', () => undefined) // EPIPE: the child ended, which 'close' reports with its reason
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    // the complaint about the mark ends with the line that points at it
    for (let end = endOf(text); end !== undefined; end = endOf(text)) {
      const job = jobs.shift()
      job?.timer.cancel()
      job?.resolve(complaint(text.slice(0, end.at)))
      text = text.slice(end.next)
    }
  })
  const exited = new Promise<void>(resolve => {
    const ended = (reason: string) => {
      session.ended = true
      for (const job of jobs.splice(0)) {
        job.timer.cancel()
        job.reject(
          new SkeinError('unavailable', `nft in ${namespace ?? 'the host'} ended: ${reason}; run: ip netns list`),
        )
      }
      resolve()
    }
    child.on('error', error => ended(error.message))
    child.on('close', () => ended(complaint(text) || 'no message'))
  })
  const session: Session = { child, jobs, exited, ended: false }
  return session
}

/** Where the complaint about the mark begins, and what comes after it. */
function endOf(text: string): { at: number; next: number } | undefined {
  const found = /^Error: syntax error[^\n]*\nskein-end\n[ ^~-]*\n/m.exec(text)
  return found ? { at: found.index, next: found.index + found[0].length } : undefined
}

/** nft's first line, which says what; the others show where. */
function complaint(text: string): string {
  return text.trim().split('\n')[0] ?? ''
}
