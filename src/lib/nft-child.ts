/**
 * One long-lived interactive `nft` in a namespace: a line is a transaction, and costs 0.3 ms instead of the 5 ms of a process.
 * What it lists comes on standard output, what it reports on standard error, each in order; something marks the end of each
 * line's on both. It ends with this process, and when idle (kept-session.ts).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Timer } from './clock.ts'
import { SkeinError } from './errors.ts'
import { endChild, type KeptOptions, keepSession } from './kept-session.ts'

export interface NftChild {
  /** Carries a line out, whole or not at all; resolves with nft's complaint, '' if all went well. Rejects `unavailable` if the child ended. */
  run(line: string): Promise<string>
  /**
   * What a line lists, protocols as numbers: `nft -p`, without `counts` `nft -s -p`. '' where that is not there, or nft is not. Of several
   * listings in one line nft 1.1.3 finds the last only.
   */
  list(line: string): Promise<string>
  /** Ends the child once what was given to it is done; the next line starts another. */
  close(): Promise<void>
}

export interface NftChildOptions extends KeptOptions {
  /** A named one. @default this process's */
  namespace?: string
  /** Listings have what counters count. @default false */
  counts?: boolean
  /** For a line. @default 10000 */
  limitMs?: number
}

/** What is longer is read sooner by a process of its own; characters. */
export const longestLine = 8_000
/** Who has listed more than this does not stay, characters: it keeps what it read in memory. */
const longestListing = 64_000

interface Answer {
  readonly complaint: string
  readonly listing: string
}

export function createNftChild(options: NftChildOptions): NftChild {
  const kept = keepSession(() => new NftSession(options), options)
  const carryOut = async (line: string): Promise<Answer> => {
    const answer = await kept.use(session => session.carryOut(line))
    if (answer.listing.length > longestListing) void kept.close()
    return answer
  }
  return {
    run: async line => (await carryOut(line)).complaint,
    list: async line => {
      const answer = await carryOut(line).catch(() => undefined) // as of a table that is not there: whoever loads it says why
      return answer?.complaint === '' ? answer.listing : ''
    },
    close: () => kept.close(),
  }
}

/** On standard error: no command of nft begins like it. */
const errorMark = 'skein-end'
/** On standard output: a line that no listing has, whatever the kernel holds. */
const outputMark = 'describe ip ttl'
const outputMarked = /^payload expression,[^\n]*\n/m

interface Job {
  readonly timer: Timer
  complaint?: string
  listing?: string
  resolve(answer: Answer): void
  reject(error: Error): void
}

class NftSession {
  ended = false
  readonly #options: NftChildOptions
  readonly #child: ChildProcess
  readonly #exited: Promise<void>
  readonly #jobs: Job[] = []
  #errors = ''
  #output = ''

  constructor(options: NftChildOptions) {
    this.#options = options
    const { namespace, counts = false } = options
    const inside = namespace === undefined ? [] : ['nsenter', `--net=/run/netns/${namespace}`]
    const [file = '', ...args] = [...inside, 'nft', ...(counts ? [] : ['-s']), '-p', '-i']
    this.#child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stdin?.on('error', () => undefined) // EPIPE: the child ended, which 'close' reports with its reason
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => this.#readOutput(chunk))
    this.#child.stderr?.setEncoding('utf8').on('data', (chunk: string) => this.#readErrors(chunk))
    this.#exited = new Promise(resolve => {
      this.#child.on('error', error => this.#end(error.message, resolve))
      this.#child.on('close', () => this.#end(complaint(this.#errors) || 'no message', resolve))
    })
  }

  carryOut(line: string): Promise<Answer> {
    const { clock, limitMs = 10_000 } = this.#options
    return new Promise((resolve, reject) => {
      const timer = clock.after(limitMs, () => this.#child.kill('SIGKILL'))
      this.#jobs.push({ timer, resolve, reject })
      this.#child.stdin?.write(`${line}\n${outputMark}\n${errorMark}\n`)
    })
  }

  end(): Promise<void> {
    return endChild(this.#child, this.#exited, this.#options.clock)
  }

  #readErrors(chunk: string): void {
    this.#errors += chunk
    // the complaint about the mark ends with the line that points at it
    for (let end = markIn(this.#errors); end !== undefined; end = markIn(this.#errors)) {
      const job = this.#jobs.find(each => each.complaint === undefined)
      if (job) job.complaint = complaint(this.#errors.slice(0, end.at))
      this.#errors = this.#errors.slice(end.next)
      this.#settle()
    }
  }

  #readOutput(chunk: string): void {
    this.#output += chunk
    for (let mark = outputMarked.exec(this.#output); mark; mark = outputMarked.exec(this.#output)) {
      const job = this.#jobs.find(each => each.listing === undefined)
      if (job) job.listing = this.#output.slice(0, mark.index)
      this.#output = this.#output.slice(mark.index + mark[0].length)
      this.#settle()
    }
  }

  /** Both of the first come before anything of the next. */
  #settle(): void {
    const [job] = this.#jobs
    if (job?.complaint === undefined || job.listing === undefined) return
    this.#jobs.shift()
    job.timer.cancel()
    job.resolve({ complaint: job.complaint, listing: job.listing })
  }

  #end(reason: string, exited: () => void): void {
    this.ended = true
    for (const job of this.#jobs.splice(0)) {
      job.timer.cancel()
      const where = this.#options.namespace ?? 'the host'
      job.reject(new SkeinError('unavailable', `nft in ${where} ended: ${reason}; run: ip netns list`))
    }
    exited()
  }
}

/** Where the complaint about the mark begins, and what comes after it. */
function markIn(text: string): { at: number; next: number } | undefined {
  const found = /^Error: syntax error[^\n]*\nskein-end\n[ ^~-]*\n/m.exec(text)
  return found ? { at: found.index, next: found.index + found[0].length } : undefined
}

/** nft's first line, which says what; the others show where. */
function complaint(text: string): string {
  return text.trim().split('\n')[0] ?? ''
}
