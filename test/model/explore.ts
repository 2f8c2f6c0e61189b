/**
 * Breadth-first search over a model's states, so that the first violation has the shortest history. States met are kept as
 * 64-bit hashes (two unequal states could be taken for one: at 10 million states the chance is about 1 in 400,000), each with
 * the one it was reached from; the frontier holds the states themselves, as strings.
 */
import { Visited } from './visited.ts'

/** `S` is a state with readable names; `key` is its name up to symmetry. */
export interface Model<S> {
  readonly initial: S
  key(state: S): string
  fromKey(key: string): S
  /** Two states whose keys begin alike, this far, may cover each other. */
  readonly groupLength: number
  /** True if all that may follow from `b` may follow from `a`; both of one group. */
  covers(a: string, b: string): boolean
  /** Calls `next` for each successor; returns what is broken in the state itself, if anything. */
  expand(state: S, next: (successor: S) => void): string | undefined
  /** The step from one state to the next, for readers. */
  describe(from: S, to: S): string
  /** No successors from this depth on. */
  readonly depth: number
}

interface Waiting {
  readonly key: string
  readonly index: number
}

export interface Limits {
  readonly states?: number
  readonly seconds?: number
  readonly progress?: (line: string) => void
}

export interface Result {
  /** States judged: those that no other covers, up to symmetry. */
  readonly states: number
  readonly seconds: number
  /** All states up to this depth were judged. */
  readonly depth: number
  readonly exhausted: boolean
  readonly violation?: { readonly what: string; readonly history: readonly string[] }
}

export function explore<S>(model: Model<S>, limits: Limits = {}): Result {
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  const visited = new Visited()
  const firstKey = model.key(model.initial)
  visited.add(firstKey, -1)
  let frontier: Waiting[] = [{ key: firstKey, index: 0 }]
  let judged = 0
  for (let depth = 0; ; depth++) {
    const next = new Map<string, Waiting[]>()
    let count = 0
    for (const { key, index } of frontier) {
      judged++
      if (++count % 4096 === 0) {
        limits.progress?.(
          `depth ${depth}: ${count} of ${frontier.length}, ${judged} judged, ${visited.size} met, ${seconds().toFixed(0)} s`,
        )
        if (seconds() > (limits.seconds ?? Infinity) || visited.size > (limits.states ?? Infinity))
          return { states: judged, seconds: seconds(), depth: depth - 1, exhausted: false }
      }
      const what = model.expand(model.fromKey(key), successor => {
        if (depth >= model.depth) return
        const successorKey = model.key(successor)
        const group = successorKey.slice(0, model.groupLength)
        const waiting = next.get(group)
        if (waiting?.some(other => model.covers(other.key, successorKey))) return
        const made = visited.add(successorKey, index)
        if (made < 0) return
        const kept = waiting?.filter(other => !model.covers(successorKey, other.key)) ?? []
        kept.push({ key: successorKey, index: made })
        next.set(group, kept)
      })
      if (what === undefined) continue
      const history = replay(model, visited.pathTo(index))
      return { states: judged, seconds: seconds(), depth, exhausted: false, violation: { what, history } }
    }
    if (next.size === 0) return { states: judged, seconds: seconds(), depth, exhausted: true }
    frontier = [...next.values()].flat()
  }
}

/** The path again from the initial state, whose names stay as they are while keys rename peers. */
function replay<S>(model: Model<S>, path: readonly string[]): string[] {
  const lines: string[] = []
  let state = model.initial
  for (const hash of path.slice(1)) {
    let found: S | undefined
    model.expand(state, successor => {
      if (found === undefined && Visited.hash(model.key(successor)) === hash) found = successor
    })
    if (found === undefined)
      throw new Error('a state on the path has no such successor: the symmetry of the model is wrong')
    lines.push(model.describe(state, found))
    state = found
  }
  return lines
}
