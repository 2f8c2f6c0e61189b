/**
 * What makes a removal effective (R9): every listed member but the targets has acknowledged it, and they are a majority
 * of the members before it, unless the operator asserted that whoever joined unseen through the targets is off too.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { Assertion } from './leaves.ts'
import { electorate, isMajorityOf, type Listing } from './majority.ts'

export interface RemovalProof {
  readonly founder: PeerKey
  readonly starter: Listing
  readonly targets: readonly PeerKey[]
  /** Of each target, who takes over. */
  readonly heirs: readonly PeerKey[]
  readonly assertion: Assertion
  readonly acks: readonly Listing[]
}

/** How far a removal is. */
export interface Tally {
  /** Listed members, without the targets, that have not acknowledged; ascending. */
  readonly missing: readonly PeerKey[]
  /** They and those who have are more than half of the members, or need not be. */
  readonly isMajority: boolean
}

/** The count over exactly these acknowledgements; undefined while one of their lists is missing, or if the rules forbid it. */
export function tallyOf(proof: RemovalProof): Tally | undefined {
  const { founder, starter, targets, heirs, assertion, acks } = proof
  const members = electorate(founder, [starter, ...acks])
  // who is gone already can neither start a removal, nor be removed again with another heir, nor be an heir
  if (!members || ![starter.key, ...targets, ...heirs].every(key => members.has(key))) return undefined
  const staying = [...members].filter(key => !targets.includes(key)).sort()
  const acked = new Set([starter.key, ...acks.map(ack => ack.key)])
  const isMajority = assertion === 2 || isMajorityOf(members, new Set(staying), founder, [starter, ...acks])
  return { missing: staying.filter(key => !acked.has(key)), isMajority }
}

/** True if exactly these acknowledgements make the removal. */
export function isProven(proof: RemovalProof): boolean {
  const tally = tallyOf(proof)
  return tally?.isMajority === true && tally.missing.length === 0
}
