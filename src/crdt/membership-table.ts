/**
 * Who is a member (R4): the founder, named by the mesh id, and who was let in (admissions.ts), with what each says of itself, and
 * whether it is settled (settlements.ts). A later record of whoever invited a member cannot undo that: of an invitation the
 * first record counts.
 */
import type { PeerKey } from '../lib/keys.ts'
import { Admissions, type Admitted } from './admissions.ts'
import type { Verify } from './batch.ts'
import type { Drops } from './droppable.ts'
import { ForgedClaims, type IsPlain } from './forged-claims.ts'
import { compareHlc } from './hlc.ts'
import { meshIdOf } from './identity.ts'
import type { AckLeaf, AdmissionLeaf, InvitationLeaf, MeshLeaf, PeerLeaf, SettledLeaf } from './leaves.ts'
import { compareRecords, type LeafRecord, type LiveSet, OwnRegisters } from './live-set.ts'
import { type Listing, type Proof, provenMajority, stillMissing } from './majority.ts'
import { keep } from './order.ts'
import type { Member } from './registry-view.ts'
import { Settlements } from './settlements.ts'
import type { Succession } from './successions.ts'
import { type Departures, Sure } from './sure.ts'
import { type Dot, dotText } from './vector.ts'

/** What lists say, by their hashes. */
export interface Lists {
  /** As an acknowledgement of this key. */
  listing(key: PeerKey, hash: string): Listing
  /** Who wrote what it names and is not in effect here. */
  untold(hash: string): PeerKey[]
  /** Ends of removals that it rests on. */
  ends(hash: string): readonly Dot[]
  /** Who is gone, or may be. */
  departures(): Departures
}

export class MembershipTable {
  readonly #meshId: string
  readonly #lists: Lists
  readonly #live: LiveSet
  readonly #peers: OwnRegisters<PeerLeaf>
  readonly #admissions: Admissions
  readonly #settlements: Settlements
  /** Of another founder, or another mesh. */
  readonly #pretended = new Map<string, LeafRecord<MeshLeaf>>()
  readonly #claims = new ForgedClaims()
  #founder: LeafRecord<MeshLeaf> | undefined
  /** By list, until members or removals change: who wrote what it names and is not in effect, or may not be. */
  readonly #untoldBy = new Map<string, PeerKey[]>()
  #sureOf: Sure | undefined
  #members: Map<PeerKey, Member> | undefined
  #version = 0

  constructor(meshId: string, verify: Verify, live: LiveSet, lists: Lists) {
    this.#meshId = meshId
    this.#lists = lists
    this.#live = live
    this.#peers = new OwnRegisters(live)
    this.#admissions = new Admissions(meshId, verify, live, (key, hash) => lists.listing(key, hash))
    this.#settlements = new Settlements(live, this.#admissions)
  }

