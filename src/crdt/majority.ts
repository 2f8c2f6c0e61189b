/**
 * Who counts in admissions and removals (R4, R9). Members are counted over the union of the lists that the acknowledgements
 * carry: whoever is listed counts, settled or not, but those whom a listed removal has taken out. Of those who acknowledged only who had
 * itself as settled, in its own list, make the majority: else the small side of a split lets in as many as it takes to be the large
 * one (H10), and what somebody said before it was bound by anything counts later (decision 0003). An admission and the start of a
 * removal are their writer's acknowledgement.
 */
import type { PeerKey } from '../lib/keys.ts'
import { type Dot, dotText } from './vector.ts'

/** What one acknowledgement carries. */
export interface Listing {
  readonly key: PeerKey
  /** Keys of the admissions it listed; undefined while the list itself, or what it rests on, has not arrived. */
  readonly list: readonly PeerKey[] | undefined
  /** Keys that the effective removals it listed took out. */
  readonly gone?: readonly PeerKey[]
  /** Of `list`, who was not known to be settled. */
  readonly pending?: readonly PeerKey[]
  /** Who wrote what is listed and is not in effect here: until it is, this peer is not settled by this list. */
  readonly untold?: readonly PeerKey[]
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
 * True if of these members more are voters, and settled, than are no voters. Who has said something is settled if its own list has
 * it so; a voter that is still expected to say it, if any has. Whether one that is no voter is settled can be known to nobody here: it
 * counts as if it were.
 */
export function isMajorityOf(
  members: ReadonlySet<PeerKey>,
  voters: ReadonlySet<PeerKey>,
  founder: PeerKey,
  listings: readonly Listing[],
): boolean {
  const said = new Set(listings.map(({ key }) => key))
  const settled = new Set([founder])
  for (const { key: writer, list = [], pending = [] } of listings) {
    for (const key of list) if (!pending.includes(key) && (key === writer || !said.has(key))) settled.add(key)
  }
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
 *
 * @param withAdmission false where it has to be left out
 */
export function hasMajority(proof: Proof, withAdmission = true): boolean {
  const { admitter, acks, founder } = proof
  return [...(withAdmission ? [[admitter, ...acks]] : []), acks].some(said => {
    const members = admitters(proof, said)
    return members !== undefined && isMajorityOf(members, new Set(said.map(({ key }) => key)), founder, said)
  })
}

/**
 * Acknowledgements that are a majority, and all that they list is in effect here, as what the admission lists is; undefined if there
 * are none. A longer list can spoil a majority that shorter lists make, so beginnings of the acknowledgements by length of
 * list are tried, of all and of those that stand; a majority that only some other subset has is found when more
 * acknowledgements arrive.
 *
 * @param mayVote false for whose word is not relied on
 */
export function provenMajority(
  proof: Proof,
  mayVote: (key: PeerKey) => boolean = () => true,
): readonly ProofAck[] | undefined {
  const { admitter } = proof
  if (admitter.untold?.length) return undefined
  const held = proof.acks
    .filter(({ key, list, untold = [] }) => list && untold.length === 0 && mayVote(key))
    .sort((a, b) => (a.list?.length ?? 0) - (b.list?.length ?? 0))
  for (const some of [held, standing(held)]) {
    for (let count = 0; count <= some.length; count++) {
      const acks = ofTheirDots(proof, some.slice(0, count))
      if (hasMajority({ ...proof, acks }, mayVote(admitter.key))) return acks
    }
  }
  return undefined
}

/** A declaration names dots: of a writer with two histories both of one are what it proves (R8). */
function ofTheirDots(proof: Proof, acks: readonly ProofAck[]): ProofAck[] {
  const dots = new Set(acks.map(({ dot }) => dotText(dot)))
  return proof.acks.filter(({ dot }) => dots.has(dotText(dot)))
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

/**
 * Whom a pending peer waits for, ascending: listed members that have not acknowledged, or whose word is not relied on, and who wrote what
 * is listed and not in effect here.
 */
export function stillMissing(proof: Proof, mayVote: (key: PeerKey) => boolean = () => true): PeerKey[] {
  const said = standing([proof.admitter, ...proof.acks].filter(ack => ack.list))
  const members = admitters(proof, said) ?? new Set([proof.founder])
  for (const { key } of said) if (mayVote(key)) members.delete(key)
  for (const { untold = [] } of [proof.admitter, ...said]) for (const key of untold) members.add(key)
  members.delete(proof.newcomer)
  return [...members].sort()
}
