/**
 * Who was let in (R4): the admissions by members, each proven by an invitation of its writer's or by the newcomer's former key, and
 * the acknowledgements of each. Whether these are a majority is for the newcomer to declare (settlements.ts).
 */
import type { PeerKey } from '../lib/keys.ts'
import { AdmissionProofs } from './admission-proofs.ts'
import type { Verify } from './batch.ts'
import { Invitations, type Uses } from './invitations.ts'
import type { AckLeaf, AdmissionLeaf } from './leaves.ts'
import { compareRecords, type LeafRecord, type LiveSet, recordName } from './live-set.ts'
import type { Listing, Proof } from './majority.ts'
import { keep } from './order.ts'
import { compareDots, type Dot, dotText } from './vector.ts'

/** An admission in effect. */
export interface Admitted {
  record: LeafRecord<AdmissionLeaf>
  acks: LeafRecord<AckLeaf>[]
}

export class Admissions {
  readonly invitations: Invitations
  /** Without it nobody is in. */
  founder: PeerKey | undefined
  readonly #live: LiveSet
  readonly #listing: (key: PeerKey, hash: string) => Listing
  readonly #proofs: AdmissionProofs
  readonly #records = new Map<string, LeafRecord<AdmissionLeaf>>()
  readonly #acks = new Map<string, LeafRecord<AckLeaf>>()
  /** Some admission is signed by a former key. */
  #hasSuccessions = false
  #admitted: readonly Admitted[] | undefined
  #keys: ReadonlySet<PeerKey> = new Set()

  /** @param listing what a list says, by its hash */
  constructor(meshId: string, verify: Verify, live: LiveSet, listing: (key: PeerKey, hash: string) => Listing) {
    this.#live = live
    this.#listing = listing
    this.#proofs = new AdmissionProofs(meshId, verify)
    this.invitations = new Invitations(live)
  }

  put(record: LeafRecord<AdmissionLeaf>): void {
    keep(this.#records, record)
    this.#hasSuccessions ||= this.isSuccession(record)
    this.#live.add(`admission:${dotText(record.dot)}`, record)
  }

  putAck(record: LeafRecord<AckLeaf>): void {
    keep(this.#acks, record)
    this.#live.add(`ack:${dotText(record.dot)}`, record)
  }

  /** The founder, invitations, lists, or the removals that they rest on, changed, or a record came. */
  forget(): void {
    this.#admitted = undefined
  }

  /** Valid admissions, ascending by dot; of a forked writer there may be two at one. */
  admitted(): readonly Admitted[] {
    if (this.#admitted) return this.#admitted
    const found = new Map<string, Admitted>()
    const keys = new Set<PeerKey>(this.founder === undefined ? [] : [this.founder])
    const uses: Uses = new Map()
    const waiting = [...this.#records.values()].sort(compareRecords)
    // an admitter may itself have been admitted by a record that sorts later: repeat until nothing is added
    for (let before = -1; before !== found.size; ) {
      before = found.size
      for (const record of waiting) {
        if (found.has(recordName(record)) || !keys.has(record.dot.writer) || !this.#mayEnter(record, keys, uses))
          continue
        found.set(recordName(record), { record, acks: [] })
        keys.add(record.leaf.key)
      }
    }
    this.#keys = keys
    this.#admitted = [...found.values()].sort((a, b) => compareRecords(a.record, b.record))
    this.#acknowledge(this.#admitted, keys)
    return this.#admitted
  }

  /** True for the founder, and for whom an admission in effect lets in. */
  isIn(key: PeerKey): boolean {
    this.admitted()
    return this.#keys.has(key)
  }

  /** The one in effect at a dot; of a forked writer's two that of this newcomer. */
  at(newcomer: PeerKey | undefined, dot: Dot): Admitted | undefined {
    const found = admittedAt(this.admitted(), dot)
    return found.find(({ record }) => newcomer === undefined || record.leaf.key === newcomer)
  }

  /** What these acknowledgements of it carry. */
  proof({ record }: Admitted, acks: readonly LeafRecord<AckLeaf>[]): Proof {
    const said = ({ dot, leaf }: LeafRecord<AdmissionLeaf | AckLeaf>) => ({
      dot,
      ...this.#listing(dot.writer, leaf.known),
    })
    return { founder: this.founder ?? '', newcomer: record.leaf.key, admitter: said(record), acks: acks.map(said) }
  }

  /** The newcomer's former key has signed it in. */
  isSuccession(record: LeafRecord<AdmissionLeaf>): boolean {
    return this.#proofs.signerOf(record) === 'former key'
  }

  /** Those in effect that a former key has signed. */
  successions(): LeafRecord<AdmissionLeaf>[] {
    if (!this.#hasSuccessions) return []
    return this.admitted().flatMap(({ record }) => (this.isSuccession(record) ? [record] : []))
  }

  /** Admissions of whom nobody invited, or not their writer. */
  uninvited(): LeafRecord<AdmissionLeaf>[] {
    return [...this.#records.values()].filter(record => {
      const proof = this.#proofs.signerOf(record)
      return proof === 'nobody' || (proof === 'invitation' && !this.invitations.covers(record))
    })
  }

  /** Whether what they acknowledge is in effect or not. */
  acks(): Iterable<LeafRecord<AckLeaf>> {
    return this.#acks.values()
  }

  /** Gives each acknowledgement to what it acknowledges: of two admissions at one dot to the one that its list names. */
  #acknowledge(admitted: readonly Admitted[], members: ReadonlySet<PeerKey>): void {
    for (const ack of [...this.#acks.values()].sort(compareRecords)) {
      const twins = admittedAt(admitted, ack.leaf.admission)
      if (!members.has(ack.dot.writer)) continue
      const listed = this.#listing(ack.dot.writer, ack.leaf.known).list
      for (const item of twins) if (twins.length === 1 || listed?.includes(item.record.leaf.key)) item.acks.push(ack)
    }
  }

  #mayEnter(record: LeafRecord<AdmissionLeaf>, keys: ReadonlySet<PeerKey>, uses: Uses): boolean {
    const { invitation, key } = record.leaf
    if (this.isSuccession(record)) return invitation !== key && keys.has(invitation)
    return this.#proofs.signerOf(record) === 'invitation' && this.invitations.use(record, uses)
  }
}

/** Those of the dot: all stand in the order of their dots. */
function admittedAt(all: readonly Admitted[], dot: Dot): readonly Admitted[] {
  const dotAt = (at: number) => (all[at] as Admitted).record.dot
  let [first, end] = [0, all.length]
  while (first < end) {
    const middle = (first + end) >> 1
    if (compareDots(dotAt(middle), dot) < 0) first = middle + 1
    else end = middle
  }
  while (end < all.length && compareDots(dotAt(end), dot) === 0) end++
  return all.slice(first, end)
}