  putMesh(record: LeafRecord<MeshLeaf>): void {
    const { founder, nonce } = record.leaf
    if (record.dot.writer !== founder || meshIdOf(founder, nonce) !== this.#meshId) {
      keep(this.#pretended, record)
      return
    }
    if (this.#founder && compareRecords(this.#founder, record) <= 0) return
    this.#founder = record
    this.#admissions.founder = founder
    this.#live.set('mesh', record)
    this.forget()
  }

  putPeer(record: LeafRecord<PeerLeaf>): void {
    this.#peers.put(`peer:${record.dot.writer}`, record)
    this.#forgetMembers()
  }

  mayDropPeer(record: LeafRecord<PeerLeaf>, drops: Drops): boolean {
    return this.#peers.isSuperseded(`peer:${record.dot.writer}`, record, drops)
  }

  dropPeer(record: LeafRecord<PeerLeaf>): void {
    this.#peers.drop(`peer:${record.dot.writer}`, record)
    this.#members = undefined
  }

  putInvitation(record: LeafRecord<InvitationLeaf>): void {
    if (this.#admissions.invitations.put(record)) this.forget()
  }

  putAdmission(record: LeafRecord<AdmissionLeaf>): void {
    this.#admissions.put(record)
    this.#claims.putAdmission(record)
    this.forget()
  }

  putAck(record: LeafRecord<AckLeaf>): void {
    this.#admissions.putAck(record)
    this.#claims.putAck(record)
    this.forget()
  }

  putSettled(record: LeafRecord<SettledLeaf>): void {
    this.#settlements.put(record)
    this.#forgetMembers()
  }

  /** Lists, or the removals that they rest on, changed. */
  forget(): void {
    this.#admissions.forget()
    this.#forgetMembers()
  }

  /** Another number after each change. */
  get version(): number {
    return this.#version
  }

  get founder(): PeerKey | undefined {
    return this.#admissions.founder
  }

  /** Hashes of the lists in what settled this peer. */
  settledBy(key: PeerKey): string[] {
    return this.#settlements.lists(key)
  }

  isAdmitted(key: PeerKey, dot?: Dot): boolean {
    return dot ? this.#admissions.at(key, dot) !== undefined : this.#admissions.isIn(key)
  }

  /** Valid admissions, ascending by dot; of a forked writer there may be two at one. */
  admitted(): readonly Admitted[] {
    return this.#admissions.admitted()
  }

  /**
   * Records that forge a right to let somebody in: nobody invited them, or not their writer. Those of a founding that is none; and
   * who says of either that it acknowledges it, or is settled by it.
   */
  forged(isPlain: IsPlain): LeafRecord<AdmissionLeaf | MeshLeaf | AckLeaf | SettledLeaf>[] {
    const uninvited = this.#admissions.uninvited()
    const dots = new Set(uninvited.filter(({ dot }) => isPlain(dot)).map(({ dot }) => dotText(dot)))
    const isOfThose = ({ leaf }: LeafRecord<AckLeaf>) => dots.has(dotText(leaf.admission))
    return [
      ...uninvited,
      ...this.#pretended.values(),
      ...(dots.size > 0 ? [...this.#admissions.acks()].filter(isOfThose) : []),
      ...this.#claims.acks(isPlain),
      ...this.#settlements.forged(this.#claims, isPlain, key => this.members().get(key)?.settled === true),
    ]
  }

  /** Those in effect; of several of one key see successions.ts. */
  successions(): Succession[] {
    return this.#admissions
      .successions()
      .map(record => ({ record, isSettled: this.#settlements.isSettled(record.leaf.key) }))
  }

  members(): Map<PeerKey, Member> {
    if (this.#members) return this.#members
    const members = new Map<PeerKey, Member>()
    if (this.#founder)
      members.set(this.#founder.leaf.founder, this.#memberOf(this.#founder.leaf.founder, this.#founder.leaf))
    const admitted = [...this.admitted()]
    for (const { record } of admitted.sort(
      (a, b) => compareHlc(a.record.hlc, b.record.hlc) || compareRecords(a.record, b.record),
    )) {
      if (!members.has(record.leaf.key))
        members.set(record.leaf.key, this.#memberOf(record.leaf.key, record.leaf, record))
    }
    this.#members = members
    return members
  }

  invitationsOf(issuer: PeerKey) {
    const admissions = this.admitted().map(({ record }) => record)
    return this.#admissions.invitations.of(issuer).map(({ leaf }) => {
      const users = admissions.filter(
        record => record.dot.writer === issuer && record.leaf.invitation === leaf.invitation,
      )
      const usedBy = [...new Set(users.map(record => record.leaf.key))]
      return { key: leaf.invitation, expiresMs: leaf.expiresMs, uses: leaf.uses, usedBy }
    })
  }

  majorityFor(admission: Dot, newcomer?: PeerKey): Dot[] | undefined {
    const admitted = this.#admissions.at(newcomer, admission)
    if (!admitted || !this.#sure().isSure(admitted.record.dot)) return undefined
    const acks = provenMajority(this.#proof(admitted), key => this.#sure().mayVote(key))
    return acks && [...new Map(acks.map(({ dot }) => [dotText(dot), dot])).values()]
  }

  /** What this peer's list says in each record that it wrote of the admission. */
  saidBy(writer: PeerKey, newcomer: PeerKey, admission: Dot): Listing[] {
    const admitted = this.#admissions.at(newcomer, admission)
    if (!admitted) return []
    const { admitter, acks } = this.#admissions.proof(admitted, admitted.acks)
    return [admitter, ...acks].filter(({ key }) => key === writer)
  }

  #memberOf(key: PeerKey, born: MeshLeaf | AdmissionLeaf, admission?: LeafRecord<AdmissionLeaf>): Member {
    const info = this.#peers.get(`peer:${key}`)?.leaf
    const settled = !admission || this.#settlements.isSettled(key)
    const admitted = admission && this.#admissions.at(key, admission.dot)
    return {
      key,
      name: born.name,
      settled,
      ...(admission ? { admittedBy: admission.dot.writer } : {}),
      ...(admission && this.#admissions.isSuccession(admission) ? { succeeds: admission.leaf.invitation } : {}),
      waitingFor: settled || !admitted ? [] : this.#waitingFor(admitted),
      addresses: info?.addresses ?? born.addresses,
      vtepAddress: info?.vtepAddress ?? '',
      mtu: info?.mtu ?? 0,
      machine: info?.machine ?? '',
    }
  }

  /** All that is held of an admission, with who wrote what is named in it and is not in effect here. */
  #proof(admitted: Admitted): Proof {
    const { record, acks } = admitted
    const proof = this.#admissions.proof(admitted, acks)
    const told = acks.map(({ leaf }) => this.#untoldOf(leaf.known))
    return {
      ...proof,
      admitter: { ...proof.admitter, untold: this.#untoldOf(record.leaf.known) },
      acks: proof.acks.map((ack, i) => ({ ...ack, untold: told[i] ?? [] })),
    }
  }

  #waitingFor(admitted: Admitted): PeerKey[] {
    const { dot } = admitted.record
    const missing = stillMissing(this.#proof(admitted), key => this.#sure().mayVote(key))
    return this.#sure().isSure(dot) || missing.includes(dot.writer) ? missing : [...missing, dot.writer].sort()
  }

  #sure(): Sure {
    this.#sureOf ??= new Sure(this.founder, this.admitted(), this.#lists.departures())
    return this.#sureOf
  }

  #untoldOf(hash: string): PeerKey[] {
    const held = this.#untoldBy.get(hash)
    if (held) return held
    // whom an end that may be cut off took out is a member again then
    const unsure = this.#lists.ends(hash).filter(end => !this.#sure().isSure(end))
    const untold = [...new Set([...this.#lists.untold(hash), ...unsure.map(({ writer }) => writer)])]
    this.#untoldBy.set(hash, untold)
    return untold
  }

  #forgetMembers(): void {
    this.#untoldBy.clear()
    this.#sureOf = undefined
    this.#members = undefined
    this.#version++
  }
}
