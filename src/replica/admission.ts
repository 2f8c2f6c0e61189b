/**
 * Membership at work (R4): invites, admits holders of an invitation, acknowledges admissions, declares itself settled, and
 * tells the mesh whom to let in. What it writes is decided in src/crdt/admission-duty.ts.
 */
import { owedToAdmissions } from '../crdt/admission-duty.ts'
import type { Verify } from '../crdt/batch.ts'
import { admissionProof, joinProof, meshIdOf } from '../crdt/identity.ts'
import { knownLeaf } from '../crdt/known.ts'
import type { AdmissionLeaf, Leaf } from '../crdt/leaves.ts'
import { contentName } from '../crdt/registry.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import type { Clock } from '../lib/clock.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import { type PeerKey, type Signer, signerOf } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { Invitation, Mesh } from '../mesh/transport.ts'
import { decodeJoinRequest, encodeJoinReply, type JoinRequest } from './join.ts'
import type { Replica } from './replica.ts'

export interface AdmissionDeps {
  replica: Replica
  mesh: Pick<Mesh, 'setMembers' | 'setInvitations' | 'onJoin' | 'connected'>
  signer: Signer
  verify: Verify
  clock: Clock
  /** 32 random bytes for a new invitation. */
  newSeed(): Uint8Array
  log: Logger
}

export interface Admission {
  /** An invitation for `uses` hosts, valid for `ttlMs`; durable when it resolves. */
  invite(ttlMs: number, addresses: readonly string[], uses?: number): Promise<Invitation>
  start(): void
  stop(): void
}

/** The first record of a mesh, written by its founder. */
export async function found(replica: Replica, nonce: Uint8Array, name: string, addresses: readonly string[]) {
  if (meshIdOf(replica.self, nonce) !== replica.view.meshId) throw new Error('nonce does not belong to this mesh')
  // on every later start, also of a founder that was removed since and may write no more: its containers keep their traffic
  if (replica.view.everMember(replica.self)) return
  await replica.write(
    view => (view.members().length > 0 ? [] : [{ kind: 'mesh', founder: replica.self, nonce, name, addresses }]),
    true,
  )
}

/** So long an invitation waits for its issuer to hear from the mesh, ms: as long as the CLI is answered in. */
const membershipLimitMs = 5000

export function createAdmission(deps: AdmissionDeps): Admission {
  return new Admissions(deps)
}

class Admissions implements Admission {
  readonly #deps: AdmissionDeps
  #unsubscribe: (() => void) | undefined
  #running = false
  #shown = ''
  /** Of the members when nothing was owed. */
  #settledVersion = -1

