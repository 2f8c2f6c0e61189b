/** The command line of the bench. */
import { SkeinError } from '../../src/lib/errors.ts'

export interface BenchArguments {
  /** Measurements to run, in the order in which they are known. */
  readonly names: readonly string[]
  /** File that gets the result as JSON. */
  readonly json: string | undefined
}

/** Reads `[NAME…] [--json FILE]`; without names `usual`. Throws `usage` for anything else. */
export function parseArguments(
  argv: readonly string[],
  known: readonly string[],
  usual: readonly string[] = known,
): BenchArguments {
  const usage = `npm run bench -- [${known.join('|')}]… [--json FILE]`
  const wanted = new Set<string>()
  let json: string | undefined
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string
    if (word === '--json') {
      json = argv[++at]
      if (json === undefined) throw new SkeinError('usage', `--json needs a file; say: ${usage}`)
    } else if (word.startsWith('--json=')) json = word.slice('--json='.length)
    else if (known.includes(word)) wanted.add(word)
    else throw new SkeinError('usage', `there is no measurement '${word}'; say: ${usage}`)
  }
  return { names: known.filter(name => (wanted.size === 0 ? usual.includes(name) : wanted.has(name))), json }
}
