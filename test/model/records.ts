/**
 * Records and logs, each interned as a number, so that a state is a few numbers and a view can be looked up by them. A
 * record holds the numbers of the records that it carries, so what it says does not depend on who holds what.
 */
export type Kind =
  | 'give' // a block, to `to`
  | 'carve' // the second address of the writer's block, to `to`
  | 'pass' // a carved address, to `to`
  | 'admit' // `to` is admitted
  | 'admit-ack'
  | 'settled'
  | 'remove'
  | 'remove-ack'
  | 'end'
  | 'host-down'

export interface Content {
  readonly kind: Kind
  readonly writer: number
  /** Position in the writer's log, from 1. */
  readonly counter: number
  readonly block: number
  readonly to: number
  /** The custody step before, or the admission or removal that this record is about; −1 for none. */
  readonly of: number
  readonly targets: readonly number[]
  readonly heirs: readonly number[]
  /** For each target the last counter held; in an end the cut. */
  readonly counters: readonly number[]
  readonly assertion: number
  readonly effective: boolean
  /** Admissions, settlements, removals and effective ends that the writer knew. */
  readonly list: readonly number[]
  /** The acknowledgements that a declaration rests on. */
  readonly cited: readonly number[]
}

export interface Rec extends Content {
  readonly id: number
}

export const blank = {
  block: 0,
  to: -1,
  of: -1,
  targets: [],
  heirs: [],
  counters: [],
  assertion: 0,
  effective: false,
  list: [],
  cited: [],
} as const

const EMPTY_LOG = 0

/** All records and logs that a search met. Log 0 is the empty one. */
export class Book {
  readonly #records: Rec[] = []
  readonly #byText = new Map<string, number>()
  readonly #logs: (readonly Rec[])[] = [[]]
  readonly #parents: number[] = [EMPTY_LOG]
  readonly #longer = new Map<string, number>()
  readonly #renamedRecords = new Map<readonly number[], number[]>()
  readonly #renamedLogs = new Map<readonly number[], number[]>()

  record(id: number): Rec {
    return this.#records[id] as Rec
  }

  intern(content: Content): number {
    const c = content
    const text = `${c.kind}|${c.writer}|${c.counter}|${c.block}|${c.to}|${c.of}|${c.targets}|${c.heirs}|${c.counters}|${c.assertion}|${c.effective}|${c.list}|${c.cited}`
    const known = this.#byText.get(text)
    if (known !== undefined) return known
    const id = this.#records.length
    this.#records.push({ ...content, id })
    this.#byText.set(text, id)
    return id
  }

  log(log: number): readonly Rec[] {
    return this.#logs[log] as readonly Rec[]
  }

  append(log: number, record: number): number {
    const text = `${log},${record}`
    const known = this.#longer.get(text)
    if (known !== undefined) return known
    const made = this.#logs.length
    this.#logs.push([...this.log(log), this.record(record)])
    this.#parents.push(log)
    this.#longer.set(text, made)
    return made
  }

  /** The first `length` records of a log, as a log. */
  prefix(log: number, length: number): number {
    let at = log
    for (let drop = this.log(log).length - length; drop > 0; drop--) at = this.#parents[at] as number
    return at
  }

  /** The same record in a mesh whose peers have other names. */
  rename(id: number, names: readonly number[]): number {
    const memo = memoOf(this.#renamedRecords, names)
    const known = memo[id]
    if (known !== undefined) return known
    const r = this.record(id)
    const peer = (p: number) => (p < 0 ? p : (names[p] as number))
    const record = (n: number) => (n < 0 ? n : this.rename(n, names))
    const order = r.targets.map((t, i) => ({ t: peer(t), i })).sort((a, b) => a.t - b.t)
    const made = this.intern({
      ...r,
      writer: peer(r.writer),
      to: peer(r.to),
      of: record(r.of),
      targets: order.map(o => o.t),
      heirs: r.heirs.length ? order.map(o => peer(r.heirs[o.i] as number)) : [],
      counters: r.counters.length ? order.map(o => r.counters[o.i] as number) : [],
      list: sorted(r.list.map(record)),
      cited: sorted(r.cited.map(record)),
    })
    memo[id] = made
    return made
  }

  renameLog(log: number, names: readonly number[]): number {
    if (log === EMPTY_LOG) return log
    const memo = memoOf(this.#renamedLogs, names)
    const known = memo[log]
    if (known !== undefined) return known
    const last = this.log(log).at(-1) as Rec
    const made = this.append(this.renameLog(this.#parents[log] as number, names), this.rename(last.id, names))
    memo[log] = made
    return made
  }
}

export function sorted(numbers: readonly number[]): number[] {
  return [...numbers].sort((a, b) => a - b)
}

function memoOf(memos: Map<readonly number[], number[]>, names: readonly number[]): number[] {
  const memo = memos.get(names) ?? []
  memos.set(names, memo)
  return memo
}
