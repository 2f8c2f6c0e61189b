/** Who must acknowledge, and when that is enough (R4, R9): counted over the lists that the acknowledgements carry. */
import type { Rec } from './records.ts'
import type { Setting } from './rules.ts'

/** Members over the union of lists: the settled ones at the start, listed admissions, without listed removals' targets. */
export function electorate(
  lists: readonly (readonly Rec[])[],
  seen: readonly Rec[],
  { rules, bounds }: Setting,
): Set<number> {
  const members = new Set<number>()
  for (let peer = 0; peer < bounds.settled; peer++) members.add(peer)
  for (const list of lists) {
    for (const r of list) if (r.kind === 'admit' && (rules.countsPending || isSettled(r.to, seen))) members.add(r.to)
  }
  for (const list of lists) {
    for (const r of list) if (r.kind === 'end') for (const target of r.targets) members.delete(target)
  }
  return members
}

/** The acknowledgements if they are enough for the removal, as they stand. */
export function complete(
  removal: Rec,
  acks: readonly Rec[],
  seen: readonly Rec[],
  setting: Setting,
): readonly Rec[] | undefined {
  const lists = listsOf(removal, [removal, ...acks], setting)
  const members = electorate(lists, seen, setting)
  const ackers = new Set([removal.writer, ...acks.map(ack => ack.writer)])
  for (const member of members) if (!removal.targets.includes(member) && !ackers.has(member)) return undefined
  const needsMajority = setting.rules.majority && removal.assertion < 2
  return needsMajority && !isMajority(members, ackers, [removal, ...acks], lists, setting) ? undefined : acks
}

/** True if the acknowledgements settle the newcomer: they are a strict majority, with the admission itself or without it. */
export function settles(
  admission: Rec,
  acks: readonly Rec[],
  seen: readonly Rec[],
  setting: Setting,
  withAdmission = true,
): boolean {
  return [...(withAdmission ? [[admission, ...acks]] : []), acks].some(said => {
    const lists = listsOf(admission, said, setting)
    const members = electorate(lists, seen, setting)
    members.delete(admission.to)
    return isMajority(members, new Set(said.map(({ writer }) => writer)), said, lists, setting)
  })
}

/** Of the members more have acknowledged, and were settled by then, than have not acknowledged. */
function isMajority(
  members: ReadonlySet<number>,
  ackers: ReadonlySet<number>,
  said: readonly Rec[],
  lists: readonly (readonly Rec[])[],
  { rules, bounds, book }: Setting,
): boolean {
  const settled = (list: readonly Rec[]) => list.flatMap(r => (r.kind === 'settled' ? [r.writer] : []))
  const own = said.flatMap(({ writer, list }) =>
    settled(list.map(id => book.record(id))).filter(peer => peer === writer),
  )
  const listed = new Set(rules.ownSettled ? own : settled(lists.flat()))
  const counts = (peer: number) => !rules.settledMajority || peer < bounds.settled || listed.has(peer)
  const voting = [...members].filter(peer => ackers.has(peer))
  return voting.filter(counts).length > members.size - voting.length
}

/** What these say of it carries; off: what it carries itself. */
function listsOf(about: Rec, said: readonly Rec[], { rules, book }: Setting): Rec[][] {
  const from = rules.countsListed ? said : [about]
  return from.map(r => r.list.map(id => book.record(id)))
}

export function isSettled(peer: number, seen: readonly Rec[]): boolean {
  return seen.some(r => r.kind === 'settled' && r.writer === peer)
}

/** Every choice of the acknowledgements, the whole first. */
export function* choices(acks: readonly Rec[]): Generator<Rec[]> {
  for (let mask = (1 << acks.length) - 1; mask >= 0; mask--) yield acks.filter((_, i) => mask & (1 << i))
}
