/**
 * Who is settled (R4), for good: whoever has declared which acknowledgements prove its strict majority. The proof is checked over
 * exactly those, so later knowledge cannot undo it; nor can a later declaration: any valid one counts.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { Admissions } from './admissions.ts'
import { acknowledged, type ForgedClaims, type IsPlain } from './forged-claims.ts'
import type { SettledLeaf } from './leaves.ts'
import type { LeafRecord, LiveSet } from './live-set.ts'
import { hasMajority } from './majority.ts'
import { keep } from './order.ts'
import { dotText } from './vector.ts'

type Declared = LeafRecord<SettledLeaf>

export class Settlements {
  readonly #live: LiveSet
  readonly #admissions: Admissions
  readonly #declared = new Map<PeerKey, Map<string, Declared>>()

  constructor(live: LiveSet, admissions: Admissions) {
    this.#live = live
    this.#admissions = admissions
  }

  put(record: Declared): void {
    const declared = this.#declared.get(record.dot.writer) ?? new Map<string, Declared>()
    keep(declared, record)
    this.#declared.set(record.dot.writer, declared)
    this.#live.add(`settled:${dotText(record.dot)}`, record)
  }

  isSettled(key: PeerKey): boolean {
    return this.#of(key).some(declared => this.#proves(declared))
  }

  /** Hashes of the lists in what settled this peer. */
  lists(key: PeerKey): string[] {
    return this.#of(key)
      .filter(declared => this.#proves(declared))
      .flatMap(declared => {
        const { admitted, acks } = this.#cited(declared)
        return [...(admitted ? [admitted.record.leaf.known] : []), ...acks.map(ack => ack.leaf.known)]
      })
  }

  /**
   * Declarations that what they name speaks against.
   * @param isKnown true of a newcomer that is known to be settled
   */
  forged(claims: ForgedClaims, isPlain: IsPlain, isKnown: (key: PeerKey) => boolean): Declared[] {
    // of almost all there is one, and it holds
    const doubtful = [...this.#declared].flatMap(([key, all]) =>
      all.size === 1 && key !== this.#admissions.founder && isKnown(key) ? [] : [...all.values()],
    )
    const failing = doubtful.filter(declared => !this.#proves(declared))
    if (failing.length === 0) return []
    const acks = acknowledged(this.#admissions.acks())
    return failing.filter(
      declared => claims.speaksAgainst(declared, acks, isPlain) || this.#isMinority(declared, isPlain),
    )
  }

  /** All that it names is held, and is less than a majority, whatever removals do. */
  #isMinority(declared: Declared, isPlain: IsPlain): boolean {
    const { admitted, acks, isWhole } = this.#cited(declared)
    if (!admitted || !isWhole || ![admitted.record, ...acks].every(({ dot }) => isPlain(dot))) return false
    const proof = this.#admissions.proof(admitted, acks)
    const isFinal = [proof.admitter, ...proof.acks].every(({ list, gone }) => list && !gone?.length)
    return isFinal && !hasMajority(proof)
  }

  #proves(declared: Declared): boolean {
    const { admitted, acks, isWhole } = this.#cited(declared)
    return admitted !== undefined && isWhole && hasMajority(this.#admissions.proof(admitted, acks))
  }

  /** What a declaration names, as far as it counts here. */
  #cited({ dot, leaf }: Declared) {
    const admitted = this.#admissions.at(dot.writer, leaf.admission)
    const cited = new Set(leaf.acks.map(dotText))
    const acks = admitted?.acks.filter(ack => cited.has(dotText(ack.dot))) ?? []
    return { admitted, acks, isWhole: new Set(acks.map(ack => dotText(ack.dot))).size === cited.size }
  }

  #of(key: PeerKey): Declared[] {
    return [...(this.#declared.get(key)?.values() ?? [])]
  }
}
