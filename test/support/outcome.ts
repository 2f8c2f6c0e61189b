/** What became of a job, read from what its mocha printed (reporter.cjs); the sum of all: pure. */
import { stripVTControlCharacters } from 'node:util'

export interface Outcome {
  readonly name: string
  readonly seconds: number
  readonly passed: number
  /** At least one if anything was wrong. */
  readonly failed: number
  readonly skipped: number
  /** What mocha says of the tests that failed, or why there is nothing of it; '' if all is well. */
  readonly failures: string
}

/** How a process ended. */
export interface Ending {
  readonly code: number | null
  readonly signal: string | null
}

/** The outcome of a job. One that ended without its sum, ran no test, or failed without a failed test, counts as one failure more. */
export function outcomeOf(name: string, seconds: number, output: string, { code, signal }: Ending): Outcome {
  const text = stripVTControlCharacters(output)
  const sum = [...text.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm)].at(-1)
  const [passed = 0, failed = 0, skipped = 0] = sum?.slice(1).map(digits => Number(digits ?? 0)) ?? []
  const ended = signal === null ? `code ${code}` : signal
  const fault = !sum
    ? `ended with ${ended} before its tests did`
    : passed + failed === 0
      ? 'ran no test'
      : failed === 0 && code !== 0
        ? `ended with ${ended} though no test failed`
        : undefined
  const failures = [failuresIn(text.slice(0, sum?.index)), fault === undefined ? '' : `  ${name} ${fault}\n`].join('')
  return { name, seconds, passed, failed: failed + (fault === undefined ? 0 : 1), skipped, failures }
}

/** From `N failing` on. */
function failuresIn(text: string): string {
  const start = [...text.matchAll(/^ {2}\d+ failing$/gm)].at(-1)
  return start
    ? `${text
        .slice(start.index + start[0].length)
        .trim()
        .replace(/^/, '  ')}\n`
    : ''
}

/** All failures together, the seconds of each job, and the line that programs read. */
export function report(outcomes: readonly Outcome[]): string {
  const sum = (of: 'passed' | 'failed' | 'skipped') => outcomes.reduce((total, each) => total + each[of], 0)
  const failures = outcomes.filter(each => each.failed > 0).map(each => `\n${each.name}:\n\n${each.failures}`)
  const slowest = [...outcomes].sort((a, b) => b.seconds - a.seconds)
  const times = slowest.map(each => `${each.name} ${each.seconds.toFixed(0)} s`).join(', ')
  const skipped = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : ''
  return `${failures.join('')}\n${times}\n${sum('passed')} passed, ${sum('failed')} failed${skipped}\n`
}
