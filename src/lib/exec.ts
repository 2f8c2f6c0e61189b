/** Child processes: never through a shell, always with a deadline. */
import { type ChildProcess, type ExecFileException, execFile } from 'node:child_process'

export interface RunOptions {
  /** Text for standard input. */
  input?: string
  /** The process is killed after this. @default 10000 */
  timeoutMs?: number
}

export interface RunResult {
  code: number
  stdout: string
  stderr: string
}

/** Runs `file` with `args`; never rejects for a non-zero exit. `code` is 124 when the deadline passed, 127 when there is no such program. */
export type Run = (file: string, args: readonly string[], options?: RunOptions) => Promise<RunResult>

const largestOutputBytes = 64 * 1024 * 1024

export const run: Run = (file, args, { input = '', timeoutMs = 10_000 } = {}) =>
  new Promise(resolve => {
    const limits = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: largestOutputBytes } as const
    const child = execFile(file, [...args], limits, (error, stdout, stderr) => {
      running.delete(child)
      const code = codeOf(error)
      resolve({ code, stdout, stderr: stderr || (code === 127 ? `${file}: not found` : '') })
    })
    running.add(child)
    // a program may end without having read all of it; its exit code says whether that was wrong
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })

function codeOf(error: ExecFileException | null): number {
  if (error === null) return 0
  if (typeof error.code === 'number') return error.code
  if (error.code === 'ENOENT') return 127
  return error.killed && error.code !== 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER' ? 124 : 1
}

const running = new Set<ChildProcess>()

// nobody would be left to keep their deadlines
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
