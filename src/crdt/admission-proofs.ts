/** Whose signature lets a newcomer in (R4, R8): checked once, since admissions are read again at every change of the members. */
import type { Verify } from './batch.ts'
import { admissionProof, successionProof } from './identity.ts'
import type { AdmissionLeaf } from './leaves.ts'
import type { LeafRecord } from './live-set.ts'

/** The invitation's, the newcomer's former key's, or neither's. */
type Proven = 'invitation' | 'former key' | 'nobody'

export class AdmissionProofs {
  readonly #meshId: string
  readonly #verify: Verify
  readonly #known = new Map<string, Proven>()

  constructor(meshId: string, verify: Verify) {
    this.#meshId = meshId
    this.#verify = verify
  }

  /** Whose signature the proof is. */
  signerOf({ leaf, hash }: LeafRecord<AdmissionLeaf>): Proven {
    const known = this.#known.get(hash)
    if (known !== undefined) return known
    const { invitation, key, name, proof } = leaf
    const signs = (bytes: Uint8Array) => this.#verify(invitation, bytes, proof)
    const isInvited = signs(admissionProof(this.#meshId, key, name))
    const isFormer = !isInvited && signs(successionProof(this.#meshId, invitation, key, name))
    const proven = isInvited ? 'invitation' : isFormer ? 'former key' : 'nobody'
    this.#known.set(hash, proven)
    return proven
  }
}
