/**
 * What became of each removal, as a function of the records held (R9). A declaration counts if it lies within the cut of its
 * writer, should that be removed itself; a starter that was removed as down before it declared anything has cancelled.
 */
import type { PeerKey } from '../lib/keys.ts'
import { compareHlc, type Hlc } from './hlc.ts'
import type { Process, RemovalTable } from './removal-table.ts'
import { compareDots, dotText } from './vector.ts'

export type Outcome = 'undecided' | 'effective' | 'cancelled'

/** A member that is gone for good. */
export interface Gone {
  readonly heir: PeerKey
  /** Above it none of its records counts. */
  readonly cut: number
  /** It was said to be down: the heir has its addresses. Otherwise nobody has them. */
  readonly asserted: boolean
  readonly by: Process
}

export interface Outcomes {
  /** By the removal's dot. */
  readonly of: ReadonlyMap<string, Outcome>
  readonly gone: ReadonlyMap<PeerKey, Gone>
  /** Writers whose further records may change this: starters that were removed, and not all up to the cut is held. */
  readonly waitsFor: ReadonlySet<PeerKey>
}

/** @param held the last counter that is held of a writer */
export function outcomesOf(table: RemovalTable, held: (writer: PeerKey) => number): Outcomes {
  const trusted = new Set<string>()
  for (;;) {
    table.trust(new Set(trusted))
    const outcomes = outcomesBy(table, held, trusted)
    const more = [...table.processes()].filter(
      ([name, process]) => !trusted.has(name) && isTrusted(process, outcomes, table, held),
    )
    if (more.length === 0) return outcomes
    for (const [name] of more) trusted.add(name)
  }
}

/**
 * A starter that was removed as down declared it effective within its cut: it counts (f), though an acknowledgement that it cites
 * may have been lost together with who wrote it. It would be cancelled here, and effective wherever that turns up.
 */
function isTrusted(
  process: Process,
  { gone }: Outcomes,
  table: RemovalTable,
  held: (writer: PeerKey) => number,
): boolean {
  const starter = process.record.dot.writer
  const removed = gone.get(starter)
  if (!removed?.asserted || !process.end || process.end.dot.counter > removed.cut) return false
  return held(starter) >= removed.cut && table.lacksProof(process, held)
}

function outcomesBy(table: RemovalTable, held: (writer: PeerKey) => number, trusted: ReadonlySet<string>): Outcomes {
  const all = [...table.processes().values()]
  const effective = effectiveOf(all.filter(process => table.isEffective(process)))
  const gone = new Map<PeerKey, Gone>()
  for (const by of effective) {
    by.record.leaf.targets.forEach(({ key, heir }, i) => {
      const cut = by.end?.leaf.cut[i] ?? 0
      if (!gone.has(key)) gone.set(key, { heir, cut, asserted: by.assertedAt !== undefined, by })
    })
  }
  const waitsFor = new Set<PeerKey>()
  for (const { record, end } of all) {
    // what it cites may turn out to be something else
    if (!trusted.has(dotText(record.dot))) continue
    for (const { writer, counter } of end?.leaf.acks ?? []) if (counter > held(writer)) waitsFor.add(writer)
  }
  const outcome = (process: Process): Outcome => {
    if (effective.includes(process)) return 'effective'
    const starter = process.record.dot.writer
    const removed = gone.get(starter)
    const { end } = process
    if (end && !end.leaf.effective && end.dot.counter <= (removed?.cut ?? end.dot.counter)) return 'cancelled'
    if (!removed) return 'undecided'
    if (process.record.dot.counter > removed.cut) return 'cancelled'
    if (held(starter) >= removed.cut) return removed.asserted ? 'cancelled' : 'undecided'
    waitsFor.add(starter)
    return 'undecided'
  }
  return { of: new Map(all.map(process => [dotText(process.record.dot), outcome(process)])), gone, waitsFor }
}

/**
 * Those whose declaration no effective removal of its writer cuts off. Where declarations cut each other off (two hosts were
 * both said to be down, and neither was) the one that was asserted first counts.
 */
function effectiveOf(declared: readonly Process[]): Process[] {
  const left = new Set([...declared].sort(firstAsserted))
  const effective: Process[] = []
  const cutsOff = (a: Process, b: Process) => {
    const at = a.targets.indexOf(b.record.dot.writer)
    return at >= 0 && (a.end?.leaf.cut[at] ?? 0) < (b.end?.dot.counter ?? 0)
  }
  while (left.size > 0) {
    for (const process of left) if (effective.some(other => cutsOff(other, process))) left.delete(process)
    const open = [...left]
    const free = open.filter(process => !open.some(other => other !== process && cutsOff(other, process)))
    const next = free.length > 0 ? free : open.slice(0, 1)
    for (const process of next) left.delete(process)
    effective.push(...next)
  }
  return effective.sort(firstAsserted)
}

const never: Hlc = [Number.MAX_SAFE_INTEGER, 0]

/** Asserted before unasserted, then by time and key. */
export function firstAsserted(a: Process, b: Process): number {
  return (
    compareHlc(a.assertedAt ?? never, b.assertedAt ?? never) ||
    compareHlc(a.record.hlc, b.record.hlc) ||
    compareDots(a.record.dot, b.record.dot)
  )
}
