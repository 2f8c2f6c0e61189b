/** Signers, and the memory of what was signed: a signature is computed once, though many peers check it. */
import type { Verify } from '../../src/crdt/batch.ts'
import { type Signer, signerOf } from '../../src/lib/keys.ts'

export class Signatures {
  readonly #known = new Map<string, { bytes: Uint8Array; holds: boolean }>()
  readonly #verify: Verify

  constructor(verify: Verify) {
    this.#verify = verify
  }

  /** The signer of a private seed; what it signs need not be checked. */
  signerOf(seed: Uint8Array): Signer {
    const { key, sign } = signerOf(seed)
    return {
      key,
      sign: bytes => {
        const signature = sign(bytes)
        this.#known.set(nameOf(key, signature), { bytes: bytes.slice(), holds: true })
        return signature
      },
    }
  }

  readonly verify: Verify = (key, bytes, signature) => {
    const name = nameOf(key, signature)
    const found = this.#known.get(name)
    if (found && Buffer.compare(found.bytes, bytes) === 0) return found.holds
    const holds = this.#verify(key, bytes, signature)
    this.#known.set(name, { bytes: bytes.slice(), holds })
    return holds
  }
}

function nameOf(key: string, signature: Uint8Array): string {
  return key + Buffer.from(signature.buffer, signature.byteOffset, signature.byteLength).toString('latin1')
}
