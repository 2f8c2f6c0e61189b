/**
 * What one peer makes of the records that it has received: limits of writers and outcomes of removals. A function of the
 * peer and the logs' beginnings that it holds; nothing else enters.
 */
import { complete } from './majority.ts'
import type { Kind, Rec } from './records.ts'
import type { Rules, Setting } from './rules.ts'

export type Outcome = 'effective' | 'cancelled' | 'undecided'

export interface Removed {
  readonly removal: Rec
  readonly asserted: boolean
  readonly heir: number
  readonly cut: number
}

export interface View {
  readonly peer: number
  readonly logs: readonly (readonly Rec[])[]
  /** By writer: the counter above which its records have no effect here. */
  readonly limits: readonly number[]
  readonly outcomes: ReadonlyMap<Rec, Outcome>
  /** By peer: the effective removal that took it out. */
  readonly removed: ReadonlyMap<number, Removed>
  /** Those that have effect, in the order of writers. */
  readonly records: readonly Rec[]
}

const NO_LIMIT = 99

/** What takes effect also above its writer's limit, as in src/crdt/merge.ts: what removals are decided by, and acknowledgements. */
const unlimited: ReadonlySet<Kind> = new Set<Kind>(['remove', 'remove-ack', 'host-down', 'admit-ack'])
const ROUNDS = 8

/** Views whose outcomes did not come to rest: they would make two peers with equal records differ. */
export const unsteady = { count: 0 }

export function viewOf(peer: number, logs: readonly (readonly Rec[])[], setting: Setting): View {
  const { rules } = setting
  const all = logs.flat()
  let limits: number[] = logs.map(() => NO_LIMIT)
  let outcomes = new Map<Rec, Outcome>()
  let removed = new Map<number, Removed>()
  for (let round = 0; ; round++) {
    const records = all.filter(r => unlimited.has(r.kind) || r.counter <= (limits[r.writer] as number))
    const before = { limits, outcomes, removed }
    outcomes = endedIn(records, setting)
    removed = removedOf(records, outcomes, setting)
    outcomes = withoutEnd(records, logs, outcomes, removed, setting)
    limits = limitsOf(peer, records, all, outcomes, removed, rules)
    const isSteady = round > 0 && same(before, limits, outcomes)
    if (!isSteady && round < ROUNDS) continue
    if (!isSteady) unsteady.count++
    return { peer, logs, limits, outcomes, removed, records: ofMembers(records, setting) }
  }
}

/** Without admissions by those whom no admission in effect has let in, nor who is settled by these. */
function ofMembers(records: readonly Rec[], { bounds }: Setting): Rec[] {
  const admissions = records.filter(r => r.kind === 'admit')
  const inEffect = new Set<Rec>()
  const isIn = (peer: number) => peer < bounds.settled || [...inEffect].some(r => r.to === peer)
  for (let before = -1; before !== inEffect.size; ) {
    before = inEffect.size
    for (const r of admissions) if (isIn(r.writer)) inEffect.add(r)
  }
  const ids = new Set([...inEffect].map(r => r.id))
  return records.filter(r => (r.kind === 'admit' ? inEffect.has(r) : r.kind !== 'settled' || ids.has(r.of)))
}

/** What became of those that their starters have ended. */
function endedIn(records: readonly Rec[], setting: Setting): Map<Rec, Outcome> {
  const { rules } = setting
  const outcomes = new Map<Rec, Outcome>()
  for (const removal of records) {
    if (removal.kind !== 'remove') continue
    const end = records.find(r => r.kind === 'end' && r.of === removal.id)
    if (end && (rules.starterDeclares || !end.effective))
      outcomes.set(removal, end.effective ? 'effective' : 'cancelled')
    else if (!rules.starterDeclares && complete(removal, acksOf(removal, records), records, setting))
      outcomes.set(removal, 'effective')
  }
  return outcomes
}

