/**
 * Who is a member, and who is settled (R4). Founder: named by the mesh id. Admitted: listed in a valid admission. Settled,
 * for good: has declared which acknowledgements prove its strict majority; the proof is checked over exactly those, so
 * later knowledge cannot undo it. Nor can a later record of its own, or of who invited it: of its declarations any valid one
 * counts, of an invitation the first record.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { Verify } from './batch.ts'
import type { Drops } from './droppable.ts'
import { acknowledged, ForgedClaims, type IsPlain } from './forged-claims.ts'
import { compareHlc } from './hlc.ts'
import { admissionProof, meshIdOf, successionProof } from './identity.ts'
import { Invitations, type Uses } from './invitations.ts'
import type { AckLeaf, AdmissionLeaf, InvitationLeaf, MeshLeaf, PeerLeaf, SettledLeaf } from './leaves.ts'
import { compareRecords, type LeafRecord, type LiveSet, OwnRegisters, recordName } from './live-set.ts'
import { hasMajority, type Listing, type Proof, provenMajority, stillMissing } from './majority.ts'
import { keep } from './order.ts'
import type { Member } from './registry-view.ts'
import type { Succession } from './successions.ts'
import { compareDots, type Dot, dotText } from './vector.ts'

type Proven = 'invitation' | 'former key' | 'nobody'

interface Admitted {
  record: LeafRecord<AdmissionLeaf>
  acks: LeafRecord<AckLeaf>[]
}

export class MembershipTable {
  readonly #meshId: string
  readonly #verify: Verify
  readonly #live: LiveSet
  readonly #peers: OwnRegisters<PeerLeaf>
  readonly #settled = new Map<PeerKey, Map<string, LeafRecord<SettledLeaf>>>()
  readonly #invitations: Invitations
  readonly #admissions = new Map<string, LeafRecord<AdmissionLeaf>>()
  readonly #acks = new Map<string, LeafRecord<AckLeaf>>()
  readonly #listing: (key: PeerKey, hash: string) => Listing
  readonly #proofs = new Map<string, Proven>()
  /** Of another founder, or another mesh. */
  readonly #pretended = new Map<string, LeafRecord<MeshLeaf>>()
  readonly #claims = new ForgedClaims()
  /** Some admission is signed by a former key. */
  #hasSuccessions = false
  #founder: LeafRecord<MeshLeaf> | undefined
  #admitted: readonly Admitted[] | undefined
  #members: Map<PeerKey, Member> | undefined
  #version = 0

  /** @param listing what a list says, by its hash */
  constructor(meshId: string, verify: Verify, live: LiveSet, listing: (key: PeerKey, hash: string) => Listing) {
    this.#meshId = meshId
    this.#verify = verify
    this.#live = live
    this.#listing = listing
    this.#peers = new OwnRegisters(live)
    this.#invitations = new Invitations(live)
  }

  putMesh(record: LeafRecord<MeshLeaf>): void {
    const { founder, nonce } = record.leaf
    if (record.dot.writer !== founder || meshIdOf(founder, nonce) !== this.#meshId) {
      keep(this.#pretended, record)
      return
    }
    if (this.#founder && compareRecords(this.#founder, record) <= 0) return
    this.#founder = record
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
    if (this.#invitations.put(record)) this.forget()
  }

  putAdmission(record: LeafRecord<AdmissionLeaf>): void {
    keep(this.#admissions, record)
    this.#claims.putAdmission(record)
    this.#hasSuccessions ||= this.#provenBy(record) === 'former key'
    this.#live.add(`admission:${dotText(record.dot)}`, record)
    this.forget()
  }

  putAck(record: LeafRecord<AckLeaf>): void {
    keep(this.#acks, record)
    this.#claims.putAck(record)
    this.#live.add(`ack:${dotText(record.dot)}`, record)
    this.forget()
  }

  putSettled(record: LeafRecord<SettledLeaf>): void {
    const declared = this.#settled.get(record.dot.writer) ?? new Map<string, LeafRecord<SettledLeaf>>()
    keep(declared, record)
    this.#settled.set(record.dot.writer, declared)
    this.#live.add(`settled:${dotText(record.dot)}`, record)
    this.#forgetMembers()
  }

  /** Lists, or the removals that they rest on, changed. */
  forget(): void {
    this.#admitted = undefined
    this.#forgetMembers()
  }

  /** Another number after each change. */
  get version(): number {
    return this.#version
  }

  get founder(): PeerKey | undefined {
    return this.#founder?.leaf.founder
  }

  /** Hashes of the lists in what settled this peer. */
  settledBy(key: PeerKey): string[] {
    return [...(this.#settled.get(key)?.values() ?? [])]
      .filter(declared => this.#proves(declared))
      .flatMap(declared => {
        const { admitted, acks } = this.#cited(declared)
        return [...(admitted ? [admitted.record.leaf.known] : []), ...acks.map(ack => ack.leaf.known)]
      })
  }

  /** Valid admissions, ascending by dot; of a forked writer there may be two at one. */
  admitted(): readonly Admitted[] {
    if (this.#admitted) return this.#admitted
    const found = new Map<string, Admitted>()
    const keys = new Set<PeerKey>(this.#founder ? [this.#founder.leaf.founder] : [])
    const uses: Uses = new Map()
    const waiting = [...this.#admissions.values()].sort(compareRecords)
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
    this.#admitted = [...found.values()].sort((a, b) => compareRecords(a.record, b.record))
    this.#acknowledge(this.#admitted, keys)
    return this.#admitted
  }

  /**
   * Records that forge a right to let somebody in: nobody invited them, or not their writer. Those of a founding that is none; and
   * who says of either that it acknowledges it, or is settled by it.
   */
  forged(isPlain: IsPlain): LeafRecord<AdmissionLeaf | MeshLeaf | AckLeaf | SettledLeaf>[] {
    const isUninvited = (record: LeafRecord<AdmissionLeaf>) => {
      const proof = this.#provenBy(record)
      return proof === 'nobody' || (proof === 'invitation' && !this.#invitations.covers(record))
    }
    const uninvited = [...this.#admissions.values()].filter(isUninvited)
    const dots = new Set(uninvited.filter(({ dot }) => isPlain(dot)).map(({ dot }) => dotText(dot)))
    const acks = dots.size > 0 ? [...this.#acks.values()].filter(({ leaf }) => dots.has(dotText(leaf.admission))) : []
    return [
      ...uninvited,
      ...this.#pretended.values(),
      ...acks,
      ...this.#claims.acks(isPlain),
      ...this.#unsettled(isPlain),
    ]
  }

  /** Those in effect; of several of one key see successions.ts. */
  successions(): Succession[] {
    if (!this.#hasSuccessions) return []
    return this.admitted().flatMap(({ record }) =>
      this.#provenBy(record) === 'former key' ? [{ record, isSettled: this.#isSettled(record.leaf.key) }] : [],
    )
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
    return this.#invitations.of(issuer).map(({ leaf }) => {
      const users = admissions.filter(
        record => record.dot.writer === issuer && record.leaf.invitation === leaf.invitation,
      )
      const usedBy = [...new Set(users.map(record => record.leaf.key))]
      return { key: leaf.invitation, expiresMs: leaf.expiresMs, uses: leaf.uses, usedBy }
    })
  }

  majorityFor(admission: Dot, newcomer?: PeerKey): Dot[] | undefined {
    const admitted = this.#admissionOf(newcomer, admission)
    return admitted && provenMajority(this.#proof(admitted, admitted.acks))?.map(ack => ack.dot)
  }

  #memberOf(key: PeerKey, born: MeshLeaf | AdmissionLeaf, admission?: LeafRecord<AdmissionLeaf>): Member {
    const info = this.#peers.get(`peer:${key}`)?.leaf
    const settled = !admission || this.#isSettled(key)
    const admitted = admission && this.#admissionOf(key, admission.dot)
    return {
      key,
      name: born.name,
      settled,
      ...(admission ? { admittedBy: admission.dot.writer } : {}),
      ...(admission && this.#provenBy(admission) === 'former key' ? { succeeds: admission.leaf.invitation } : {}),
      waitingFor: settled || !admitted ? [] : stillMissing(this.#proof(admitted, admitted.acks)),
      addresses: info?.addresses ?? born.addresses,
      vtepAddress: info?.vtepAddress ?? '',
      mtu: info?.mtu ?? 0,
      machine: info?.machine ?? '',
    }
  }

  #isSettled(key: PeerKey): boolean {
    return [...(this.#settled.get(key)?.values() ?? [])].some(declared => this.#proves(declared))
  }

  /** Declarations that what they name speaks against. */
  #unsettled(isPlain: IsPlain): LeafRecord<SettledLeaf>[] {
    // of almost all there is one, and it holds
    const isSound = (key: PeerKey, all: ReadonlyMap<string, unknown>) =>
      all.size === 1 && key !== this.#founder?.leaf.founder && this.members().get(key)?.settled
    const doubtful = [...this.#settled].flatMap(([key, all]) => (isSound(key, all) ? [] : [...all.values()]))
    const failing = doubtful.filter(declared => !this.#proves(declared))
    if (failing.length === 0) return []
    const acks = acknowledged(this.#acks.values())
    return failing.filter(
      declared => this.#claims.speaksAgainst(declared, acks, isPlain) || this.#isMinority(declared, isPlain),
    )
  }

  /** All that it names is held, and is less than a majority, whatever removals do. */
  #isMinority(declared: LeafRecord<SettledLeaf>, isPlain: IsPlain): boolean {
    const { admitted, acks, isWhole } = this.#cited(declared)
    if (!admitted || !isWhole || ![admitted.record, ...acks].every(({ dot }) => isPlain(dot))) return false
    const proof = this.#proof(admitted, acks)
    const isFinal = [proof.admitter, ...proof.acks].every(({ list, gone }) => list && !gone?.length)
    return isFinal && !hasMajority(proof)
  }

  #proves(declared: LeafRecord<SettledLeaf>): boolean {
    const { admitted, acks, isWhole } = this.#cited(declared)
    return admitted !== undefined && isWhole && hasMajority(this.#proof(admitted, acks))
  }

  /** What a declaration names, as far as it counts here. */
  #cited({ dot, leaf }: LeafRecord<SettledLeaf>) {
    const admitted = this.#admissionOf(dot.writer, leaf.admission)
    const cited = new Set(leaf.acks.map(dotText))
    const acks = admitted?.acks.filter(ack => cited.has(dotText(ack.dot))) ?? []
    return { admitted, acks, isWhole: new Set(acks.map(ack => dotText(ack.dot))).size === cited.size }
  }

  #admissionOf(newcomer: PeerKey | undefined, dot: Dot): Admitted | undefined {
    const found = admittedAt(this.admitted(), dot)
    return found.find(({ record }) => newcomer === undefined || record.leaf.key === newcomer)
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

  #proof(admitted: Admitted, acks: readonly LeafRecord<AckLeaf>[]): Proof {
    const { record } = admitted
    return {
      founder: this.#founder?.leaf.founder ?? '',
      newcomer: record.leaf.key,
      admitter: this.#listing(record.dot.writer, record.leaf.known),
      acks: acks.map(ack => ({ dot: ack.dot, ...this.#listing(ack.dot.writer, ack.leaf.known) })),
    }
  }

  #mayEnter(record: LeafRecord<AdmissionLeaf>, keys: ReadonlySet<PeerKey>, uses: Uses): boolean {
    const { invitation, key } = record.leaf
    const proof = this.#provenBy(record)
    if (proof === 'former key') return invitation !== key && keys.has(invitation)
    return proof === 'invitation' && this.#invitations.use(record, uses)
  }

  /** Whose signature the proof is. */
  #provenBy({ leaf, hash }: LeafRecord<AdmissionLeaf>): Proven {
    const known = this.#proofs.get(hash)
    if (known !== undefined) return known
    const { invitation, key, name, proof } = leaf
    const signs = (bytes: Uint8Array) => this.#verify(invitation, bytes, proof)
    const isInvited = signs(admissionProof(this.#meshId, key, name))
    const isFormer = !isInvited && signs(successionProof(this.#meshId, invitation, key, name))
    const proven = isInvited ? 'invitation' : isFormer ? 'former key' : 'nobody'
    this.#proofs.set(hash, proven)
    return proven
  }

  #forgetMembers(): void {
    this.#members = undefined
    this.#version++
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
