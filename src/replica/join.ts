/** The two messages of the join protocol, `/skein/join/1`, and the newcomer's side of it. */
import { admissionProof, joinProof } from '../crdt/identity.ts'
import { bytesOf, key, list, text } from '../crdt/plain.ts'
import type { Member } from '../crdt/registry-view.ts'
import { decode, encode, type Plain } from '../lib/cbor.ts'
import { SkeinError } from '../lib/errors.ts'
import { type PeerKey, type Signer, signerOf } from '../lib/keys.ts'
import type { Invitation, RequestJoin } from '../mesh/transport.ts'

const version = 1
/** A request is a name, a few addresses and two signatures. */
const maxRequestBytes = 8 * 1024
/** A reply lists every member. */
const maxReplyBytes = 512 * 1024

export interface JoinRequest {
  /** The newcomer's key. */
  key: PeerKey
  name: string
  addresses: readonly string[]
  /** By the newcomer's key: it has that key and means this mesh and invitation. */
  proof: Uint8Array
  /** By the invitation's key; goes into the admission record. */
  admission: Uint8Array
}

export function encodeJoinRequest({ key, name, addresses, proof, admission }: JoinRequest): Uint8Array {
  return encode([version, bytesOf(key), name, addresses, proof, admission])
}

/** Throws SkeinError('invalid') when malformed. */
export function decodeJoinRequest(bytes: Uint8Array): JoinRequest {
  const message = decode(bytes, maxRequestBytes)
  const fields = Array.isArray(message) && message[0] === version ? message : []
  const newcomer = key(fields[1])
  const name = text(fields[2], 253)
  const addresses = addressList(fields[3])
  const [proof, admission] = [fields[4], fields[5]]
  if (!newcomer || !name || !addresses || !(proof instanceof Uint8Array) || !(admission instanceof Uint8Array)) {
    throw new SkeinError('invalid', 'malformed request to join; both sides need the same version of skeind')
  }
  return { key: newcomer, name, addresses, proof, admission }
}

export function encodeJoinReply(members: readonly Pick<Member, 'key' | 'addresses'>[]): Uint8Array {
  return encode([version, members.map((member): Plain => [bytesOf(member.key), member.addresses])])
}

/** Members to connect to first, as the issuer of the invitation knows them. */
export type Introductions = { key: PeerKey; addresses: readonly string[] }[]

/**
 * Asks the issuer of an invitation to admit `signer`'s key. Resolves with the members to connect to; rejects with the
 * issuer's reason.
 */
export async function joinMesh(
  requestJoin: RequestJoin,
  invitation: Invitation,
  signer: Signer,
  self: { name: string; addresses: readonly string[] },
  timeoutMs: number,
): Promise<Introductions> {
  const { meshId, seed } = invitation
  const holder = signerOf(seed)
  const proof = signer.sign(joinProof(meshId, holder.key, self.name))
  const admission = holder.sign(admissionProof(meshId, signer.key, self.name))
  const request = encodeJoinRequest({ key: signer.key, ...self, proof, admission })
  return introductionsIn(await requestJoin(invitation, request, timeoutMs))
}

/** What `encodeJoinReply` wrote. Throws `unavailable` for anything else. */
export function introductionsIn(bytes: Uint8Array): Introductions {
  const reply = decode(bytes, maxReplyBytes)
  const members = Array.isArray(reply) && reply[0] === version ? list(reply[1], 4096, introduction) : undefined
  if (!members)
    throw new SkeinError('unavailable', 'malformed answer to the request to join; both sides need the same version')
  return members
}

function introduction(value: Plain): Introductions[number] | undefined {
  const [member, addresses] = Array.isArray(value) ? [key(value[0]), addressList(value[1])] : []
  return member && addresses ? { key: member, addresses } : undefined
}

function addressList(value: Plain | undefined): string[] | undefined {
  return list(value, 16, item => text(item, 64))
}
