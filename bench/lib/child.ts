/** A Node process of the bench, running one of its files. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { enterArguments } from '../../lab/node.ts'
import { packageRoot } from '../../lab/plan.ts'
import { SkeinError } from '../../src/lib/errors.ts'

export interface ChildOptions {
  /** A host of the lab whose namespaces it runs in. @default none, this machine */
  readonly host?: string
}

/** Starts `file` of this folder; its errors go to ours. */
export function startChild(file: URL, args: readonly string[], { host }: ChildOptions = {}): ChildProcess {
  const argv = [process.execPath, '--import', 'tsx', fileURLToPath(file), ...args]
  const [program = '', ...rest] = host === undefined ? argv : ['nsenter', ...enterArguments(host, argv, packageRoot())]
  return spawn(program, rest, { stdio: ['ignore', 'ignore', 'inherit'], cwd: packageRoot() })
}

/** Ends it and resolves when it has ended. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

/** Resolves when it has ended by itself with 0; rejects for anything else, and when `signal` is aborted. */
export function finished(child: ChildProcess, what: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    child.once('error', error => reject(new SkeinError('internal', `${what} did not start: ${error.message}`)))
    child.once('exit', code => {
      signal.removeEventListener('abort', stop)
      if (code === 0) resolve()
      else reject(new SkeinError('internal', `${what} ended with code ${code}`))
    })
  })
}
