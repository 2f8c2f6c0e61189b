/**
 * Sees a namespace's forwarding and neighbour entries the moment the kernel has them: one `ip monitor` per namespace,
 * which the kernel tells. It prints an FDB entry of a VXLAN device as `VTEP dev … lladdr MAC`, an entry that answers ARP
 * as `ADDRESS dev … lladdr MAC`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { enterArguments } from '../../lab/node.ts'
import { SkeinError } from '../../src/lib/errors.ts'

export interface Entry {
  readonly gone: boolean
  /** Of the VTEP for an FDB entry, of the container for one that answers ARP. */
  readonly address: string
  readonly mac: string
}

/** A line of `ip monitor neigh`; undefined if it shows neither of the two. */
export function parseEntry(line: string): Entry | undefined {
  const match = /^(Deleted )?(\d+\.\d+\.\d+\.\d+) dev \S+ (?:.*\s)?lladdr ((?:[0-9a-f]{2}:){5}[0-9a-f]{2})\b/.exec(line)
  return match ? { gone: match[1] !== undefined, address: match[2] ?? '', mac: match[3] ?? '' } : undefined
}

export interface Attached {
  readonly ip: string
  readonly mac: string
  /** Underlay address of the host that the container is on. */
  readonly vtep: string
}

export interface NeighbourWatch {
  /** Forgets what was seen so far. */
  clear(): void
  /** When the later of the two entries that lead to this container came, on the clock of `performance.now`. */
  programmed(attached: Attached, signal: AbortSignal): Promise<number>
  /** When the FDB entry went. */
  removed(attached: Attached, signal: AbortSignal): Promise<number>
  stop(): void
}

type Seen = Entry & { readonly atMs: number }

/** An attach is given up after this, ms: Swarm's own sweep, which repairs what its gossip lost, runs every 30 s. */
const limitMs = 40_000

/** Watches the namespace that is bound to `path` on a host of the lab. */
export function watchNeighbours(host: string, path: string): NeighbourWatch {
  const argv = ['nsenter', `--net=${path}`, 'ip', 'monitor', 'neigh']
  const child = spawn('nsenter', enterArguments(host, argv), { stdio: ['ignore', 'pipe', 'pipe'] })
  const seen: Seen[] = []
  const news = new EventTarget()
  createInterface({ input: child.stdout }).on('line', line => {
    const entry = parseEntry(line)
    if (!entry) return
    seen.push({ ...entry, atMs: performance.now() })
    news.dispatchEvent(new Event('entry'))
  })
  const failure = failureOf(child, `the watch of ${path} on ${host}`)
  const wait = (what: string, find: () => number | undefined, signal: AbortSignal) => {
    const late = new SkeinError('timeout', `${host}: ${what} within ${limitMs / 1000} s`)
    return Promise.race([nextTime(news, find, signal, late), failure])
  }
  return {
    clear: () => void seen.splice(0),
    programmed: (attached, signal) =>
      wait(`${attached.mac} was not programmed`, () => programmedAt(seen, attached), signal),
    removed: (attached, signal) =>
      wait(`${attached.mac} was not removed`, () => firstOf(seen, attached.mac, attached.vtep, true), signal),
    stop: () => void child.kill('SIGTERM'),
  }
}

/** Resolves with what `find` gives, now or after some news; rejects with `late`, or why `signal` was aborted. */
function nextTime(
  news: EventTarget,
  find: () => number | undefined,
  signal: AbortSignal,
  late: SkeinError,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const done = new AbortController()
    const end = (settle: () => void) => {
      done.abort()
      clearTimeout(timer)
      settle()
    }
    const look = () => {
      const found = find()
      if (found !== undefined) end(() => resolve(found))
    }
    const timer = setTimeout(() => end(() => reject(late)), limitMs)
    news.addEventListener('entry', look, { signal: done.signal })
    signal.addEventListener('abort', () => end(() => reject(signal.reason)), { signal: done.signal })
    if (signal.aborted) end(() => reject(signal.reason))
    else look()
  })
}

function programmedAt(seen: readonly Seen[], { ip, mac, vtep }: Attached): number | undefined {
  const forwards = firstOf(seen, mac, vtep, false)
  const answers = firstOf(seen, mac, ip, false)
  return forwards === undefined || answers === undefined ? undefined : Math.max(forwards, answers)
}

/** The first such entry that was seen. */
function firstOf(seen: readonly Seen[], mac: string, address: string, gone: boolean): number | undefined {
  return seen.find(entry => entry.mac === mac && entry.address === address && entry.gone === gone)?.atMs
}

/** Rejects when the child ends; never resolves. */
function failureOf(child: ChildProcess, what: string): Promise<never> {
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const failure = new Promise<never>((_resolve, reject) => {
    child.once('error', error => reject(new SkeinError('internal', `${what} did not start: ${error.message}`)))
    child.once('close', () => reject(new SkeinError('internal', `${what} ended: ${text.trim() || 'no message'}`)))
  })
  failure.catch(() => undefined) // ended after the last wait: as `stop` wants it
  return failure
}
