/**
 * Who counts in admissions and removals (R4, R9). Members are counted over the union of the lists that the acknowledgements
 * carry: whoever is listed counts, settled or not, but those whom a listed removal has taken out. Of those who acknowledged only whom some
 * list has as settled make the majority: else the small side of a split lets in as many as it takes to be the large one (H10,
 * decision 0003). An admission and the start of a removal are their writer's acknowledgement.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { Dot } from './vector.ts'

/** What one acknowledgement carries. */
export interface Listing {
  readonly key: PeerKey
  /** Keys of the admissions it listed; undefined while the list itself, or what it rests on, has not arrived. */
  readonly list: readonly PeerKey[] | undefined
  /** Keys that the effective removals it listed took out. */
  readonly gone?: readonly PeerKey[]
  /** Of `list`, who was not known to be settled. */
  readonly pending?: readonly PeerKey[]
}

export interface ProofAck extends Listing {
  readonly dot: Dot
}

export interface Proof {
  readonly founder: PeerKey
  readonly newcomer: PeerKey
  /** The admission, as its writer's acknowledgement. */
  readonly admitter: ProofAck
  readonly acks: readonly ProofAck[]
}

/** The members by these lists; undefined while one is missing. */
export function electorate(founder: PeerKey, listings: readonly Listing[]): Set<PeerKey> | undefined {
  const members = new Set<PeerKey>([founder])
  for (const { list } of listings) {
    if (!list) return undefined
    for (const key of list) members.add(key)
  }
  for (const { gone = [] } of listings) for (const key of gone) members.delete(key)
  return members
}

/**
 * True if of these members more are voters, and settled by some list, than are no voters. Whether one that said nothing is settled
 * can be known to nobody here: it counts as if it were.
 */
export function isMajorityOf(
  members: ReadonlySet<PeerKey>,
  voters: ReadonlySet<PeerKey>,
  founder: PeerKey,
  listings: readonly Listing[],
): boolean {
  const settled = new Set([founder])
  for (const { list = [], pending = [] } of listings)
    for (const key of list) if (!pending.includes(key)) settled.add(key)
  const voting = [...members].filter(key => voters.has(key))
  return voting.filter(key => settled.has(key)).length > members.size - voting.length
}

function admitters(proof: Proof, acks: readonly Listing[]): Set<PeerKey> | undefined {
  const members = electorate(proof.founder, acks)
  members?.delete(proof.newcomer)
  return members
}

/**
 * True if exactly these acknowledgements are a majority of those whom they list. The admission is one of them, and may be
 * left out like any other: its list may name whom a removal has made nobody's member since, who would count for ever.
 */
export function hasMajority(proof: Proof): boolean {
  const { admitter, acks, founder } = proof
  return [[admitter, ...acks], acks].some(said => {
    const members = admitters(proof, said)
    return members !== undefined && isMajorityOf(members, new Set(said.map(({ key }) => key)), founder, said)
  })
}

/**
 * Acknowledgements that are a majority; undefined if there are none. A longer list can spoil a majority that shorter
 * lists make, so beginnings of the acknowledgements by length of list are tried, of all and of those that stand; a
 * majority that only some other subset has is found when more acknowledgements arrive.
 */
export function provenMajority(proof: Proof): readonly ProofAck[] | undefined {
  const held = proof.acks.filter(ack => ack.list).sort((a, b) => (a.list?.length ?? 0) - (b.list?.length ?? 0))
  for (const some of [held, standing(held)]) {
    for (let count = 0; count <= some.length; count++) {
      const acks = some.slice(0, count)
      if (hasMajority({ ...proof, acks })) return acks
    }
  }
  return undefined
}

/**
 * Of each writer what it said last, and nothing of whom one of these lists has taken out: its list may name guests of its own,
 * who are nobody's members without it.
 */
function standing(acks: readonly ProofAck[]): ProofAck[] {
  const gone = new Set(acks.flatMap(ack => ack.gone ?? []))
  const last = new Map<PeerKey, number>()
  for (const { dot } of acks) last.set(dot.writer, Math.max(dot.counter, last.get(dot.writer) ?? 0))
  return acks.filter(({ key, dot }) => !gone.has(key) && dot.counter === last.get(dot.writer))
}

/** Listed members that have not acknowledged, ascending: whom a pending peer waits for. */
export function stillMissing(proof: Proof): PeerKey[] {
  const said = standing([proof.admitter, ...proof.acks].filter(ack => ack.list))
  const members = admitters(proof, said) ?? new Set([proof.founder])
  for (const { key } of said) members.delete(key)
  return [...members].sort()
}
