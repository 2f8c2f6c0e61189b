/**
 * A long-lived child process that reads commands: begun with the first of them, and ended when idle, since a process in a network namespace
 * keeps that alive.
 */
import type { ChildProcess } from 'node:child_process'
import type { Clock, Timer } from './clock.ts'

export interface Session {
  /** The child is gone: the next command begins another. */
  readonly ended: boolean
  /** Ends it once what was given to it is done. */
  end(): Promise<void>
}

export interface KeptSession<S extends Session> {
  use<T>(work: (session: S) => Promise<T>): Promise<T>
  /** Ends it; the next use begins another. */
  close(): Promise<void>
}

export interface KeptOptions {
  clock: Clock
  /** @default 30000 */
  idleMs?: number
}

/** For what is under way at the end of its input, ms. */
const endLimitMs = 1_000

export function keepSession<S extends Session>(
  begin: () => S,
  { clock, idleMs = 30_000 }: KeptOptions,
): KeptSession<S> {
  let session: S | undefined
  let idle: Timer | undefined
  const close = async () => {
    idle?.cancel()
    const ending = session
    session = undefined
    await ending?.end()
  }
  return {
    async use(work) {
      idle?.cancel()
      if (session === undefined || session.ended) session = begin()
      const current = session
      try {
        return await work(current)
      } finally {
        idle?.cancel()
        if (session === current) idle = clock.after(idleMs, () => void close())
      }
    },
    close,
  }
}

/** Ends the child's input and resolves once it is gone. @param exited resolves then */
export async function endChild(child: ChildProcess, exited: Promise<void>, clock: Clock): Promise<void> {
  child.stdin?.end()
  const timer = clock.after(endLimitMs, () => child.kill('SIGKILL'))
  await exited
  timer.cancel()
}
