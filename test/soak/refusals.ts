/** What Docker refused during the soak: the text and the time of each, and whether these are as they may be. */

export interface Refusal {
  readonly host: string
  readonly deed: 'run' | 'rm'
  /** What `docker` said, in one line. */
  readonly text: string
  /** Since the command began. */
  readonly ms: number
  /** The host was in trouble meanwhile (troubles.ts). */
  readonly inTrouble: boolean
}

/** No command of Docker takes longer, whatever is broken: then it hangs, ms. */
export const hangMs = 60_000
/**
 * Where nothing is broken, ms. Each of Docker's calls to us is answered within 8 s (Join 20 s, but nothing there waits for others), and one that is
 * refused ends the command, but for what Docker undoes.
 */
const promptMs = 10_000

/** Causes that a host may have at any time. */
const always: readonly RegExp[] = [/no free address for \S+ on host\d+: (every address is in use|host\d+ holds \d+ \()/]

/** Causes that only a host in trouble has. */
const inTrouble: readonly RegExp[] = [
  /Cannot connect to the Docker daemon/,
  /error during connect|unexpected EOF/,
  /dial unix \S+mesh\.sock: connect: (connection refused|no such file or directory)/,
  /skeind is (still starting|stopping)/,
  /skeind was starting when Docker called/,
]

/** A refusal as one line: where it came from and what differs from one to the next are left out, so that they can be counted. */
export function kindOf(text: string): string {
  return text
    .replace(/\b[0-9a-f]{12,64}\b/g, 'ID')
    .replace(/soak-host\d+-\w+-\d+/g, 'CONTAINER')
    .replace(/\bhost\d+\b/g, 'HOST')
    .replace(/\d+(\.\d+)*/g, 'N')
    .slice(0, 240)
}

/** What `docker` printed, without what it prints after each error, in one line that is no longer than people read. */
export function shorten(stderr: string): string {
  const lines = stderr.split('\n').filter(line => line.trim() !== '' && !/^See 'docker run --help'/.test(line))
  return lines.join(' | ').slice(0, 400)
}

/** What is wrong with it; undefined if nothing is. */
export function flawOf(refusal: Refusal): string | undefined {
  const { host, deed, text, ms } = refusal
  const what = `docker ${deed} on ${host} after ${(ms / 1000).toFixed(1)} s: ${text || 'no text'}`
  if (ms >= hangMs) return `hung: ${what}`
  if (!refusal.inTrouble && ms > promptMs) return `slow, and nothing of that host was broken: ${what}`
  if (always.some(cause => cause.test(text))) return undefined
  if (!inTrouble.some(cause => cause.test(text))) return `names no cause that is known: ${what}`
  return refusal.inTrouble ? undefined : `names what was not broken: ${what}`
}

/** One line for each kind of text: how often, how long at most where nothing was broken, and in trouble. */
export function summaryOf(refusals: readonly Refusal[]): string[] {
  const kinds = new Map<string, Refusal[]>()
  for (const refusal of refusals) {
    const kind = `docker ${refusal.deed}: ${kindOf(refusal.text)}`
    kinds.set(kind, [...(kinds.get(kind) ?? []), refusal])
  }
  const slowest = (of: readonly Refusal[]) =>
    of.length === 0 ? '0' : `${of.length} (slowest ${(Math.max(...of.map(({ ms }) => ms)) / 1000).toFixed(1)} s)`
  return [...kinds]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([kind, of]) => {
      const [broken, whole] = [of.filter(each => each.inTrouble), of.filter(each => !each.inTrouble)]
      return `${of.length}, with nothing broken ${slowest(whole)}, in trouble ${slowest(broken)}: ${kind}`
    })
}
