/** Child processes: never through a shell, always with a deadline. */
import { execa } from 'execa'

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

export const run: Run = async (file, args, options = {}) => {
  const result = await execa(file, [...args], {
    ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
    timeout: options.timeoutMs ?? 10_000,
    killSignal: 'SIGKILL',
    reject: false,
    stripFinalNewline: false,
    maxBuffer: 64 * 1024 * 1024,
  })
  const code = result.timedOut ? 124 : (result.exitCode ?? (result.code === 'ENOENT' ? 127 : 1))
  return { code, stdout: result.stdout ?? '', stderr: result.stderr || (code === 127 ? `${file}: not found` : '') }
}
