/** Does a command print what the document shows? */
import { withoutBlankEnd } from './document.ts'
import { type Bindings, type Pair, piecesOf } from './values.ts'

/** In the document: any lines, also none. */
const anyLines = /^\s*(\.\.\.|\. \. \.)$/

export interface Mismatch {
  /** The line of the document that nothing fits, or '(end of output)'. */
  readonly expected: string
  /** What the command printed in its place, or '(end of output)'. */
  readonly actual: string
}

export interface MatchOptions {
  /** Blanks count, as in what `netctl` prints; otherwise any number of them is one: the width of Docker's columns varies. */
  exact: boolean
}

/** The first difference; undefined if there is none. Then `bindings` has learnt what stands for what. */
export function findMismatch(
  expected: readonly string[],
  actual: readonly string[],
  bindings: Bindings,
  options: MatchOptions,
): Mismatch | undefined {
  const [wanted, got] = [inOneOrder(withoutBlankEnd(expected)), inOneOrder(withoutBlankEnd(actual))]
  let at = 0
  let skipping = false
  for (const line of wanted) {
    if (anyLines.test(line)) {
      skipping = true
      continue
    }
    const fits = (index: number) => sameLine(line, got[index] ?? '', bindings, options)
    const first = at
    while (skipping && at < got.length && !fits(at)) at++
    if (at >= got.length || !(skipping || fits(at))) {
      return { expected: line, actual: got[first] ?? '(end of output)' }
    }
    at++
    skipping = false
  }
  return skipping || at === got.length ? undefined : { expected: '(end of output)', actual: got[at] ?? '' }
}

function sameLine(expected: string, actual: string, bindings: Bindings, { exact }: MatchOptions): boolean {
  const plain = (line: string) => (exact ? line : line.replaceAll(/\s+/g, ' ').trimEnd())
  const wanted = piecesOf(plain(expected))
  const same = ({ expected, actual }: Pair) =>
    expected.kind === actual.kind && (expected.kind || expected.text === actual.text)
  return [false, true].some(anyId => {
    const got = piecesOf(plain(actual), { anyId })
    if (wanted.length !== got.length) return false
    const pairs = wanted.map((piece, index) => ({ expected: piece, actual: got[index] ?? { kind: '', text: '' } }))
    return pairs.every(same) && bindings.bind(pairs.filter(pair => pair.expected.kind !== ''))
  })
}

/** Docker sorts what it shows by id, which is random: in JSON the values under ids get an order that is not. */
function inOneOrder(lines: string[]): string[] {
  if (!/^[[{]$/.test(lines[0] ?? '')) return lines
  let value: unknown
  try {
    value = JSON.parse(lines.join('\n'))
  } catch {
    return lines // with lines left out
  }
  return JSON.stringify(sorted(value), null, 4).split('\n')
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => [key, sorted(inner)])
  const byId = entries.length > 0 && entries.every(([key]) => /^[0-9a-f]{64}$/.test(key))
  return Object.fromEntries(byId ? entries.sort(([, a], [, b]) => (nameIn(a) < nameIn(b) ? -1 : 1)) : entries)
}

function nameIn(value: unknown): string {
  return value !== null && typeof value === 'object' && 'Name' in value ? String(value.Name) : ''
}
