/** A job as a process: mocha, in a process group of its own, so that nothing which it started outlives it. */
import { spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../lab/plan.ts'
import { type Outcome, outcomeOf } from './outcome.ts'

/** Tests that one mocha runs, with a lab of their own if they need one. */
export interface Job {
  readonly name: string
  /** From the package's root on. */
  readonly files: readonly string[]
}

export interface RunningJob {
  readonly name: string
  readonly startedMs: number
  /** So far. */
  output(): string
  /** Asks mocha to take its lab down and to end. */
  interrupt(): void
  readonly ended: Promise<Outcome>
}

/**
 * Starts it. Its lab is named after its own process (lab-name.cjs), whatever lab is meant around it.
 * @param options of mocha, beside those in .mocharc.json
 */
export function runJob({ name, files }: Job, options: readonly string[] = []): RunningJob {
  const root = packageRoot()
  // not `bin/mocha.js`, which starts this in a further process and passes no SIGTERM on
  const cli = realpathSync(join(root, 'node_modules/mocha/lib/cli/cli.js'))
  const argv = [process.execPath, '--import', 'tsx', cli, ...options, ...files]
  const { SKEIN_LAB_NAME: _, ...env } = process.env
  // should this process be killed, it asks the other one to end
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', ...argv], {
    cwd: root,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const startedMs = performance.now()
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  // what it left running in its group holds the pipes open, too
  child.once('exit', () => signalGroup(child.pid, 'SIGKILL'))
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      resolve(outcomeOf(name, (performance.now() - startedMs) / 1000, output, { code, signal }))
    })
  })
  return { name, startedMs, output: () => output, interrupt: () => void child.kill('SIGTERM'), ended }
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // nobody is left in it: as wanted
  }
}
