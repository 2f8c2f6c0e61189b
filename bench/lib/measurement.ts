/** What a measurement is, and what it is given. */
import type { Row } from './statistics.ts'

export interface Measurement {
  /** As typed: `npm run bench -- NAME`. */
  readonly name: string
  /** What is measured, in one line. */
  readonly title: string
  /** Names of the two sides, for the table. */
  readonly ours: string
  readonly base: string
  /** Runs only when it is named. */
  readonly onlyByName?: boolean
  /** It is given up after this, ms, and what it made is removed. */
  readonly limitMs: number
  run(context: BenchContext): Promise<Outcome>
}

export interface BenchContext {
  /** Ctrl-C, or the time is over: stop, clean up, reject. */
  readonly signal: AbortSignal
  /** One line for whoever watches. */
  progress(line: string): void
}

export interface Outcome {
  readonly rows: readonly Row[]
  /** What a reader of the figures must know, a line each. */
  readonly notes: readonly string[]
}
