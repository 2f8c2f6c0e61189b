/** A move in a state: within the bounds, and what a true assertion turns off. */
import type { Rec } from './records.ts'
import type { Setting } from './rules.ts'
import type { State } from './state.ts'

/** The state after `peer`, holding this much of each log, writes the record; undefined beyond the bounds. */
export function moved(
  state: State,
  peer: number,
  held: readonly number[],
  move: number,
  setting: Setting,
): State | undefined {
  const { book } = setting
  const record = book.record(move)
  if (!within(state, record, setting)) return undefined
  const logs = state.logs.map((log, writer) => (writer === peer ? book.append(log, move) : log))
  const off = state.off | turnedOff(state, record, setting)
  const own = held.map((length, writer) => (writer === peer ? length + 1 : length))
  const none = held.map(() => 0)
  const after = state.held.map((theirs, p) => (off & (1 << p) ? none : p === peer ? own : theirs))
  return { logs, held: after, off }
}

function within(state: State, record: Rec, { book, bounds }: Setting): boolean {
  const count = (is: (r: Rec) => boolean) => {
    let n = 0
    for (const log of state.logs) for (const r of book.log(log)) if (is(r)) n++
    return n
  }
  if (bounds.writers?.[record.kind]?.includes(record.writer) === false) return false
  switch (record.kind) {
    case 'give':
    case 'pass':
      return count(r => r.kind === 'give' || r.kind === 'pass') < bounds.gives
    case 'carve':
      return count(r => r.kind === 'carve') < bounds.carves
    case 'admit':
      return count(r => r.kind === 'admit' && r.to === record.to) < bounds.admissions
    case 'remove':
      return count(r => r.kind === 'remove') < bounds.removals
    case 'host-down':
      return count(r => r.kind === 'host-down') < bounds.hostDowns
    case 'end':
      return record.effective || count(r => r.kind === 'end' && !r.effective) < bounds.cancels
    default:
      return true
  }
}

function turnedOff(state: State, record: Rec, { book, bounds, rules }: Setting): number {
  const asserts = record.kind === 'host-down' || (record.kind === 'remove' && record.assertion > 0)
  if (!asserts || !rules.truthful) return 0
  let off = 0
  for (const target of record.targets) off |= 1 << target
  if (record.assertion < 2 || !rules.unseenAreOff) return off
  const seen = new Set(
    record.list
      .map(id => book.record(id))
      .filter(r => r.kind === 'admit')
      .map(r => r.to),
  )
  const admissions = state.logs.flatMap(log => book.log(log)).filter(r => r.kind === 'admit')
  for (let again = true; again; ) {
    again = false
    for (const { writer, to } of admissions) {
      if (!(off & (1 << writer)) || off & (1 << to) || to < bounds.settled || seen.has(to)) continue
      off |= 1 << to
      again = true
    }
  }
  return off
}
