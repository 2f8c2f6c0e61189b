/** Invitations, and whom they let in: each belongs to the member that made it. */
import type { PeerKey } from '../lib/keys.ts'
import type { AdmissionLeaf, InvitationLeaf } from './leaves.ts'
import { compareRecords, type LeafRecord, type LiveSet } from './live-set.ts'

/** Invitation -> newcomers that it has let in. */
export type Uses = Map<string, Set<PeerKey>>

export class Invitations {
  readonly #live: LiveSet
  readonly #records = new Map<string, LeafRecord<InvitationLeaf>>()

  constructor(live: LiveSet) {
    this.#live = live
  }

  /** Of several records of one invitation the first counts. Says if this does. */
  put(record: LeafRecord<InvitationLeaf>): boolean {
    const slot = slotOf(record.dot.writer, record.leaf.invitation)
    const held = this.#records.get(slot)
    if (held && compareRecords(held, record) <= 0) return false
    this.#records.set(slot, record)
    this.#live.set(slot, record)
    return true
  }

  of(issuer: PeerKey): LeafRecord<InvitationLeaf>[] {
    return [...this.#records.values()].filter(record => record.dot.writer === issuer)
  }

  /** The admitter had made the invitation before. */
  covers({ leaf, dot }: LeafRecord<AdmissionLeaf>): boolean {
    const invitation = this.#records.get(slotOf(dot.writer, leaf.invitation))
    return invitation !== undefined && invitation.dot.counter <= dot.counter
  }

  /** Uses the invitation, unless it is not the admitter's or is used up by earlier admissions. */
  use(record: LeafRecord<AdmissionLeaf>, uses: Uses): boolean {
    const { leaf, dot } = record
    const slot = slotOf(dot.writer, leaf.invitation)
    const allowed = this.#records.get(slot)?.leaf.uses ?? 0
    const used = uses.get(slot) ?? new Set()
    if (!this.covers(record) || (!used.has(leaf.key) && used.size >= allowed)) return false
    uses.set(slot, used.add(leaf.key))
    return true
  }
}

function slotOf(issuer: PeerKey, invitation: PeerKey): string {
  return `invitation:${issuer}:${invitation}`
}
