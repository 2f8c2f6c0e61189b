/**
 * Who is a member, and who is settled (R4). Founder: named by the mesh id. Admitted: listed in a valid admission. Settled,
 * for good: has declared which acknowledgements prove its strict majority; the proof is checked over exactly those, so
 * later knowledge cannot undo it. Nor can a later record of its own, or of who invited it: of its declarations any valid one
 * counts, of an invitation the first record.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { Verify } from './batch.ts'
import { compareHlc } from './hlc.ts'
import { admissionProof, meshIdOf } from './identity.ts'
import type { AckLeaf, AdmissionLeaf, InvitationLeaf, KnownLeaf, MeshLeaf, PeerLeaf, SettledLeaf } from './leaves.ts'
import { type LeafRecord, type LiveSet, OwnRegisters } from './live-set.ts'
import { hasMajority, type Proof, provenMajority, stillMissing } from './majority.ts'
import type { Member } from './registry-view.ts'
import { compareDots, type Dot, dotText } from './vector.ts'

interface Admitted {
  record: LeafRecord<AdmissionLeaf>
  acks: LeafRecord<AckLeaf>[]
}

export class MembershipTable {
  readonly #meshId: string
  readonly #verify: Verify
  readonly #live: LiveSet
  readonly #peers: OwnRegisters<PeerLeaf>
  readonly #settled = new Map<PeerKey, Map<string, SettledLeaf>>()
  readonly #invitations = new Map<string, LeafRecord<InvitationLeaf>>()
  readonly #admissions = new Map<string, LeafRecord<AdmissionLeaf>>()
  readonly #acks = new Map<string, LeafRecord<AckLeaf>>()
  readonly #known = new Map<string, LeafRecord<KnownLeaf>>()
  readonly #proofs = new Map<string, boolean>()
  #founder: LeafRecord<MeshLeaf> | undefined
  #admitted: Map<string, Admitted> | undefined
  #members: Map<PeerKey, Member> | undefined

  constructor(meshId: string, verify: Verify, live: LiveSet) {
    this.#meshId = meshId
    this.#verify = verify
    this.#live = live
    this.#peers = new OwnRegisters(live)
  }

  putMesh(record: LeafRecord<MeshLeaf>): void {
    const { founder, nonce } = record.leaf
    if (record.dot.writer !== founder || meshIdOf(founder, nonce) !== this.#meshId) return
    if (this.#founder && this.#founder.dot.counter <= record.dot.counter) return
    this.#founder = record
    this.#live.set('mesh', record)
    this.#forget()
  }

  putPeer(record: LeafRecord<PeerLeaf>): void {
    this.#peers.put(`peer:${record.dot.writer}`, record)
    this.#members = undefined
  }

  putInvitation(record: LeafRecord<InvitationLeaf>): void {
    const slot = invitationSlot(record.dot.writer, record.leaf.invitation)
    const held = this.#invitations.get(slot)
    if (held && held.dot.counter <= record.dot.counter) return
    this.#invitations.set(slot, record)
    this.#live.set(slot, record)
    this.#forget()
  }

  putAdmission(record: LeafRecord<AdmissionLeaf>): void {
    this.#admissions.set(dotText(record.dot), record)
    this.#live.set(`admission:${dotText(record.dot)}`, record)
    this.#forget()
  }

  putAck(record: LeafRecord<AckLeaf>): void {
    this.#acks.set(dotText(record.dot), record)
    this.#live.set(`ack:${dotText(record.dot)}`, record)
    this.#forget()
  }

  putSettled(record: LeafRecord<SettledLeaf>): void {
    const declared = this.#settled.get(record.dot.writer) ?? new Map<string, SettledLeaf>()
    this.#settled.set(record.dot.writer, declared.set(dotText(record.dot), record.leaf))
    this.#live.set(`settled:${dotText(record.dot)}`, record)
    this.#members = undefined
  }

  /** `name` is the hash that acknowledgements name the list by. */
  putKnown(name: string, record: LeafRecord<KnownLeaf>): void {
    this.#known.set(name, record)
    this.#forget()
  }

  isMember(key: PeerKey): boolean {
    return this.members().has(key)
  }

  get founder(): PeerKey | undefined {
    return this.#founder?.leaf.founder
  }

  /** Valid admissions, ascending by dot. */
  admitted(): Map<string, Admitted> {
    if (this.#admitted) return this.#admitted
    const found = new Map<string, Admitted>()
    const keys = new Set<PeerKey>(this.#founder ? [this.#founder.leaf.founder] : [])
    const uses = new Map<string, Set<PeerKey>>()
    const waiting = [...this.#admissions.values()].sort(byDot)
    // an admitter may itself have been admitted by a record that sorts later: repeat until nothing is added
    for (let before = -1; before !== found.size; ) {
      before = found.size
      for (const record of waiting) {
        if (found.has(dotText(record.dot)) || !keys.has(record.dot.writer) || !this.#validUse(record, uses)) continue
        found.set(dotText(record.dot), { record, acks: [] })
        keys.add(record.leaf.key)
      }
    }
    for (const ack of [...this.#acks.values()].sort(byDot)) {
      const admitted = found.get(dotText(ack.leaf.admission))
      if (admitted && keys.has(ack.dot.writer) && !admitted.acks.some(a => a.dot.writer === ack.dot.writer)) {
        admitted.acks.push(ack)
      }
    }
    this.#admitted = new Map([...found].sort((a, b) => byDot(a[1].record, b[1].record)))
    return this.#admitted
  }

  members(): Map<PeerKey, Member> {
    if (this.#members) return this.#members
    const members = new Map<PeerKey, Member>()
    if (this.#founder)
      members.set(this.#founder.leaf.founder, this.#memberOf(this.#founder.leaf.founder, this.#founder.leaf))
    const admitted = [...this.admitted().values()]
    for (const { record } of admitted.sort(
      (a, b) => compareHlc(a.record.hlc, b.record.hlc) || byDot(a.record, b.record),
    )) {
      if (!members.has(record.leaf.key))
        members.set(record.leaf.key, this.#memberOf(record.leaf.key, record.leaf, record))
    }
    this.#members = members
    return members
  }

  invitationsOf(issuer: PeerKey) {
    const own = [...this.#invitations.values()].filter(record => record.dot.writer === issuer)
    return own.map(({ leaf }) => {
      const users = [...this.admitted().values()].filter(
        a => a.record.dot.writer === issuer && a.record.leaf.invitation === leaf.invitation,
      )
      const usedBy = [...new Set(users.map(a => a.record.leaf.key))]
      return { key: leaf.invitation, expiresMs: leaf.expiresMs, uses: leaf.uses, usedBy }
    })
  }

  majorityFor(admission: Dot): Dot[] | undefined {
    const admitted = this.admitted().get(dotText(admission))
    return admitted && provenMajority(this.#proof(admitted, admitted.acks))?.map(ack => ack.dot)
  }

  #memberOf(key: PeerKey, born: MeshLeaf | AdmissionLeaf, admission?: LeafRecord<AdmissionLeaf>): Member {
    const info = this.#peers.get(`peer:${key}`)?.leaf
    const settled = !admission || this.#isSettled(key)
    const admitted = admission && this.admitted().get(dotText(admission.dot))
    return {
      key,
      name: born.name,
      settled,
      ...(admission ? { admittedBy: admission.dot.writer } : {}),
      waitingFor: settled || !admitted ? [] : stillMissing(this.#proof(admitted, admitted.acks)),
      addresses: info?.addresses ?? born.addresses,
      vtepAddress: info?.vtepAddress ?? '',
      mtu: info?.mtu ?? 0,
    }
  }

  #isSettled(key: PeerKey): boolean {
    return [...(this.#settled.get(key)?.values() ?? [])].some(declared => this.#proves(declared, key))
  }

  #proves(declared: SettledLeaf, key: PeerKey): boolean {
    const admitted = this.admitted().get(dotText(declared.admission))
    if (admitted?.record.leaf.key !== key) return false
    const cited = new Set(declared.acks.map(dotText))
    const acks = admitted.acks.filter(ack => cited.has(dotText(ack.dot)))
    return acks.length === cited.size && hasMajority(this.#proof(admitted, acks))
  }

  #proof(admitted: Admitted, acks: readonly LeafRecord<AckLeaf>[]): Proof {
    const { record } = admitted
    const listOf = (hash: string) => this.#known.get(hash)?.leaf.admissions.map(item => item.key)
    return {
      founder: this.#founder?.leaf.founder ?? '',
      newcomer: record.leaf.key,
      admitter: { key: record.dot.writer, list: listOf(record.leaf.known) },
      acks: acks.map(ack => ({ dot: ack.dot, key: ack.dot.writer, list: listOf(ack.leaf.known) })),
    }
  }

  /** The invitation is the admitter's own, its key signed for this newcomer, and it is not used up by earlier ones. */
  #validUse(record: LeafRecord<AdmissionLeaf>, uses: Map<string, Set<PeerKey>>): boolean {
    const { leaf, dot } = record
    const slot = invitationSlot(dot.writer, leaf.invitation)
    const invitation = this.#invitations.get(slot)
    if (!invitation || invitation.dot.counter > dot.counter || !this.#proofHolds(record)) return false
    const used = uses.get(slot) ?? new Set()
    if (!used.has(leaf.key) && used.size >= invitation.leaf.uses) return false
    uses.set(slot, used.add(leaf.key))
    return true
  }

  #proofHolds({ leaf, hash }: LeafRecord<AdmissionLeaf>): boolean {
    let holds = this.#proofs.get(hash)
    if (holds === undefined) {
      holds = this.#verify(leaf.invitation, admissionProof(this.#meshId, leaf.key, leaf.name), leaf.proof)
      this.#proofs.set(hash, holds)
    }
    return holds
  }

  #forget(): void {
    this.#admitted = undefined
    this.#members = undefined
  }
}

function byDot(a: LeafRecord<unknown>, b: LeafRecord<unknown>): number {
  return compareDots(a.dot, b.dot)
}

function invitationSlot(issuer: PeerKey, invitation: PeerKey): string {
  return `invitation:${issuer}:${invitation}`
}
