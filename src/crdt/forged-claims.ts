/**
 * Acknowledgements of what is no admission, and settlements that nothing settles. Kept apart from what takes effect: of honest
 * members there are none, so it costs little to look.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { AckLeaf, AdmissionLeaf, SettledLeaf } from './leaves.ts'
import type { LeafRecord } from './live-set.ts'
import { keep } from './order.ts'
import { type Dot, dotText } from './vector.ts'

/**
 * True of a dot if all that was ever written there is held and takes effect: it is not on its way, not cut off by a removal,
 * its writer has no second history, and none went when the writer let go of something.
 */
export type IsPlain = (dot: Dot) => boolean

export class ForgedClaims {
  /** Newcomers of the admissions at a dot: of a forked writer there may be two. */
  readonly #admissions = new Map<string, Set<PeerKey>>()
  /** By the dot of what they acknowledge: for as long as no admission is held there. */
  readonly #unmatched = new Map<string, Map<string, LeafRecord<AckLeaf>>>()

  putAdmission({ dot, leaf }: LeafRecord<AdmissionLeaf>): void {
    const at = dotText(dot)
    this.#admissions.set(at, (this.#admissions.get(at) ?? new Set()).add(leaf.key))
    this.#unmatched.delete(at)
  }

  putAck(record: LeafRecord<AckLeaf>): void {
    const at = dotText(record.leaf.admission)
    if (this.#admissions.has(at)) return
    const all = this.#unmatched.get(at) ?? new Map<string, LeafRecord<AckLeaf>>()
    keep(all, record)
    this.#unmatched.set(at, all)
  }

  /** Acknowledgements of a record that is no admission. */
  acks(isPlain: IsPlain): LeafRecord<AckLeaf>[] {
    return [...this.#unmatched.values()].flatMap(all => [...all.values()]).filter(({ leaf }) => isPlain(leaf.admission))
  }

  /** True if what the declaration names is there, and is not what it says. `acks`: of which admission, by the acknowledgement's dot. */
  speaksAgainst(
    { dot, leaf }: LeafRecord<SettledLeaf>,
    acks: ReadonlyMap<string, readonly string[]>,
    isPlain: IsPlain,
  ): boolean {
    const admission = dotText(leaf.admission)
    if (isPlain(leaf.admission) && !this.#admissions.get(admission)?.has(dot.writer)) return true
    return leaf.acks.some(ack => isPlain(ack) && !acks.get(dotText(ack))?.includes(admission))
  }
}

/** Of which admissions there are acknowledgements at a dot. */
export function acknowledged(acks: Iterable<LeafRecord<AckLeaf>>): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { dot, leaf } of acks) {
    const at = dotText(dot)
    found.set(at, [...(found.get(at) ?? []), dotText(leaf.admission)])
  }
  return found
}