/** And of the others, given who is removed. */
function withoutEnd(
  records: readonly Rec[],
  logs: View['logs'],
  ended: ReadonlyMap<Rec, Outcome>,
  removed: View['removed'],
  { rules }: Setting,
): Map<Rec, Outcome> {
  const outcomes = new Map<Rec, Outcome>()
  for (const removal of records) {
    if (removal.kind !== 'remove') continue
    const starter = removed.get(removal.writer)
    const isCutOff = starter !== undefined && removal.counter > starter.cut
    const gaveIn = rules.starterRemoved && starter?.asserted && holdsToCut(logs, removal.writer, starter, rules)
    outcomes.set(removal, ended.get(removal) ?? (isCutOff || gaveIn ? 'cancelled' : 'undecided'))
  }
  return outcomes
}

export function acksOf(removal: Rec, records: readonly Rec[]): Rec[] {
  return records.filter(r => r.kind === 'remove-ack' && r.of === removal.id)
}

function holdsToCut(logs: readonly (readonly Rec[])[], peer: number, removed: Removed, rules: Rules): boolean {
  return !rules.cutHeldForOutcome || (logs[peer] as readonly Rec[]).length >= removed.cut
}

function removedOf(
  records: readonly Rec[],
  outcomes: ReadonlyMap<Rec, Outcome>,
  setting: Setting,
): Map<number, Removed> {
  const removed = new Map<number, Removed>()
  for (const [removal, outcome] of outcomes) {
    if (outcome !== 'effective') continue
    const asserted = removal.assertion > 0 || records.some(r => r.kind === 'host-down' && r.of === removal.id)
    const cuts = cutsOf(removal, records, setting)
    removal.targets.forEach((target, i) => {
      const held = removed.get(target)
      const cut = Math.min(cuts[i] as number, held?.cut ?? NO_LIMIT)
      removed.set(target, held ? { ...held, cut } : { removal, asserted, heir: removal.heirs[i] as number, cut })
    })
  }
  return removed
}

function cutsOf(removal: Rec, records: readonly Rec[], setting: Setting): readonly number[] {
  if (!setting.rules.cutIsMaximum) return removal.counters
  const end = records.find(r => r.kind === 'end' && r.of === removal.id && r.effective)
  if (end) return end.counters
  return cutOver(removal, complete(removal, acksOf(removal, records), records, setting) ?? [])
}

export function cutOver(removal: Rec, acks: readonly Rec[]): number[] {
  return removal.counters.map((held, i) => Math.max(held, ...acks.map(ack => ack.counters[i] as number)))
}

/** Its starter took it back, though it may be above its cut: it never becomes effective. */
export function isLifted(removal: Rec, all: readonly Rec[]): boolean {
  return all.find(r => r.kind === 'end' && r.of === removal.id)?.effective === false
}

function limitsOf(
  peer: number,
  records: readonly Rec[],
  all: readonly Rec[],
  outcomes: ReadonlyMap<Rec, Outcome>,
  removed: ReadonlyMap<number, Removed>,
  rules: Rules,
): number[] {
  const limits: number[] = []
  const lower = (writer: number, to: number) => {
    limits[writer] = Math.min(limits[writer] ?? NO_LIMIT, to)
  }
  for (const [target, { cut }] of removed) lower(target, cut)
  if (rules.ackIsPromise) {
    for (const [removal, outcome] of outcomes) {
      if (outcome !== 'undecided' || isLifted(removal, all)) continue
      const own = all.find(
        r => r.writer === peer && (r === removal || (r.kind === 'remove-ack' && r.of === removal.id)),
      )
      if (!own) continue
      removal.targets.forEach((target, i) => {
        const others = rules.ownCounterOnly ? [] : acksOf(removal, records).map(ack => ack.counters[i] as number)
        lower(target, Math.max(own.counters[i] as number, ...others))
      })
    }
  }
  limits[peer] = NO_LIMIT
  return Array.from({ length: Math.max(limits.length, 8) }, (_, writer) => limits[writer] ?? NO_LIMIT)
}

function same(
  before: Pick<View, 'limits' | 'outcomes'>,
  limits: readonly number[],
  outcomes: ReadonlyMap<Rec, Outcome>,
) {
  if (before.outcomes.size !== outcomes.size) return false
  for (const [removal, outcome] of outcomes) if (before.outcomes.get(removal) !== outcome) return false
  return limits.every((limit, writer) => limit === before.limits[writer])
}