  constructor(deps: AdmissionDeps) {
    this.#deps = deps
    deps.mesh.onJoin((invitation, request) => this.#join(invitation, request))
  }

  start(): void {
    this.#unsubscribe = this.#deps.replica.onChange(() => this.#look())
    this.#look()
  }

  stop(): void {
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
  }

  async invite(ttlMs: number, addresses: readonly string[], uses = 1): Promise<Invitation> {
    const { replica, clock } = this.#deps
    const seed = this.#deps.newSeed()
    const invitation = signerOf(seed).key
    // a peer that has just joined learns within moments that it was admitted
    const isMember = (view: RegistryView) => view.member(replica.self) !== undefined
    await replica.waitFor(isMember, membershipLimitMs).catch(() => requireMembership(replica.view, replica.self))
    const expiresMs = Math.round(clock.now() + ttlMs)
    await replica.write(() => [{ kind: 'invitation', invitation, expiresMs, uses }])
    return { meshId: replica.view.meshId, issuer: replica.self, seed, addresses, expiresMs }
  }

  /** Tells the mesh who may connect, and writes what this peer owes: acknowledgements, and that it is settled. */
  #look(): void {
    const { replica, mesh, log } = this.#deps
    const version = replica.view.membersVersion()
    if (version === this.#settledVersion) return
    const members = replica.view.members().filter(member => member.key !== replica.self)
    const invitations = replica.view.invitations(replica.self).map(item => item.key)
    const shown = JSON.stringify([members.map(member => [member.key, member.addresses]), invitations])
    // until a newcomer finds itself among the members it may not yet see the ones that it was introduced to
    if (replica.view.member(replica.self) && shown !== this.#shown) {
      this.#shown = shown
      mesh.setMembers(members)
    }
    mesh.setInvitations(invitations)
    if (this.#running || !replica.isComplete) return
    if (owedToAdmissions(replica.view, replica.self).length === 0) {
      this.#settledVersion = version
      return
    }
    this.#running = true
    replica
      .write(view => owedToAdmissions(view, replica.self))
      .then(
        () => true,
        error => {
          // a fenced peer owes nothing any more
          if (!replica.fenced) log.error({ err: errorText(error) }, 'acknowledgement not written')
          return false // tried again at the next change, not at once: the journal may refuse for good
        },
      )
      .then(written => {
        this.#running = false
        if (written && this.#unsubscribe) this.#look()
      })
  }

  async #join(invitation: PeerKey, bytes: Uint8Array): Promise<Uint8Array> {
    const { replica, log, verify } = this.#deps
    const request = decodeJoinRequest(bytes)
    const { meshId } = replica.view
    try {
      if (
        !verify(request.key, joinProof(meshId, invitation, request.name), request.proof) ||
        !verify(invitation, admissionProof(meshId, request.key, request.name), request.admission)
      ) {
        throw new SkeinError('forbidden', 'the request to join is not signed by the invitation and the new peer')
      }
      if (replica.fenced) requireAdmitted(this.#deps, invitation, request.key)
      else await replica.write(view => this.#admit(view, invitation, request))
    } catch (error) {
      log.warn({ name: request.name, key: request.key, err: errorText(error) }, 'join refused')
      throw error
    }
    log.info({ name: request.name, key: request.key }, 'admitted')
    return encodeJoinReply(replica.view.members())
  }

  /** The leaves that admit; none if it is admitted already (the reply got lost). Throws the reason for refusing. */
  #admit(view: RegistryView, key: PeerKey, request: JoinRequest): readonly Leaf[] {
    requireMembership(view, this.#deps.replica.self)
    const invitation = view.invitations(this.#deps.replica.self).find(item => item.key === key)
    if (!invitation)
      throw new SkeinError('forbidden', 'this token is unknown here; ask for a new one: skein peer invite')
    if (invitation.usedBy.includes(request.key)) return []
    if (invitation.usedBy.length >= invitation.uses) {
      throw new SkeinError('forbidden', 'this token has been used; ask for a new one: skein peer invite')
    }
    if (this.#deps.clock.now() > invitation.expiresMs) {
      throw new SkeinError('forbidden', 'this token has expired; ask for a new one: skein peer invite')
    }
    const known = knownLeaf(view)
    const { name, addresses, admission: proof } = request
    const hash = contentName(known)
    const admission: AdmissionLeaf = {
      kind: 'admission',
      key: request.key,
      name,
      addresses,
      invitation: key,
      proof,
      known: hash,
    }
    return view.hasContent(hash) ? [admission] : [known, admission]
  }
}

/** Whoever does not yet know that it was itself admitted could introduce a newcomer to nobody, and would list nobody (R4). */
export function requireMembership(view: RegistryView, self: PeerKey): void {
  if (view.member(self)) return
  const text = 'this host has joined and not yet heard from the other members: try again when skein peer ls shows it'
  throw new SkeinError('unavailable', text)
}

/**
 * A fenced issuer admits nobody, but tells a newcomer again that it was admitted: that takes no write. Only where others can know it too: not once the
 * issuer was removed, nor cut off. Its own refusals are for its operator; the newcomer's is told what to do there.
 */
function requireAdmitted({ replica, mesh }: AdmissionDeps, invitation: PeerKey, newcomer: PeerKey): void {
  const { view, self, removedBy, unwritten } = replica
  const other = 'run skein peer invite on another host, and join with that token'
  const isUsed = view.invitations(self).some(item => item.key === invitation && item.usedBy.includes(newcomer))
  if (removedBy || !isUsed || !view.member(self) || !view.member(newcomer)) {
    const text = 'the host that issued this token may let nobody in any more (skein status there says why)'
    throw new SkeinError('forbidden', `${text}: ${other}`)
  }
  if (unwritten === 0 && mesh.connected().length > 0) return
  const text = 'the host that issued this token let this one in, and is connected with no member now'
  throw new SkeinError('unavailable', `${text}: try again; if that lasts, ${other}`)
}
