/** `skein lab exec`: a program on a node, with this terminal. */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { SkeinError } from '../src/lib/errors.ts'
import { enterArguments } from './node.ts'

/**
 * Runs `argv` on the node with standard input, output and terminal handed through; resolves with its exit code.
 * @param workDir on the node; by default where the caller is
 */
export async function runInside(node: string, argv: readonly string[], workDir = sameFolder()): Promise<number> {
  const child = spawn('nsenter', enterArguments(node, argv, workDir), {
    stdio: 'inherit',
  })
  // the terminal sends Ctrl-C to the program too; what it makes of that is its own affair
  const ignore = () => {}
  process.on('SIGINT', ignore)
  const pass = () => child.kill('SIGTERM')
  process.on('SIGTERM', pass)
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', error => reject(new SkeinError('internal', `cannot run nsenter: ${error.message}`)))
      // a shell reports a signal in the same way
      child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']))
    })
  } finally {
    process.off('SIGINT', ignore)
    process.off('SIGTERM', pass)
  }
}

/** Every path is the same on a host, but for /run. */
function sameFolder(): string {
  const here = process.cwd()
  return /^\/(var\/)?run(\/|$)/.test(here) ? '/' : here
}
