/** A terminal as a reader has it: a shell on a pseudo-terminal, typed into, its screen read as text. */
import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { patience } from '../../../lab/wait.ts'

export interface Terminal {
  /** Types a line and Enter. */
  type(line: string): void
  /** Ctrl-C. */
  interrupt(): void
  /** What the screen got since the last `take`, once `ready` says that it is whole; rejects with it after `timeoutMs`. */
  until(ready: (screen: string) => boolean, timeoutMs: number): Promise<string>
  /** Forgets what the screen got so far. */
  take(): string
  /** Ends the shell and all that it started. */
  close(): Promise<void>
}

/** Wide enough that no line of a tutorial is wrapped. */
const columns = 400

const pollMs = 20 * patience

/** Starts `argv` on a pseudo-terminal of its own. It ends with this process. */
export function openTerminal(argv: readonly string[]): Terminal {
  const command = argv.map(word => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
  const options = ['--quiet', '--flush', '--return', '--echo', 'never', '--command']
  const child = spawn('script', [...options, `stty cols ${columns} rows 50; exec ${command}`, '/dev/null'], {
    // it says there that it was ended
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, TERM: 'dumb' },
  })
  let screen = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    screen += chunk
  })
  // typed at a shell that has ended: whoever waits for its answer fails and says what was on the screen
  child.stdin.on('error', () => {})
  const text = () => stripVTControlCharacters(screen).replaceAll('\r', '')
  return {
    type: line => void child.stdin.write(`${line}\n`),
    interrupt: () => void child.stdin.write('\x03'),
    async until(ready, timeoutMs) {
      const deadline = performance.now() + timeoutMs
      while (!ready(text())) {
        if (child.exitCode !== null) throw new Error(`the shell has ended; its screen: ${text()}`)
        if (performance.now() > deadline)
          throw new Error(`no prompt after ${timeoutMs / 1000} s; the screen: ${text()}`)
        await delay(pollMs)
      }
      return text()
    },
    take() {
      const taken = text()
      screen = ''
      return taken
    },
    close: () => close(child),
  }
}

/** Ctrl-C and Ctrl-D end a shell that stands at its prompt; any other is ended by force. */
async function close(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.stdin?.end('\x03\x04')
  const timers = [setTimeout(() => child.kill('SIGTERM'), 500), setTimeout(() => child.kill('SIGKILL'), 5000)]
  await ended
  timers.forEach(clearTimeout)
}
